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

/* Members of an object: what ports count themselves. */
void show_losses(struct writer *w, const struct port_losses *losses);

/* Every counter of docs/counters.md: summed, by worker, port, table and backend. 0 or -ENOMEM. */
GLB_NODISCARD int show_stats(struct writer *w, const struct control *control);

#endif
