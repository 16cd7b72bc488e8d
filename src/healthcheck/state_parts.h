/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do those have in common who know what is in a state file?
 *
 *   state.c        writes its text, and reads the file
 *   state_parse.c  reads its text
 *   state_kept.c   uses what it says
 */
#ifndef HEALTHCHECK_STATE_PARTS_H
#define HEALTHCHECK_STATE_PARTS_H

#include "healthcheck/state.h"

#define STATE_FORMAT "glb-healthcheck state"

enum { STATE_VERSION = 1 };

/* The words of enum judge_status, and NULL. */
extern const char *const state_statuses[];

struct kept_backend {
	struct glb_addr addr;
	struct judge_backend judged;
};

struct kept_table {
	const char *name; /* the file's */
	uint32_t place;
	struct kept_backend *backends; /* by address */
	uint32_t backend_count;
};

struct kept_check {
	const char *name; /* the file's */
	struct judge_check judged;
	bool is_degraded;
};

/* What a text says, before anything of it is used. */
struct kept {
	const struct state_time *time;
	struct kept_table *tables; /* by name, then by place */
	struct kept_check *checks; /* by name */
	uint32_t table_count;
	uint32_t check_count;
};

/* Of two elements of each of these lists, as for qsort(). */
int kept_backend_order(const void *left, const void *right);
int kept_table_order(const void *left, const void *right);
int kept_check_order(const void *left, const void *right);

/* Sets what is both in it, sorted, and in the plan. */
void kept_use(const struct kept *kept, const struct state_view *view);

void kept_release(struct kept *kept);

#endif
