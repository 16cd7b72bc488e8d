/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a running director serve queries and commands?
 *
 * On two Unix sockets (sys/lines.h): one for operators, and a read-only one beside it for
 * everybody. docs/control-socket.md describes the protocol.
 *
 * All functions must be called on the control thread.
 */
#ifndef DIRECTOR_API_H
#define DIRECTOR_API_H

#include "director/control.h"

/*
 * Serves at the path in the configuration in force, on control->loop, and sets control->sockets.
 * Returns 0; or -errno after logging why a configured path cannot be served. If no path was
 * configured and the default cannot be served, a warning says why and there is no socket.
 */
GLB_NODISCARD int api_open(struct control *control);

/* No-op if there is no socket. */
void api_close(struct control *control);

#endif
