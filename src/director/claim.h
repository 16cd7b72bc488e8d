/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does anybody else serve the same device of the kernel?
 *
 * Every reader of a device whose frames are copied gets all of them, so two directors on one would
 * forward every packet twice. A claim is a listening abstract Unix socket (unix(7)) with the
 * device's number in its name: such names belong to the network namespace, as the device does, and
 * vanish with the process, however it ends. It is asked nothing; connecting to it tells whose it
 * is.
 */
#ifndef DIRECTOR_CLAIM_H
#define DIRECTOR_CLAIM_H

#include <stdint.h>
#include <sys/types.h>

#include <glb/diag.h>

/*
 * Claims the device with this number in the network namespace of the caller. The file descriptor
 * that holds the claim until it is closed, or -errno:
 *   -EADDRINUSE   it is claimed; *holder is the process that did so, or 0 if it cannot be named
 *   other         there are no such sockets here
 */
GLB_NODISCARD int claim_take(uint32_t ifindex, pid_t *holder);

#endif
