/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director say of itself in JSON?
 *
 * Each function writes members of an object that was opened. For the control thread, while there is
 * a generation in force. None of them takes longer than it takes to write so much.
 */
#ifndef DIRECTOR_SHOW_H
#define DIRECTOR_SHOW_H

#include "director/control.h"
#include "sys/writer.h"

/* Everything in short: what it is, what it serves and since when, and how the last reload ended. */
void show_status(struct writer *w, const struct control *control);

/* Only which tables are in force, with their digests. */
void show_digests(struct writer *w, const struct control *control);

void show_workers(struct writer *w, const struct control *control);
void show_ports(struct writer *w, const struct control *control);

/* The last turns of workers that took too long, the latest first: see director/recorder.h. */
void show_stalls(struct writer *w, const struct control *control);

/*
 * Tables with their binds, and backends with their states and what they were sent: all of them, or
 * those of the table with this name, its number where it has none; ""; all. 0; -ENOENT and nothing
 * written: there is no such table; -ENOMEM.
 */
GLB_NODISCARD int show_tables(struct writer *w, const struct control *control, const char *table);
GLB_NODISCARD int show_backends(struct writer *w, const struct control *control, const char *table);

/* Counters that workers, and ports themselves, have counted; and their sums, as "counters". */
void show_worker_counters(struct writer *w, const struct worker_counters *counters);
void show_losses(struct writer *w, const struct port_losses *losses);
void show_sums(struct writer *w, const struct workers *all);

/*
 * How fast it is, for whoever watches it: status, counters and their rates, workers, the first
 * tables, the backends that get most and those that are not active or not healthy, and the last
 * minutes. Not longer than some hundred kilobytes, however much is served. 0 or -ENOMEM.
 */
GLB_NODISCARD int show_top(struct writer *w, const struct control *control);

enum { TOP_TABLES = 32, TOP_BINDS = 8, TOP_BUSIEST = 50, TOP_UNUSUAL = 50 };

/* Every counter of docs/counters.md: summed, by worker, port, table and backend. 0 or -ENOMEM. */
GLB_NODISCARD int show_stats(struct writer *w, const struct control *control);

#endif
