/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are tables and backends shown, whoever asks for which of them?
 *
 * For src/director/show_*.c, on the control thread.
 */
#ifndef DIRECTOR_SHOW_TABLES_H
#define DIRECTOR_SHOW_TABLES_H

#include "director/rates.h"
#include "director/show.h"

/* What is shown of which tables. */
struct view {
	const struct glb_tables *tables;
	const struct backend_stats_map *map;   /* NULL: backends are not counted */
	const struct backend_stats_sums *sums; /* likewise */
	const struct rates *rates;	       /* NULL: they are not shown */
	const char *only;		       /* name of a table; "": all */
	unsigned int binds_max;		       /* of a table */
};

/* Of the generation in force. 0, to be given up with view_close(); -ENOENT; -ENOMEM. */
GLB_NODISCARD int view_open(struct view *out, const struct control *control, const char *only);

void view_close(const struct view *view);

/* An object: a table, with its number. */
void view_put_table(struct writer *w, const struct view *view, unsigned int index);

/* An object: a backend of a table, with its place among all of the generation. */
void view_put_backend(struct writer *w, const struct view *view, unsigned int index,
		      const struct glb_backend *backend, uint32_t place);

#endif
