/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl lookup: which path does a flow take through a running director? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "columns.h"
#include "conf/addr.h"
#include "flow.h"
#include "question.h"

static void write_flow(struct writer *w, const struct path_question *flow)
{
	char addr[ADDR_TEXT_LEN];

	write_string(w, "src", addr_text(addr, &flow->src));
	if (flow->has_src_port)
		write_uint(w, "src_port", flow->src_port);
	write_string(w, "dst", addr_text(addr, &flow->dst));
	write_uint(w, "dst_port", flow->dst_port);
	write_string(w, "proto", flow->proto == GLB_PROTO_TCP ? "tcp" : "udp");
}

/* What denies the source, if anything does. */
static void print_denied(const struct conf_value *root)
{
	char prefix[CONF_TEXT_LEN];
	char file[CONF_TEXT_LEN];
	char number[CONF_TEXT_LEN];
	struct conf_value denied;

	if (!conf_find(&denied, root, "denied_by") || !conf_is_object(&denied))
		return;
	printf("DENIED by %s (%s:%s): its packets are dropped\n",
	       member_text(prefix, &denied, "prefix"), member_text(file, &denied, "file"),
	       member_text(number, &denied, "line"));
}

/* What limits the packets of the VIP, if anything does. */
static void print_metered(const struct conf_value *root)
{
	char vip[CONF_TEXT_LEN];
	struct conf_value meter;
	struct conf_value exhausted;

	if (!conf_find(&meter, root, "metered_by") || !conf_is_object(&meter))
		return;
	printf("metered: %s may have %" PRIu64 " packets a second; %" PRIu64 " were dropped%s\n",
	       member_text(vip, &meter, "vip"), member_count(&meter, "packets_per_second"),
	       member_count(&meter, "dropped"),
	       conf_find(&exhausted, &meter, "exhausted") && conf_is_true(&exhausted)
		       ? ", and it is EXHAUSTED NOW"
		       : "");
}

static void online_lookup_print_path(const struct conf_value *root)
{
	static const char *const lines[][2] = {
		{"generation", "generation"},
		{"table", "table"},
		{"name", "name"},
		{"bind", "bind"},
		{"hash_fields", "hash_fields"},
		{"alt_hash_fields", "alt_hash_fields"},
		{"hash", "hash"},
		{"row", "row"},
		{"hops", "hops"},
		{"outer source port", "outer_source_port"},
	};

	for (unsigned int i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char text[CONF_TEXT_LEN];

		if (*member_text(text, root, lines[i][1]))
			printf("%s %s\n", lines[i][0], text);
	}
	print_denied(root);
	print_metered(root);
}

int online_lookup(const struct command_line *line)
{
	struct question question = {.patience_ms = CLIENT_PATIENCE_MS};
	struct path_question flow;
	struct client_answer answer;
	struct draft draft;
	int status = flow_read(&flow, line->arg_count, line->args);

	if (status != EXIT_OK)
		return status;
	if (!draft_begin(&draft, "lookup"))
		return EXIT_FAILED;
	write_flow(&draft.w, &flow);
	question.request = draft_end(&draft);
	if (!question.request)
		return EXIT_FAILED;
	status = client_ask(&answer, line, &question);
	if (status == EXIT_OK && !command_has(line, OPTION_JSON))
		online_lookup_print_path(&answer.root);
	client_free(&answer);
	free((char *)question.request);
	return status;
}
