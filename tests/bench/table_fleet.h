/* SPDX-License-Identifier: BSD-3-Clause */
/* Which tables do benchmarks build? */
#ifndef BENCH_TABLE_FLEET_H
#define BENCH_TABLE_FLEET_H

#include <glb/table.h>

enum { TABLE_FLEET_MAX = 4097 }; /* backends of the largest, and one to add */

/* A table of equal, healthy, active IPv4 backends, of which all are there; may not be moved. */
struct table_fleet {
	struct glb_backend backends[TABLE_FLEET_MAX];
	struct glb_bind bind;
	struct glb_table_spec spec;
};

void table_fleet_init(struct table_fleet *fleet, unsigned int backend_count);

/* Copies a fleet. */
void table_fleet_copy(struct table_fleet *out, const struct table_fleet *fleet);

/* An option a table may have. */
struct table_option {
	const char *name;
	void (*set)(struct table_fleet *fleet);
};

enum {
	TABLE_RANK_OPTIONS = 6, /* that matter to ranking; the first is none */
	TABLE_OPTIONS = 7,	/* and max_load, which comes afterwards */
};

extern const struct table_option table_options[TABLE_OPTIONS];

#endif
