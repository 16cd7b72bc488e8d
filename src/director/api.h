/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a running director answer questions and take orders?
 *
 * On two Unix sockets (sys/lines.h): one for operators, and one beside it that everybody may
 * connect to and that changes nothing. docs/control-socket.md describes what is said there.
 *
 * All functions are for the control thread.
 */
#ifndef DIRECTOR_API_H
#define DIRECTOR_API_H

#include "director/control.h"

/*
 * Serves at the path that the configuration in force names, on control->loop, and sets
 * control->sockets. 0; or -errno after logging why a path that was given cannot be served. Where
 * none was given and the default cannot be served, a warning says why, and there is no socket.
 */
GLB_NODISCARD int api_open(struct control *control);

/* Does nothing when there is none. */
void api_close(struct control *control);

#endif
