/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a routing daemon see at once that the director is not ready, or not there?
 *
 * By the link of a device. The director makes a TUN device, which the kernel removes with the
 * process, however that ends, and has it up while it is ready (director/ready.h). A static route of
 * a VIP through that device is valid just as long, so the daemon announces it and withdraws it
 * without scripts and without polling. Nothing is to be sent through the device: what arrives on it
 * is dropped.
 *
 * All functions are for the control thread.
 */
#ifndef DIRECTOR_LIVE_H
#define DIRECTOR_LIVE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>

struct live {
	int tun;		/* the device; -1: it is gone */
	int link;		/* socket to set it up or down by */
	char name[IF_NAMESIZE]; /* as configured; "": there is no device, and nothing happens */
	bool up;		/* as it was set last */
	bool is_foreign;	/* its link is not what it was set to: somebody else has set it */
	uint64_t look_at_ms;	/* whether that is so */
	int err;		/* logged last: of making it anew, or of setting it */
};

/*
 * Makes the device, down, in the network namespace of the process. 0, to be closed with
 * live_close(); or -errno with a diag:
 *   -EBUSY   there is a device of this name
 *   -EPERM   it takes CAP_NET_ADMIN
 *   -ENOENT  there is no /dev/net/tun
 *   -EINVAL  no device can have this name
 */
GLB_NODISCARD int live_open(struct live *live, const char *name, struct glb_diag *diag);

/*
 * Sets the device up or down, if it is not. To be called in every turn: drops what has arrived, and
 * makes the device again if somebody has deleted it. Who has set it down by hand is left in charge
 * of it until it is to change; both are logged.
 */
void live_set(struct live *live, bool up);

/* The device is gone afterwards. */
void live_close(struct live *live);

#endif
