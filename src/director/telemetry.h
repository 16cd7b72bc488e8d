/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director say where DPDK's own tools look?
 *
 * The EAL has a socket for telemetry, unless --no-telemetry is among its options, and calls for
 * each client on a thread of its own. Nothing that is asked about is such a thread's to read: it
 * hands the question to the control thread, waits for TELEMETRY_PATIENCE_MS at most, and says so
 * when that was not enough. The control thread answers in its turn, one question at a time.
 */
#ifndef DIRECTOR_TELEMETRY_H
#define DIRECTOR_TELEMETRY_H

#include <glb/bytes.h>

struct control;
struct telemetry;

enum { TELEMETRY_PATIENCE_MS = 1000 };

/*
 * Has the control thread's loop answer the commands of /glb from now on. 0, and it is to be closed
 * with telemetry_close(); or -errno after logging why. Once in a process.
 */
GLB_NODISCARD int telemetry_open(struct control *control);

/* After the loop was closed: questions, waiting ones and later ones, are answered with an error. */
void telemetry_close(struct control *control);

#endif
