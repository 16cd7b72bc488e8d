/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "healthcheck/monitor_parts.h"
#include "sys/clock.h"

enum { SETTLE_SPARE_MS = 1000 }; /* beyond what it takes a check to come to a verdict */

/* Releases what belongs to it alone, not targets. */
static void release(struct watched *watched)
{
	free(watched->targets);
	free(watched->backends);
	free(watched->tables);
	free(watched->healthy);
	free(watched->is_kept);
	free(watched->table_of);
	free(watched->first);
	free(watched->having);
	free(watched->evidence);
	free(watched->before);
	content_drop(watched->content);
	*watched = (struct watched){0};
}

void watched_free(struct watched *watched)
{
	for (unsigned int i = 0; watched->content && i < watched->content->plan.check_count; i++)
		target_free(watched->targets[i]);
	release(watched);
}

static unsigned int count_uses(const struct health_plan *plan)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < plan->backend_count; i++)
		count += plan->backends[i].check_count;
	return count;
}

/* Of at least one element. */
static void *room(unsigned int count, size_t len)
{
	return calloc(count + 1UL, len);
}

static bool allocate(struct watched *watched, const struct health_plan *plan)
{
	unsigned int largest = 0;

	for (unsigned int i = 0; i < plan->table_count; i++)
		if (plan->tables[i].backend_count > largest)
			largest = plan->tables[i].backend_count;
	watched->targets = room(plan->check_count, sizeof(*watched->targets));
	watched->backends = room(plan->backend_count, sizeof(*watched->backends));
	watched->tables = room(plan->table_count, sizeof(*watched->tables));
	watched->healthy = room(plan->backend_count, sizeof(*watched->healthy));
	watched->is_kept = room(plan->backend_count, sizeof(*watched->is_kept));
	watched->table_of = room(plan->backend_count, sizeof(*watched->table_of));
	watched->first = room(plan->check_count + 1, sizeof(*watched->first));
	watched->having = room(count_uses(plan), sizeof(*watched->having));
	watched->evidence = room(largest, sizeof(*watched->evidence));
	watched->before = room(largest, sizeof(*watched->before));
	return watched->targets && watched->backends && watched->tables && watched->healthy &&
	       watched->is_kept && watched->table_of && watched->first && watched->having &&
	       watched->evidence && watched->before;
}

/* Which backends have which check. */
static void note_uses(struct watched *watched, const struct health_plan *plan)
{
	unsigned int *first = watched->first;

	for (unsigned int i = 0; i < plan->backend_count; i++)
		for (unsigned int j = 0; j < plan->backends[i].check_count; j++)
			first[plan->backends[i].checks[j] + 1]++;
	for (unsigned int i = 0; i < plan->check_count; i++)
		first[i + 1] += first[i];
	/* each is filled from its end, so that first[] is right afterwards */
	for (unsigned int i = plan->backend_count; i-- > 0;)
		for (unsigned int j = 0; j < plan->backends[i].check_count; j++) {
			unsigned int check = plan->backends[i].checks[j];

			watched->having[--first[check + 1]] = i;
		}
	for (unsigned int i = 0; i < plan->check_count; i++)
		first[i] = first[i + 1];
	first[plan->check_count] = count_uses(plan);
}

/* How long it takes until all checks of a table have a verdict, if all goes well or ill. */
static uint64_t settle_ms(const struct health_plan *plan, const struct health_table *table)
{
	uint64_t longest = 0;

	for (unsigned int i = 0; i < table->backend_count; i++) {
		const struct health_backend *one = &plan->backends[table->first_backend + i];

		for (unsigned int j = 0; j < one->check_count; j++) {
			const struct health_check *check = &plan->checks[one->checks[j]];
			uint64_t tries = check->rise > check->fall ? check->rise : check->fall;
			uint64_t ms = tries * check->interval_ms + check->timeout_ms;

			if (ms > longest)
				longest = ms;
		}
	}
	return longest + SETTLE_SPARE_MS;
}

/* Of a backend that nobody has heard of: it waits for its first rise. */
static void begin_table(struct watched *watched, unsigned int place)
{
	const struct health_plan *plan = &watched->content->plan;
	const struct health_table *table = &plan->tables[place];

	watched->tables[place].settles_ms = clock_ms() + settle_ms(plan, table);
	for (unsigned int i = 0; i < table->backend_count; i++) {
		unsigned int backend = table->first_backend + i;

		watched->table_of[backend] = place;
		watched->healthy[backend] = plan->backends[backend].healthy;
	}
}

/* --- What stays --- */

static int compare_checks(const void *a, const void *b)
{
	const struct target *const *one = a;
	const struct target *const *other = b;

	return strcmp((*one)->check->name, (*other)->check->name);
}

static int compare_names(const void *name, const void *target)
{
	const struct target *const *one = target;

	return strcmp(name, (*one)->check->name);
}

/*
 * Gives every check the target of the same name that there was, or a new one. -ENOMEM: the new ones
 * are released again.
 */
static int find_targets(struct watched *next, struct monitor *monitor)
{
	const struct content *old = monitor->now.content;
	unsigned int count = old ? old->plan.check_count : 0;
	struct target **sorted = room(count, sizeof(struct target *));
	int err = sorted ? 0 : -ENOMEM;

	if (sorted && count) {
		memcpy(sorted, monitor->now.targets, count * sizeof(struct target *));
		qsort(sorted, count, sizeof(struct target *), compare_checks);
	}
	for (unsigned int i = 0; i < next->content->plan.check_count && !err; i++) {
		struct target **found = bsearch(next->content->plan.checks[i].name, sorted, count,
						sizeof(struct target *), compare_names);

		next->targets[i] = found ? *found : target_make(monitor);
		if (!next->targets[i])
			err = -ENOMEM;
	}
	for (unsigned int i = 0; i < next->content->plan.check_count && err; i++)
		if (next->targets[i] && !next->targets[i]->check)
			target_free(next->targets[i]);
	free(sorted);
	return err;
}

/* Targets that have no check any more go, new ones begin. */
static void move_targets(struct watched *next, struct watched *old)
{
	const struct health_plan *plan = &next->content->plan;
	unsigned int old_count = old->content ? old->content->plan.check_count : 0;

	for (unsigned int i = 0; i < old_count; i++)
		old->targets[i]->check = NULL;
	for (unsigned int i = 0; i < plan->check_count; i++) {
		next->targets[i]->check = &plan->checks[i];
		next->targets[i]->place = i;
	}
	for (unsigned int i = 0; i < old_count; i++)
		if (!old->targets[i]->check)
			target_free(old->targets[i]);
}

/* The table of the same name; of those without one, that in the same place. -1: none. */
static int find_table(const struct health_plan *plan, const char *name, unsigned int place)
{
	if (!*name)
		return place < plan->table_count && !*plan->tables[place].name ? (int)place : -1;
	for (unsigned int i = 0; i < plan->table_count; i++)
		if (!strcmp(plan->tables[i].name, name))
			return (int)i;
	return -1;
}

static int compare_addrs(const void *a, const void *b)
{
	const struct health_backend *const *one = a;
	const struct health_backend *const *other = b;

	return memcmp(&(*one)->addr, &(*other)->addr, sizeof((*one)->addr));
}

/*
 * Hands on what is known of a table's backends. `sorted` has room for them. A table with none of
 * those that it had is another one.
 */
static void move_table(struct watched *next, unsigned int place, const struct watched *old,
		       unsigned int was, const struct health_backend **sorted)
{
	const struct health_plan *old_plan = &old->content->plan;
	const struct health_table *old_table = &old_plan->tables[was];
	const struct health_table *table = &next->content->plan.tables[place];
	unsigned int known = 0;

	for (unsigned int i = 0; i < old_table->backend_count; i++)
		sorted[i] = &old_plan->backends[old_table->first_backend + i];
	qsort(sorted, old_table->backend_count, sizeof(*sorted), compare_addrs);
	for (unsigned int i = 0; i < table->backend_count; i++) {
		unsigned int to = table->first_backend + i;
		const struct health_backend *key = &next->content->plan.backends[to];
		const struct health_backend **found = bsearch(
			&key, sorted, old_table->backend_count, sizeof(*sorted), compare_addrs);

		if (!found)
			continue;
		next->is_kept[to] = true;
		next->backends[to] = old->backends[*found - old_plan->backends];
		next->healthy[to] = old->healthy[*found - old_plan->backends];
		known++;
	}
	if (!known)
		return;
	next->tables[place] = old->tables[was];
	for (unsigned int i = 0; i < table->backend_count; i++)
		next->healthy[table->first_backend + i] &= next->is_kept[table->first_backend + i];
}

static void move_tables(struct watched *next, const struct watched *old,
			const struct health_backend **sorted)
{
	const struct health_plan *plan = &next->content->plan;

	for (unsigned int i = 0; i < plan->table_count && old->content; i++) {
		int was = find_table(&old->content->plan, plan->tables[i].name, i);

		if (was >= 0)
			move_table(next, i, old, (unsigned int)was, sorted);
	}
}

int monitor_follow(struct monitor *monitor, struct content *content)
{
	struct watched old = monitor->now;
	struct watched next = {.content = content_hold(content)};
	unsigned int old_count = old.content ? old.content->plan.backend_count : 0;
	const struct health_backend **sorted = room(old_count, sizeof(*sorted));

	if (!sorted || !allocate(&next, &content->plan) || find_targets(&next, monitor)) {
		free(sorted);
		release(&next);
		return -ENOMEM;
	}
	note_uses(&next, &content->plan);
	for (unsigned int i = 0; i < content->plan.table_count; i++)
		begin_table(&next, i);
	move_tables(&next, &old, sorted);
	free(sorted);
	move_targets(&next, &old);
	monitor->now = next;
	release(&old);
	for (unsigned int i = 0; i < content->plan.check_count; i++)
		if (!next.targets[i]->begun_ms)
			target_start(next.targets[i]);
	verdict_ask_all(monitor);
	return 0;
}

/* --- What was known before --- */

void monitor_restore_check(struct monitor *monitor, unsigned int check,
			   const struct judge_check *known)
{
	monitor->now.targets[check]->known.judged = *known;
}

void monitor_restore_backend(struct monitor *monitor, unsigned int backend,
			     const struct judge_backend *known)
{
	struct watched *now = &monitor->now;

	now->backends[backend] = *known;
	now->healthy[backend] = known->healthy;
	now->tables[now->table_of[backend]].settles_ms = 0;
}
