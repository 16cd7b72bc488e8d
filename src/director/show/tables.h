/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are tables and backends written, for all requests that show them?
 *
 * Private to this folder, on the control thread.
 */
#ifndef DIRECTOR_SHOW_TABLES_H
#define DIRECTOR_SHOW_TABLES_H

#include "director/rates.h"
#include "director/show/show.h"

/* What to show, and of which tables. */
struct view {
	const struct glb_tables *tables;
	const struct backend_stats_map *map;   /* NULL: backends are not counted */
	const struct backend_stats_sums *sums; /* NULL: backends are not counted */
	const struct rates *rates;	       /* NULL: not shown */
	const char *only;		       /* name of a table; "": all */
	unsigned int binds_max;		       /* per table */
};

/* Prepares a view of the generation in force. Returns 0, to be released with view_close();
 * -ENOENT; or -ENOMEM. */
GLB_NODISCARD int view_open(struct view *out, const struct control *control, const char *only);

void view_close(const struct view *view);

/* Writes an object: a table, with its number. */
void view_put_table(struct writer *w, const struct view *view, unsigned int index);

/* Writes an object: a backend of a table, with its index among all of the generation. */
void view_put_backend(struct writer *w, const struct view *view, unsigned int index,
		      const struct glb_backend *backend, uint32_t place);

#endif
