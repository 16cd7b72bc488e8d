/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does anybody still use the clsact qdisc of a device?
 */
#ifndef GLB_REDIRECT_CLSACT_H
#define GLB_REDIRECT_CLSACT_H

#include <stdbool.h>

/* True when the device is known to have no filter on ingress or egress; false also in doubt. */
bool clsact_is_empty(int ifindex);

#endif
