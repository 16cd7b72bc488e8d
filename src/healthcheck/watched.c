/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "healthcheck/monitor_parts.h"

/* Releases what belongs to it alone, so not the targets. */
static void watched_release(struct watched *watched)
{
	free(watched->targets);
	free(watched->backends);
	free(watched->tables);
	free(watched->healthy);
	free(watched->table_of);
	free(watched->first);
	free(watched->having);
	free(watched->evidence);
	free(watched->before);
	content_unref(watched->content);
	*watched = (struct watched){0};
}

void watched_free(struct watched *watched)
{
	for (unsigned int i = 0; watched->content && i < watched->content->plan.check_count; i++)
		target_free(watched->targets[i]);
	watched_release(watched);
}

static unsigned int count_uses(const struct health_plan *plan)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < plan->backend_count; i++)
		count += plan->backends[i].check_count;
	return count;
}

/* Allocates at least one element. */
static void *room(unsigned int count, size_t len)
{
	return calloc(count + 1UL, len);
}

static bool watched_allocate(struct watched *watched, const struct health_plan *plan)
{
	unsigned int largest = 0;

	for (unsigned int i = 0; i < plan->table_count; i++)
		if (plan->tables[i].backend_count > largest)
			largest = plan->tables[i].backend_count;
	watched->targets = room(plan->check_count, sizeof(*watched->targets));
	watched->backends = room(plan->backend_count, sizeof(*watched->backends));
	watched->tables = room(plan->table_count, sizeof(*watched->tables));
	watched->healthy = room(plan->backend_count, sizeof(*watched->healthy));
	watched->table_of = room(plan->backend_count, sizeof(*watched->table_of));
	watched->first = room(plan->check_count + 1, sizeof(*watched->first));
	watched->having = room(count_uses(plan), sizeof(*watched->having));
	watched->evidence = room(largest, sizeof(*watched->evidence));
	watched->before = room(largest, sizeof(*watched->before));
	return watched->targets && watched->backends && watched->tables && watched->healthy &&
	       watched->table_of && watched->first && watched->having && watched->evidence &&
	       watched->before;
}

/* Indexes the backends by check, and the tables by backend. */
static void note_uses(struct watched *watched, const struct health_plan *plan)
{
	unsigned int *first = watched->first;

	for (unsigned int i = 0; i < plan->backend_count; i++)
		watched->table_of[i] = plan->backends[i].table;

	for (unsigned int i = 0; i < plan->backend_count; i++)
		for (unsigned int j = 0; j < plan->backends[i].check_count; j++)
			first[plan->backends[i].checks[j] + 1]++;
	for (unsigned int i = 0; i < plan->check_count; i++)
		first[i + 1] += first[i];
	/* each list is filled from its end, which leaves first[] correct */
	for (unsigned int i = plan->backend_count; i-- > 0;)
		for (unsigned int j = 0; j < plan->backends[i].check_count; j++) {
			unsigned int check = plan->backends[i].checks[j];

			watched->having[--first[check + 1]] = i;
		}
	for (unsigned int i = 0; i < plan->check_count; i++)
		first[i] = first[i + 1];
	first[plan->check_count] = count_uses(plan);
}

/* --- Carrying over --- */

static int compare_checks(const void *a, const void *b)
{
	const struct target *const *one = a;
	const struct target *const *other = b;

	return strcmp((*one)->check->name, (*other)->check->name);
}

static int watched_compare_names(const void *name, const void *target)
{
	const struct target *const *one = target;

	return strcmp(name, (*one)->check->name);
}

/*
 * Gives every check the existing target of the same name, or a new one. -ENOMEM: new ones are
 * released again.
 */
static int watched_find_targets(struct watched *next, struct monitor *monitor)
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
						sizeof(struct target *), watched_compare_names);

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

/* Releases targets without a check and starts new ones. */
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

/* The table of the same name; for a nameless one, the table at the same index. -1: none. */
static int watched_find_table(const struct health_plan *plan, const char *name, unsigned int place)
{
	if (!*name)
		return place < plan->table_count && !*plan->tables[place].name ? (int)place : -1;
	for (unsigned int i = 0; i < plan->table_count; i++)
		if (!strcmp(plan->tables[i].name, name))
			return (int)i;
	return -1;
}

static int watched_compare_addrs(const void *a, const void *b)
{
	const struct health_backend *const *one = a;
	const struct health_backend *const *other = b;

	return memcmp(&(*one)->addr, &(*other)->addr, sizeof((*one)->addr));
}

/*
 * Carries over what is known of a table's backends. `sorted` is scratch space for them. A table
 * that has none of its previous backends counts as new.
 */
static void move_table(struct watched *next, unsigned int place, const struct watched *old,
		       unsigned int was, const struct health_backend **sorted)
{
	const struct health_plan *old_plan = &old->content->plan;
	const struct health_table *old_table = &old_plan->tables[was];
	const struct health_table *table = &next->content->plan.tables[place];

	for (unsigned int i = 0; i < old_table->backend_count; i++)
		sorted[i] = &old_plan->backends[old_table->first_backend + i];
	qsort(sorted, old_table->backend_count, sizeof(*sorted), watched_compare_addrs);
	for (unsigned int i = 0; i < table->backend_count; i++) {
		unsigned int to = table->first_backend + i;
		const struct health_backend *key = &next->content->plan.backends[to];
		const struct health_backend **found =
			bsearch(&key, sorted, old_table->backend_count, sizeof(*sorted),
				watched_compare_addrs);

		if (!found)
			continue;
		next->backends[to] = old->backends[*found - old_plan->backends];
		next->tables[place] = old->tables[was];
	}
}

static void move_tables(struct watched *next, const struct watched *old,
			const struct health_backend **sorted)
{
	const struct health_plan *plan = &next->content->plan;

	for (unsigned int i = 0; i < plan->table_count && old->content; i++) {
		int was = watched_find_table(&old->content->plan, plan->tables[i].name, i);

		if (was >= 0)
			move_table(next, i, old, (unsigned int)was, sorted);
	}
}

int monitor_follow(struct monitor *monitor, struct content *content)
{
	struct watched old = monitor->now;
	struct watched next = {.content = content_ref(content)};
	unsigned int old_count = old.content ? old.content->plan.backend_count : 0;
	const struct health_backend **sorted = room(old_count, sizeof(*sorted));

	if (!sorted || !watched_allocate(&next, &content->plan) ||
	    watched_find_targets(&next, monitor)) {
		free(sorted);
		watched_release(&next);
		return -ENOMEM;
	}
	note_uses(&next, &content->plan);
	move_tables(&next, &old, sorted);
	free(sorted);
	move_targets(&next, &old);
	monitor->now = next;
	watched_release(&old);
	for (unsigned int i = 0; i < content->plan.check_count; i++)
		target_follow(next.targets[i]);
	monitor->is_new = true;
	verdict_ask_all(monitor);
	return 0;
}

/* --- Restoring --- */

static struct state_check find_check(void *arg, unsigned int place)
{
	const struct monitor *monitor = arg;
	struct monitor_check *known = &monitor->now.targets[place]->known;

	return (struct state_check){.judged = &known->judged, .is_degraded = &known->is_degraded};
}

struct state_view monitor_view(struct monitor *monitor)
{
	return (struct state_view){
		.plan = &monitor->now.content->plan,
		.backends = monitor->now.backends,
		.check = find_check,
		.arg = monitor,
	};
}

void monitor_assume_healthy(struct monitor *monitor, unsigned int backend)
{
	const struct health_backend *one = &monitor->now.content->plan.backends[backend];
	struct judge_backend *judged = &monitor->now.backends[backend];

	judged->is_known = judged->healthy = judged->fit = true;
	for (unsigned int i = 0; i < one->check_count; i++) {
		struct judge_check *check = &monitor->now.targets[one->checks[i]]->known.judged;

		if (check->status == JUDGE_UNKNOWN)
			check->status = JUDGE_UP;
	}
}
