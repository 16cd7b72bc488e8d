/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does anybody else serve the same device of the kernel?
 *
 * Every reader of a device whose frames are copied gets all of them, so two directors on one would
 * forward every packet twice. A claim is a packet socket (packet(7)) on the device, with a protocol
 * of its own, that receives nothing: only who may read the device's frames can make one, it belongs
 * to the network namespace as the device does, all others there see it in /proc/net/packet, and it
 * vanishes with the process, however it ends.
 *
 * Of two directors that start at the same time both may see the other, and neither starts.
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
