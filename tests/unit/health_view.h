/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a test of the state file keep?
 *
 * A plan of four tables, two of them without a name, and three checks; of all of them nothing is
 * known.
 */
#ifndef UNIT_HEALTH_VIEW_H
#define UNIT_HEALTH_VIEW_H

#include <string.h>

#include "healthcheck/state.h"

enum { VIEW_TABLES = 4, VIEW_BACKENDS = 6, VIEW_CHECKS = 3 };

struct health_view {
	struct health_table tables[VIEW_TABLES];
	struct health_backend planned[VIEW_BACKENDS];
	struct health_check planned_checks[VIEW_CHECKS];
	struct health_plan plan;
	struct judge_backend backends[VIEW_BACKENDS];
	struct judge_check checks[VIEW_CHECKS];
	bool degraded[VIEW_CHECKS];
	struct state_view view;
};

static inline struct state_check health_view_check(void *arg, unsigned int place)
{
	struct health_view *all = arg;

	return (struct state_check){&all->checks[place], &all->degraded[place]};
}

static inline struct glb_addr health_view_addr(uint8_t last)
{
	return (struct glb_addr){.bytes = {192, 0, 2, last}, .version = 4};
}

/* Into *all, which must stay where it is. */
static inline void health_view_make(struct health_view *all)
{
	static const struct {
		const char *name;
		unsigned int count;
	} tables[VIEW_TABLES] = {{"web", 2}, {"", 1}, {"", 1}, {"mail \"é\"\n", 2}};
	static const char *const checks[VIEW_CHECKS] = {"tcp 192.0.2.1:80", "http 192.0.2.1:80 /",
							"exec /bin/x \"é\"\n"};

	memset(all, 0, sizeof(*all));
	for (unsigned int i = 0, first = 0; i < VIEW_TABLES; first += tables[i++].count)
		all->tables[i] = (struct health_table){
			.name = (char *)tables[i].name,
			.first_backend = first,
			.backend_count = tables[i].count,
		};
	for (uint8_t i = 0; i < VIEW_BACKENDS; i++)
		all->planned[i].addr = health_view_addr(i + 1);
	all->planned[VIEW_BACKENDS - 1].addr =
		(struct glb_addr){.bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}, .version = 6};
	for (unsigned int i = 0; i < VIEW_CHECKS; i++)
		all->planned_checks[i].name = (char *)checks[i];
	all->plan = (struct health_plan){
		.tables = all->tables,
		.backends = all->planned,
		.checks = all->planned_checks,
		.table_count = VIEW_TABLES,
		.backend_count = VIEW_BACKENDS,
		.check_count = VIEW_CHECKS,
	};
	all->view = (struct state_view){
		.plan = &all->plan,
		.backends = all->backends,
		.check = health_view_check,
		.arg = all,
	};
}

/* Do two of them know the same? */
static inline bool health_view_same(const struct health_view *a, const struct health_view *b)
{
	return !memcmp(a->backends, b->backends, sizeof(a->backends)) &&
	       !memcmp(a->checks, b->checks, sizeof(a->checks)) &&
	       !memcmp(a->degraded, b->degraded, sizeof(a->degraded));
}

#endif
