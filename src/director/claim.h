/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does another director serve the same kernel device?
 *
 * Every reader of a device whose frames are copied gets all of them, so two directors on one device
 * would forward every packet twice. A claim is a packet socket (packet(7)) on the device, with its
 * own protocol number, that receives nothing: only processes that may read the device's frames can
 * create one, it belongs to the device's network namespace, where it is visible in
 * /proc/net/packet, and it disappears with the process, however that ends.
 *
 * If two directors start at the same time, both may see the other's claim, and neither starts.
 */
#ifndef DIRECTOR_CLAIM_H
#define DIRECTOR_CLAIM_H

#include <stdint.h>

#include <glb/diag.h>

/*
 * Claims the kernel device under a port, by DPDK port number, if its frames are copied, or taken by
 * an XDP program, of which a device has only one. Returns 0
 * and sets *out, a file descriptor that holds the claim until it is closed; 0 with *out untouched
 * if there is nothing to claim, or claiming is impossible, which is logged; or -EADDRINUSE with a
 * diag that names port, device and, if possible, the process that holds the claim.
 */
GLB_NODISCARD int claim_port(int *out, uint16_t id, struct glb_diag *diag);

#endif
