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

#include <glb/diag.h>

/*
 * Claims the device of the kernel under a port, by DPDK port number, if frames of it are copied. 0
 * and *out, a file descriptor that holds the claim until it is closed; 0 with *out untouched where
 * nothing is to be claimed, or it cannot be, which is logged; or -EADDRINUSE with a diag that names
 * port, device and, if it can be named, the process that has claimed it.
 */
GLB_NODISCARD int claim_port(int *out, uint16_t id, struct glb_diag *diag);

#endif
