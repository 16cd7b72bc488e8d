/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the files that implement the state share?
 *
 *   state.c        writes the text and reads the file
 *   state_parse.c  parses the text
 *   state_kept.c   applies what was parsed
 */
#ifndef HEALTHCHECK_STATE_PARTS_H
#define HEALTHCHECK_STATE_PARTS_H

#include "healthcheck/state.h"

#define STATE_FORMAT "glb-healthcheck state"

enum { STATE_VERSION = 1 };

/* The words of enum judge_status, followed by NULL. */
extern const char *const state_statuses[];

struct kept_backend {
	struct glb_addr addr;
	struct judge_backend judged;
};

struct kept_table {
	const char *name; /* as in the file */
	uint32_t place;
	struct kept_backend *backends; /* by address */
	uint32_t backend_count;
};

struct kept_check {
	const char *name; /* as in the file */
	struct judge_check judged;
	bool is_degraded;
};

/* A parsed text, before any of it is applied. */
struct kept {
	const struct state_time *time;
	struct kept_table *tables; /* by name, then by index */
	struct kept_check *checks; /* by name */
	uint32_t table_count;
	uint32_t check_count;
};

/* Comparison functions for qsort() for each of these lists. */
int kept_backend_order(const void *left, const void *right);
int kept_table_order(const void *left, const void *right);
int kept_check_order(const void *left, const void *right);

/* Applies what is both in the sorted lists and in the plan. */
void kept_use(const struct kept *kept, const struct state_view *view);

void kept_release(struct kept *kept);

#endif
