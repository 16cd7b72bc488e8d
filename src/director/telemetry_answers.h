/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a director describe itself in the types of DPDK's telemetry?
 *
 * A dictionary has at most 256 members, a string 127 bytes and a reply 16 KiB, so lists are
 * columns, arrays of equal length, and long ones are split: `next` is the first item left out, if
 * any. There are no booleans: 1 means yes. Texts are printable (sys/printable.h) and truncated.
 */
#ifndef DIRECTOR_TELEMETRY_ANSWERS_H
#define DIRECTOR_TELEMETRY_ANSWERS_H

struct control;
struct rte_tel_data;

enum { TELEMETRY_PART = 64 }; /* items of a list per reply */

/*
 * Writes a reply; params is the text after the command, or "". Called on the control thread, while
 * there is a generation in force. Returns 0; -ENOENT if there is no such table or worker, or not
 * that many; or -ENOMEM.
 */
typedef int telemetry_answer(struct rte_tel_data *out, const struct control *control,
			     const char *params);

telemetry_answer telemetry_status;
telemetry_answer telemetry_counters;
telemetry_answer telemetry_workers;
telemetry_answer telemetry_tables;
telemetry_answer telemetry_backends;

#endif
