/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does this host interfere with its VIPs?
 *
 * Queries its kernel about every VIP and every port, and logs where the kernel would reply to,
 * forward or reject packets of the director, with the command that fixes it. src/director/copy.h
 * says what the kernel may do. Behind a twin port it only gets packets that match no bind, so a
 * local VIP is right there (its other ports are refused as usual), and only forwarding is wrong:
 * such a packet would go out to the router, which sends it back.
 */
#ifndef DIRECTOR_HOST_H
#define DIRECTOR_HOST_H

#include <net/if.h>

#include "director/worker.h"

enum {
	HOST_VIPS_MAX = 4096, /* addresses and prefixes queried */
	HOST_LINES_MAX = 16,
	HOST_LINE_LEN = 512,
};

/* What was logged last. */
struct host {
	char live_device[IF_NAMESIZE]; /* set by the caller: a route through it is harmless */
	char lines[HOST_LINES_MAX][HOST_LINE_LEN];
	unsigned int count;
};

/* Checks the VIPs in force and logs what interferes with them now. */
void host_check(struct host *host, const struct workers *workers);

/* The same after a change of the host: logs only what is new, or that all is well. */
void host_check_again(struct host *host, const struct workers *workers);

#endif
