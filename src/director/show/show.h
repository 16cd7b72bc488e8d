/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a director describe itself in JSON?
 *
 * Each function writes members of an object that the caller has opened. Called on the control
 * thread, while there is a generation in force; none takes longer than writing its output.
 */
#ifndef DIRECTOR_SHOW_SHOW_H
#define DIRECTOR_SHOW_SHOW_H

#include "director/control.h"
#include "sys/writer.h"

/* A summary: version, what is being served and since when, and how the last reload ended. */
void show_status(struct writer *w, const struct control *control);

/* Only the tables in force, with their digests. */
void show_digests(struct writer *w, const struct control *control);

/* The deny file, and what is in force of it: no prefixes and digest if it was invalid at start. */
void show_deny(struct writer *w, const struct control *control);

void show_workers(struct writer *w, const struct control *control);
void show_ports(struct writer *w, const struct control *control);

/* The meters in force, with their limits and what they have counted. */
void show_meters(struct writer *w, const struct control *control);
void show_meter(struct writer *w, const struct control *control, const struct glb_meter *meter);

/* The latest turns of workers that took too long, newest first: see director/recorder.h. */
void show_stalls(struct writer *w, const struct control *control);

/*
 * Tables with their binds, and backends with their states and counters: of all tables (""), or of
 * the one with this name, or number if it has no name. Returns 0; -ENOENT, with nothing written, if
 * there is no such table; or -ENOMEM.
 */
GLB_NODISCARD int show_tables(struct writer *w, const struct control *control, const char *table);
GLB_NODISCARD int show_backends(struct writer *w, const struct control *control, const char *table);

/* Counters of workers and of the ports themselves, and their sums, as "counters". */
void show_worker_counters(struct writer *w, const struct worker_counters *counters);
void show_losses(struct writer *w, const struct port_losses *losses);
void show_sums(struct writer *w, const struct workers *all);

/*
 * Live figures: status, counters and their rates, workers, the first tables, the backends with most
 * packets and those that are not active or not healthy, and the last minutes. At most some hundred
 * kilobytes, however much is served. Returns 0 or -ENOMEM.
 */
GLB_NODISCARD int show_top(struct writer *w, const struct control *control);

enum { TOP_TABLES = 32, TOP_BINDS = 8, TOP_BUSIEST = 50, TOP_UNUSUAL = 50 };

/* Every counter of docs/counters.md: totals, by worker, port, table and backend. Returns 0 or
 * -ENOMEM. */
GLB_NODISCARD int show_stats(struct writer *w, const struct control *control);

#endif
