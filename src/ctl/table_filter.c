/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "question.h"
#include "sys/log.h"
#include "table_filter.h"

/* Writes the expression for a bind in the format of bind_text(). False: it is malformed. */
static bool put_bind(FILE *out, const char *text)
{
	char network[ADDR_TEXT_LEN];
	char prefix[64];
	char proto[8];
	char ports[16];
	struct glb_addr addr;
	uint8_t prefix_len;

	if (sscanf(text, "%63s %7s %15s", prefix, proto, ports) != 3 ||
	    !prefix_parse(&addr, &prefix_len, prefix))
		return false;
	addr = addr_network(&addr, prefix_len);
	(void)fprintf(out, "(dst net %s/%u and ((%s and dst portrange %s) or %s))",
		      addr_text(network, &addr), prefix_len, proto, ports,
		      addr.version == 4 ? "icmp" : "icmp6");
	return true;
}

/* The expression for the binds of tables. NULL: malformed, or out of memory. */
static char *expression_of(const struct conf_value *tables)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool understood = out;
	bool more = false;

	for (size_t t = 0; understood && t < conf_count(tables); t++) {
		struct conf_value table = conf_element(tables, t);
		struct conf_value binds;

		understood = conf_find(&binds, &table, "binds");
		for (size_t b = 0; understood && b < conf_count(&binds); b++) {
			struct conf_value bind = conf_element(&binds, b);
			const char *words;

			(void)fputs(more ? " or " : "", out);
			understood = !conf_string(&words, &bind) && put_bind(out, words);
			more = true;
		}
	}
	if (out && fclose(out))
		understood = false;
	if (understood && more)
		return text;
	free(text);
	return NULL;
}

int table_filter(char **out, const struct command_line *line)
{
	char *request = question_of("tables", line);
	struct client_answer answer;
	struct glb_diag why = {{0}};
	struct conf_value tables;
	int status;

	if (!request)
		return EXIT_FAILED;
	status = client_fetch(&answer, line, request, &why);
	if (status != EXIT_OK) {
		log_error("%s", why.text);
	} else {
		*out = conf_find(&tables, &answer.root, "tables") ? expression_of(&tables) : NULL;
		if (!*out) {
			log_error("the binds of table \"%s\" are not understood",
				  line->values[OPTION_TABLE]);
			status = EXIT_FAILED;
		}
	}
	client_free(&answer);
	free(request);
	return status;
}
