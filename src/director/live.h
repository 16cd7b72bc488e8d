/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a routing daemon notice at once that the director is not ready, or gone?
 *
 * By the link of a device. The director creates a TUN device, which the kernel removes with the
 * process, however that ends, and keeps it up while it is ready (director/ready.h). A static route
 * for a VIP through that device is valid for just that time, so the daemon announces and withdraws
 * it without scripts or polling. No traffic is meant to go through the device: packets that arrive
 * on it are dropped.
 *
 * All functions must be called on the control thread.
 */
#ifndef DIRECTOR_LIVE_H
#define DIRECTOR_LIVE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>

struct live {
	int tun;		/* the device; -1: it is gone */
	int link;		/* socket for setting it up or down */
	char name[IF_NAMESIZE]; /* as configured; "": no device, all functions are no-ops */
	bool up;		/* as set last */
	bool is_foreign;     /* its link differs from what was set: someone else has changed it */
	uint64_t look_at_ms; /* when to check that next */
	int err;	     /* logged last, of creating or setting it */
};

/*
 * Creates the device, down, in the network namespace of the process. Returns 0, to be released with
 * live_close(); or -errno with a diag:
 *   -EBUSY   a device of this name exists
 *   -EPERM   CAP_NET_ADMIN is required
 *   -ENOENT  /dev/net/tun does not exist
 *   -EINVAL  not a valid name for a device
 */
GLB_NODISCARD int live_open(struct live *live, const char *name, struct glb_diag *diag);

/*
 * Sets the device up or down if necessary. To be called in every turn: drops packets that have
 * arrived, and recreates the device if someone has deleted it. If someone has set it down, it is
 * left alone until the next change of `up`; both are logged.
 */
void live_set(struct live *live, bool up);

/* Removes the device. */
void live_close(struct live *live);

#endif
