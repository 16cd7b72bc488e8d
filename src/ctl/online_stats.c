/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl stats: what has a running director counted, in total or per second? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "sys/log.h"
#include "sys/words.h"

enum { NAME_LEN = 1200, INTERVAL_S = 1 };

struct figure {
	char *label; /* as in docs/counters.md, with labels */
	uint64_t value;
};

struct figures {
	struct figure *list;
	size_t count;
	size_t room;
	uint64_t at_ms;
	bool failed; /* out of memory */
};

static void online_stats_add(struct figures *figures, const char *name, uint64_t value)
{
	if (figures->count == figures->room) {
		size_t room = figures->room ? 2 * figures->room : 64;
		struct figure *more = realloc(figures->list, room * sizeof(*more));

		figures->failed |= !more;
		if (!more)
			return;
		figures->list = more;
		figures->room = room;
	}

	struct figure *one = &figures->list[figures->count];

	one->label = strdup(name);
	one->value = value;
	figures->failed |= !one->label;
	figures->count += one->label != NULL;
}

static void free_figures(struct figures *figures)
{
	for (size_t i = 0; i < figures->count; i++)
		free(figures->list[i].label);
	free(figures->list);
	*figures = (struct figures){0};
}

/* Adds all numeric members of an object, with labels appended to their names. */
static void add_members(struct figures *figures, const struct conf_value *object,
			const char *labels)
{
	for (size_t i = 0; i < conf_member_count(object); i++) {
		struct conf_value member = conf_member_at(object, i);
		char name[NAME_LEN];
		uint64_t value;

		if (!conf_is_integer(&member) || conf_count64(&value, &member))
			continue;
		(void)snprintf(name, sizeof(name), "%s%s", member.key, labels);
		online_stats_add(figures, name, value);
	}
}

/* Adds the packets of tables or backends. */
static void add_items(struct figures *figures, const struct conf_value *root, const char *key)
{
	struct conf_value list;

	(void)conf_find(&list, root, key);
	for (size_t i = 0; i < conf_count(&list); i++) {
		struct conf_value one = conf_element(&list, i);
		char table[CONF_TEXT_LEN];
		char backend[CONF_TEXT_LEN];
		struct conf_value value;
		char labels[2 * CONF_TEXT_LEN + 32];

		(void)conf_find(&value, &one, "table");
		(void)conf_text(table, &value);
		if (conf_find(&value, &one, "backend"))
			(void)snprintf(labels, sizeof(labels), "{table=\"%s\",backend=\"%s\"}",
				       table, conf_text(backend, &value));
		else
			(void)snprintf(labels, sizeof(labels), "{table=\"%s\"}", table);
		add_members(figures, &one, labels);
	}
}

static int online_stats_ask(struct figures *out, const struct command_line *line)
{
	const struct question question = {.request = "{\"glb\": 1, \"verb\": \"stats\"}",
					  .patience_ms = CLIENT_PATIENCE_MS};
	struct client_answer answer;
	struct conf_value value;
	int status = client_ask(&answer, line, &question);

	*out = (struct figures){0};
	if (status == EXIT_OK && !command_has(line, OPTION_JSON)) {
		if (conf_find(&value, &answer.root, "uptime_ms"))
			(void)conf_count64(&out->at_ms, &value);
		if (conf_find(&value, &answer.root, "counters"))
			add_members(out, &value, "");
		add_items(out, &answer.root, "tables");
		add_items(out, &answer.root, "backends");
	}
	client_free(&answer);
	if (out->failed) {
		log_error("out of memory");
		free_figures(out);
		return EXIT_FAILED;
	}
	return status;
}

/* The value of a figure in an earlier reply, usually at the same index. False: it is new. */
static bool value_before(uint64_t *out, const struct figures *before, size_t place,
			 const char *name)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct figure *one = &before->list[(place + i) % before->count];

		if (!strcmp(one->label, name)) {
			*out = one->value;
			return true;
		}
	}
	return false;
}

/* `before` is NULL for totals since the start. */
static void print_figures(const struct figures *now, const struct figures *before, bool nonzero)
{
	for (size_t i = 0; i < now->count; i++) {
		uint64_t value = now->list[i].value;
		uint64_t was = 0;

		if (before) {
			uint64_t ms = now->at_ms - before->at_ms;

			if (!ms || !value_before(&was, before, i, now->list[i].label))
				continue;
			value = (value - was) * 1000 / ms;
		}
		if (value || !nonzero)
			printf("%s %" PRIu64 "\n", now->list[i].label, value);
	}
}

int online_stats(const struct command_line *line)
{
	bool rate = command_has(line, OPTION_RATE);
	struct figures before = {0};
	struct figures now = {0};
	int status = EXIT_OK;

	if (rate && command_has(line, OPTION_JSON)) {
		log_error("--rate is for people: with --json, ask twice");
		return EXIT_USAGE;
	}
	if (rate) {
		status = online_stats_ask(&before, line);
		if (status == EXIT_OK)
			(void)sleep(INTERVAL_S);
	}
	if (status == EXIT_OK)
		status = online_stats_ask(&now, line);
	if (status == EXIT_OK)
		print_figures(&now, rate ? &before : NULL, command_has(line, OPTION_NONZERO));
	free_figures(&before);
	free_figures(&now);
	return status;
}
