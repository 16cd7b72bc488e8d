/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which way do replies to clients take?
 *
 * By the default route of the main table, of several the one with the lowest metric.
 */
#ifndef GLB_REDIRECT_HOST_DEFAULT_ROUTE_H
#define GLB_REDIRECT_HOST_DEFAULT_ROUTE_H

#include <glb/bytes.h>

enum { DEFAULT_ROUTE_WAYS = 8 };

struct default_route {
	int devices[DEFAULT_ROUTE_WAYS]; /* indices; several if the route is multipath */
	unsigned int device_count;
	uint32_t metric;
	uint32_t mtu;	 /* 0: that of the device */
	uint32_t advmss; /* the largest segment that clients are told to send; 0: by the MTU */
};

/* Reads the default route of an IP version. False: there is none. */
GLB_NODISCARD bool default_route_read(struct default_route *out, uint8_t version);

/* Does the route leave by this device, among others? */
bool default_route_leaves_by(const struct default_route *route, int ifindex);

#endif
