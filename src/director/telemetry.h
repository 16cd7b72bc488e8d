/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director provide to DPDK's own tools?
 *
 * The EAL has a telemetry socket, unless --no-telemetry is among its options, and serves each
 * client on a separate thread. Such a thread must not read the director's data: it passes the
 * request to the control thread, waits at most TELEMETRY_PATIENCE_MS, and reports if that was not
 * enough. The control thread replies to one request per turn.
 */
#ifndef DIRECTOR_TELEMETRY_H
#define DIRECTOR_TELEMETRY_H

#include <stdbool.h>
#include <string.h>

#include <glb/bytes.h>

struct control;
struct telemetry;

enum { TELEMETRY_PATIENCE_MS = 1000 };

/*
 * Serves the commands of /glb on the control thread's loop from now on. Returns 0, to be released
 * with telemetry_close(); or -errno after logging why. Once per process.
 */
GLB_NODISCARD int telemetry_open(struct control *control);

/*
 * Are these the parameters, or NULL, that were sent with a command? The EAL of DPDK 22.11 splits a
 * request with strtok(), one for all threads: while another client sends one, the parameters may be
 * of that one, on the stack of a thread that can end. So they are compared, not read: those of a
 * request follow the NUL of its command.
 */
static inline bool telemetry_are_own(const char *command, const char *params)
{
	return !params || params == command + strlen(command) + 1;
}

/* Called after the loop was closed: waiting and later requests get an error. */
void telemetry_close(struct control *control);

#endif
