/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl health and health probe: what does a running health checker know, and what does a probe
 * see? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "columns.h"
#include "conf/addr.h"
#include "question.h"
#include "sys/log.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const struct column columns[] = {
	{"TABLE", "table", true},    {"NAME", "name", false},	    {"BACKEND", "backend", false},
	{"STATE", "state", false},   {"HEALTHY", "healthy", false}, {"STATUS", "status", false},
	{"SINCE", "since", false},   {"RESULTS", "results", false}, {"MS", "total_ms", true},
	{"REASON", "reason", false},
};

/* --- health --- */

/* Prints a prominent line about something that needs attention. */
static void print_trouble(const struct conf_value *root, const char *key, const char *state,
			  const char *what)
{
	struct conf_value part;
	char text[CONF_TEXT_LEN];

	if (!conf_find(&part, root, key))
		return;
	if (state && strcmp(member_text(text, &part, "state"), state) != 0)
		return;
	if (strcmp(member_text(text, &part, "reason"), "-") != 0)
		printf("%s: %s\n", what, text);
}

static void print_distrust(const struct conf_value *root)
{
	struct conf_value list;
	char name[CONF_TEXT_LEN];
	char text[CONF_TEXT_LEN];

	if (!conf_find(&list, root, "tables"))
		return;
	for (size_t i = 0; i < conf_count(&list); i++) {
		struct conf_value one = conf_element(&list, i);

		(void)member_text(name, &one, "name");
		if (!strcmp(name, "-"))
			(void)member_text(name, &one, "table");
		(void)member_text(text, &one, "distrust");
		if (!strcmp(text, "fails_open"))
			printf("TABLE %s FAILS OPEN: too many of its %" PRIu64
			       " backends are down at once; those that were healthy stay so\n",
			       name, member_count(&one, "backends"));
		else if (!strcmp(text, "limited"))
			printf("table %s: changes wait, as there were as many as may be in the "
			       "last "
			       "minute\n",
			       name);
	}
}

static void print_health(const struct command_line *line, const struct conf_value *root)
{
	struct conf_value list;

	print_trouble(root, "source", NULL, "SOURCE REFUSED, and an older content in force");
	print_trouble(root, "checked", "failing", "CHECKED FILE NOT WRITTEN");
	print_trouble(root, "director", "failing", "DIRECTOR DOES NOT SERVE WHAT WAS WRITTEN");
	print_trouble(root, "reload_command", "failing", "RELOAD COMMAND FAILED");
	print_distrust(root);
	if (!conf_find(&list, root, "backends"))
		return;
	columns_print(&list, columns, COUNT_OF(columns));
	if (!conf_count(&list) && command_has(line, OPTION_UNHEALTHY))
		puts("no backend is unhealthy");
}

int online_health(const struct command_line *line)
{
	struct question question = {.peer = PEER_CHECKER, .patience_ms = CLIENT_PATIENCE_MS};
	const char *table = line->values[OPTION_TABLE];
	struct client_answer answer;
	struct draft draft;
	int status;

	if (!draft_begin(&draft, "health"))
		return EXIT_FAILED;
	if (table)
		write_string(&draft.w, "table", table);
	if (command_has(line, OPTION_UNHEALTHY))
		write_bool(&draft.w, "unhealthy", true);
	question.request = draft_end(&draft);
	if (!question.request)
		return EXIT_FAILED;
	status = client_ask(&answer, line, &question);
	if (status == EXIT_OK && !command_has(line, OPTION_JSON))
		print_health(line, &answer.root);
	client_free(&answer);
	free((char *)question.request);
	return status;
}

/* --- health probe --- */

/* The state of a watched probe. */
struct watch {
	const struct command_line *line;
	struct client client;
	uint64_t number;
	char check[CONF_TEXT_LEN]; /* the check whose steps are being printed */
	bool has_failed;
	bool is_over;
};

static void print_result(const struct conf_value *result)
{
	char detail[CONF_TEXT_LEN];
	char text[CONF_TEXT_LEN];
	const uint64_t us = member_count(result, "total_us");

	if (conf_flag(result, "good")) {
		printf("good%s, after %" PRIu64 ".%03" PRIu64 " ms\n",
		       conf_flag(result, "degraded") ? ", and degraded" : "", us / 1000, us % 1000);
		return;
	}
	(void)member_text(detail, result, "detail");
	printf("FAILED: %s", member_text(text, result, "reason"));
	printf(": %s", strcmp(detail, "-") != 0 ? detail : member_text(text, result, "sentence"));
	printf("; after %" PRIu64 ".%03" PRIu64 " ms\n", us / 1000, us % 1000);
}

static void print_event(struct watch *watch, const struct conf_value *event)
{
	const uint64_t us = member_count(event, "at_us");
	struct conf_value result;
	char text[CONF_TEXT_LEN];

	if (strcmp(member_text(text, event, "check"), watch->check) != 0) {
		(void)strcpy(watch->check, text);
		printf("%s\n", text);
	}
	printf("%7" PRIu64 ".%03" PRIu64 " ms  ", us / 1000, us % 1000);
	if (conf_find(&result, event, "result"))
		print_result(&result);
	else
		printf("%s\n", member_text(text, event, "step"));
}

/* Prints new steps. Returns an exit status. */
static int health_take(struct watch *watch, const struct client_answer *answer)
{
	const bool print = !command_has(watch->line, OPTION_JSON);
	struct conf_value result;
	struct conf_value list;

	if (!print)
		puts(answer->bytes);
	watch->is_over = conf_flag(&answer->root, "ended");
	if (!conf_find(&list, &answer->root, "events")) {
		log_error("the health checker's answer is not understood");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < conf_count(&list); i++) {
		struct conf_value one = conf_element(&list, i);

		if (conf_find(&result, &one, "result") && !conf_flag(&result, "good"))
			watch->has_failed = true;
		if (print)
			print_event(watch, &one);
	}
	return fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}

/* Exchanges one request and reply. Returns an exit status; release the reply with client_free(). */
static int health_exchange(struct client_answer *out, const struct watch *watch,
			   const struct question *question)
{
	int status = client_say(&watch->client, question);

	*out = (struct client_answer){.bytes = NULL};
	return status == EXIT_OK ? client_hear(out, &watch->client, question) : status;
}

/* Polls until the probe has ended. Returns an exit status. */
static int watch_all(struct watch *watch)
{
	char request[96];
	const struct question question = {
		.request = request, .peer = PEER_CHECKER, .patience_ms = CLIENT_PATIENCE_MS};
	int status = EXIT_OK;

	(void)snprintf(request, sizeof(request),
		       "{\"glb\": 1, \"verb\": \"probe-next\", \"probe\": %" PRIu64 "}",
		       watch->number);
	while (status == EXIT_OK && !watch->is_over) {
		struct client_answer answer;

		status = health_exchange(&answer, watch, &question);
		if (status == EXIT_OK)
			status = health_take(watch, &answer);
		client_free(&answer);
	}
	return status;
}

static int health_begin(struct watch *watch, const struct question *question)
{
	struct client_answer answer;
	int status = health_exchange(&answer, watch, question);

	if (status == EXIT_OK)
		watch->number = member_count(&answer.root, "probe");
	client_free(&answer);
	return status == EXIT_OK ? watch_all(watch) : status;
}

/* The first request, to be released with free(). NULL: out of memory, which is logged. */
static char *write_request(const struct command_line *line)
{
	struct draft draft;

	if (!draft_begin(&draft, "probe"))
		return NULL;
	write_string(&draft.w, "backend", line->args[0]);
	if (line->values[OPTION_TABLE])
		write_string(&draft.w, "table", line->values[OPTION_TABLE]);
	if (line->values[OPTION_CHECK])
		write_string(&draft.w, "check", line->values[OPTION_CHECK]);
	return draft_end(&draft);
}

int online_health_probe(const struct command_line *line)
{
	struct question question = {
		.peer = PEER_CHECKER, .changes = true, .patience_ms = CLIENT_PATIENCE_MS};
	struct watch watch = {.line = line};
	struct glb_addr backend;
	int status;

	if (!addr_parse(&backend, line->args[0])) {
		log_error("\"%s\" is not an address", line->args[0]);
		return EXIT_USAGE;
	}
	question.request = write_request(line);
	if (!question.request)
		return EXIT_FAILED;
	status = client_open(&watch.client, line, &question);
	if (status == EXIT_OK) {
		status = health_begin(&watch, &question);
		client_close(&watch.client);
	}
	free((char *)question.request);
	return status == EXIT_OK && watch.has_failed ? EXIT_FAILED : status;
}
