/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl reload: did the director accept its files? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "columns.h"
#include "question.h"
#include "sys/log.h"

enum { RELOAD_PATIENCE_MS = 600000 }; /* disks may hang, and many tables take long */

/* "table web: ..." */
static void online_reload_print_change(const struct conf_value *change)
{
	char text[CONF_TEXT_LEN];
	struct conf_value value;

	if (conf_find(&value, change, "name") && conf_is_string(&value))
		printf("table %s: ", conf_text(text, &value));
	else
		printf("table %s: ", member_text(text, change, "table"));
	printf("%s\n", member_text(text, change, "summary"));
}

/* "/etc/glb/deny.conf: 812 prefixes are denied" */
static void online_reload_print_deny(const struct conf_value *root)
{
	char text[CONF_TEXT_LEN];
	struct conf_value deny;
	uint64_t prefixes;

	if (!conf_find(&deny, root, "deny") || !conf_is_object(&deny))
		return;
	prefixes = member_count(&deny, "prefixes");
	printf("%s: %" PRIu64 " prefix%s denied\n", member_text(text, &deny, "file"), prefixes,
	       prefixes == 1 ? " is" : "es are");
}

static void print_reload(const struct conf_value *root)
{
	char text[CONF_TEXT_LEN];
	struct conf_value changes;
	bool is_known = conf_find(&changes, root, "changes") && conf_is_array(&changes);
	size_t count = is_known ? conf_count(&changes) : 0;

	printf("generation %s", member_text(text, root, "generation"));
	printf(" is served by all workers; built in %s ms\n", member_text(text, root, "took_ms"));
	if (is_known && !count)
		puts("no table changed");
	for (size_t i = 0; i < count; i++) {
		struct conf_value one = conf_element(&changes, i);

		online_reload_print_change(&one);
	}
	online_reload_print_deny(root);
}

int online_reload(const struct command_line *line)
{
	struct question question = {.changes = true, .patience_ms = RELOAD_PATIENCE_MS};
	struct client_answer answer;
	struct draft draft;
	int status;

	if (command_has(line, OPTION_TABLES_ONLY) && command_has(line, OPTION_DENY_ONLY)) {
		log_error("--tables-only and --deny-only exclude each other");
		return EXIT_USAGE;
	}
	if (!draft_begin(&draft, "reload"))
		return EXIT_FAILED;
	if (command_has(line, OPTION_TABLES_ONLY))
		write_bool(&draft.w, "tables_only", true);
	if (command_has(line, OPTION_DENY_ONLY))
		write_bool(&draft.w, "deny_only", true);
	question.request = draft_end(&draft);
	if (!question.request)
		return EXIT_FAILED;
	status = client_ask(&answer, line, &question);
	if (status == EXIT_OK && !command_has(line, OPTION_JSON))
		print_reload(&answer.root);
	client_free(&answer);
	free((char *)question.request);
	return status;
}
