/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does this host get in the way of its VIPs?
 *
 * Asks its kernel about every VIP and every port, and logs where the kernel would answer, forward
 * or reject packets that are the director's, with the command that mends it. What the kernel may do
 * is in src/director/copy.h. Behind a twin port it gets only packets that match no bind, so there a
 * local VIP is right (its other ports are refused as usual), and only forwarding is not: such a
 * packet would go out to the router, which sends it here again.
 */
#ifndef DIRECTOR_HOST_H
#define DIRECTOR_HOST_H

#include <net/if.h>

#include "director/worker.h"

enum {
	HOST_VIPS_MAX = 4096, /* addresses and prefixes asked about */
	HOST_LINES_MAX = 16,
	HOST_LINE_LEN = 512,
};

/* What was logged last. */
struct host {
	char live_device[IF_NAMESIZE]; /* set by the caller: a route through it leads nowhere */
	char lines[HOST_LINES_MAX][HOST_LINE_LEN];
	unsigned int count;
};

/* Asks about the VIPs in force and logs what is in their way now. */
void host_check(struct host *host, const struct workers *workers);

/* The same, after something has changed at the host: logs only what is new, or that all is well. */
void host_check_again(struct host *host, const struct workers *workers);

#endif
