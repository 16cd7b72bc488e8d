/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of the kernel's devices under the ports?
 *
 * Before a port is started its device is looked at: whether it carries Ethernet frames, and nobody
 * else serves it.
 */
#ifndef DIRECTOR_LINK_H
#define DIRECTOR_LINK_H

#include <glb/diag.h>

#include "director/dpdk.h"

struct links {
	int claims[RTE_MAX_ETHPORTS]; /* file descriptors, by DPDK port number; or 0 */
};

/*
 * Looks at the device under every port of the EAL, and claims those that only one director can
 * serve. 0, or -errno with a diag that names port and device. To be closed in either case.
 */
GLB_NODISCARD int links_open(struct links *links, struct glb_diag *diag);

/* Gives the claims up. A struct of zeros, or one that was closed, is fine. */
void links_close(struct links *links);

#endif
