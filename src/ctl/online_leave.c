/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl leave, stay and log-level: commands that change how a director runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "columns.h"
#include "question.h"
#include "sys/log.h"

enum { DEADLINE_S = 60 }; /* default in docs/control-socket.md */

/* Sends a request and prints the reply with `print`. */
static int order(const struct command_line *line, struct draft *draft, unsigned int patience_ms,
		 void (*print)(const struct conf_value *root))
{
	const struct question question = {
		.request = draft_end(draft), .changes = true, .patience_ms = patience_ms};
	struct client_answer answer;
	int status;

	if (!question.request)
		return EXIT_FAILED;
	status = client_ask(&answer, line, &question);
	if (status == EXIT_OK && !command_has(line, OPTION_JSON))
		print(&answer.root);
	client_free(&answer);
	free((char *)question.request);
	return status;
}

static void print_departure(const struct conf_value *root)
{
	char text[CONF_TEXT_LEN];
	struct conf_value quiet;
	bool is_quiet = conf_find(&quiet, root, "quiet") && conf_is_true(&quiet);

	printf("%s after %s ms", is_quiet ? "quiet" : "the time is over",
	       member_text(text, root, "took_ms"));
	printf("; meanwhile %s packets received", member_text(text, root, "received"));
	printf(", %s forwarded", member_text(text, root, "forwarded"));
	printf(", %s lost; the director stops\n", member_text(text, root, "lost"));
}

int online_leave(const struct command_line *line)
{
	unsigned int deadline_s;
	unsigned int quiet_s;
	struct draft draft;

	if (!seconds_of(&quiet_s, line, OPTION_QUIET, 0) ||
	    !seconds_of(&deadline_s, line, OPTION_DEADLINE, DEADLINE_S))
		return EXIT_USAGE;
	if (!draft_begin(&draft, "leave"))
		return EXIT_FAILED;
	if (command_has(line, OPTION_QUIET))
		write_uint(&draft.w, "quiet_s", quiet_s);
	write_uint(&draft.w, "deadline_s", deadline_s);
	if (command_has(line, OPTION_OR_STAY))
		write_bool(&draft.w, "or_stay", true);
	return order(line, &draft, deadline_s * 1000 + CLIENT_PATIENCE_MS, print_departure);
}

static void print_return(const struct conf_value *root)
{
	struct conf_value value;

	puts(conf_find(&value, root, "was_leaving") && conf_is_true(&value)
		     ? "the director no longer leaves"
		     : "the director was not leaving");
}

int online_stay(const struct command_line *line)
{
	struct draft draft;

	if (!draft_begin(&draft, "stay"))
		return EXIT_FAILED;
	return order(line, &draft, CLIENT_PATIENCE_MS, print_return);
}

static void print_level(const struct conf_value *root)
{
	char text[CONF_TEXT_LEN];

	printf("log level %s", member_text(text, root, "level"));
	printf(", was %s\n", member_text(text, root, "was"));
}

int online_log_level(const struct command_line *line)
{
	struct draft draft;

	if (!draft_begin(&draft, "log-level"))
		return EXIT_FAILED;
	write_string(&draft.w, "level", line->args[0]);
	return order(line, &draft, CLIENT_PATIENCE_MS, print_level);
}
