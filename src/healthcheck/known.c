/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "healthcheck/known.h"
#include "sys/log.h"
#include "sys/words.h"

static bool same_table(const struct health_plan *a, unsigned int in_a, const struct health_plan *b,
		       unsigned int in_b)
{
	const char *name = a->tables[in_a].name;

	return !strcmp(name, b->tables[in_b].name) && (*name || in_a == in_b);
}

/* Applies which backends of a table another file says were healthy. False: it lacks the table. */
static bool take_table(struct monitor *monitor, unsigned int place, const struct health_plan *from)
{
	const struct health_plan *plan = &monitor_content(monitor)->plan;
	const struct health_table *table = &plan->tables[place];
	const struct health_table *other = NULL;

	for (unsigned int i = 0; i < from->table_count && !other; i++)
		if (same_table(plan, place, from, i))
			other = &from->tables[i];
	if (!other)
		return false;
	for (unsigned int i = 0; i < other->backend_count; i++) {
		const struct health_backend *was = &from->backends[other->first_backend + i];

		for (unsigned int j = 0; j < table->backend_count && was->healthy; j++) {
			unsigned int backend = table->first_backend + j;

			if (!memcmp(&plan->backends[backend].addr, &was->addr, sizeof(was->addr)))
				monitor_assume_healthy(monitor, backend);
		}
	}
	return true;
}

static bool is_any_known(const struct monitor *monitor, const struct health_table *table)
{
	for (unsigned int i = 0; i < table->backend_count; i++)
		if (monitor_backend(monitor, table->first_backend + i)->is_known)
			return true;
	return false;
}

/* An older checked file; NULL: there is no valid one. */
static struct content *read_checked(const struct health_conf *conf)
{
	struct report *report = malloc(sizeof(*report));
	struct content *content = NULL;

	if (!report)
		return NULL;
	report_init(report);
	if (!access(conf->checked, F_OK) && content_read(&content, conf->checked, report)) {
		const struct problem *first = report_first_error(report);
		char line[REPORT_LINE_LEN_MAX];

		log_warning("%s; starts without its results",
			    first ? report_line(line, first) : conf->checked);
		content = NULL;
	}
	free(report);
	return content;
}

static void restore_tables(struct monitor *monitor, const struct health_conf *conf)
{
	const struct health_plan *plan = &monitor_content(monitor)->plan;
	struct content *checked = read_checked(conf);
	unsigned int from_state = 0;
	unsigned int from_checked = 0;

	for (unsigned int i = 0; i < plan->table_count; i++) {
		if (is_any_known(monitor, &plan->tables[i]))
			from_state++;
		else if (checked && take_table(monitor, i, &checked->plan))
			from_checked++;
		else
			(void)take_table(monitor, i, plan);
	}
	content_unref(checked);
	log_info("which backends are healthy begins as kept from the last run for %u table%s, as "
		 "in %s for %u, and as in %s for %u",
		 from_state, plural(from_state), conf->checked, from_checked, conf->source,
		 plan->table_count - from_state - from_checked);
}

void known_restore(struct monitor *monitor, const struct health_conf *conf, const char *state)
{
	const struct state_view view = monitor_view(monitor);

	if (state)
		state_read(&view, state);
	else
		log_info("no state_directory: what is known of backends ends with the process");
	restore_tables(monitor, conf);
}
