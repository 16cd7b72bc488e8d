/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * By which device would this host send to an address?
 *
 * The kernel is asked over rtnetlink(7), which needs no privilege, and answers at once.
 */
#ifndef HEALTHCHECK_TUNNEL_ROUTE_H
#define HEALTHCHECK_TUNNEL_ROUTE_H

#include <glb/spec.h>

struct tunnel_route {
	int ifindex;
	bool is_local; /* the address is this host's own */
};

/* A descriptor for tunnel_route_find(), to be closed with close(), or -errno. */
GLB_NODISCARD int tunnel_route_open(void);

/*
 * 0 and *out, or -errno: -ENETUNREACH, -EHOSTUNREACH, -EACCES or -EINVAL when there is no route, or
 * one that leads nowhere.
 */
GLB_NODISCARD int tunnel_route_find(struct tunnel_route *out, int fd, const struct glb_addr *addr);

#endif
