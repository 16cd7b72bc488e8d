/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director say of itself in the types of DPDK's telemetry?
 *
 * A dictionary has at most 256 members, a string 127 bytes and an answer 16 KiB, so lists are
 * columns, arrays of one length, and long ones come in parts: `next` is the first that is left out,
 * where there is one. There are no booleans: 1 is yes. Texts are printable (sys/printable.h) and
 * cut.
 */
#ifndef DIRECTOR_TELEMETRY_ANSWERS_H
#define DIRECTOR_TELEMETRY_ANSWERS_H

struct control;
struct rte_tel_data;

enum { TELEMETRY_PART = 64 }; /* items of a list in one answer */

/*
 * Writes an answer; params are what stands behind the command, "" if nothing does. For the control
 * thread, while there is a generation in force. 0; -ENOENT: no such table or worker, or not so
 * many; -ENOMEM.
 */
typedef int telemetry_answer(struct rte_tel_data *out, const struct control *control,
			     const char *params);

telemetry_answer telemetry_status;
telemetry_answer telemetry_counters;
telemetry_answer telemetry_workers;
telemetry_answer telemetry_tables;
telemetry_answer telemetry_backends;

#endif
