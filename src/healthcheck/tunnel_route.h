/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Through which device would this host send to an address?
 *
 * Asks the kernel over rtnetlink(7), which requires no privileges and replies immediately.
 */
#ifndef HEALTHCHECK_TUNNEL_ROUTE_H
#define HEALTHCHECK_TUNNEL_ROUTE_H

#include <glb/spec.h>

struct tunnel_route {
	int ifindex;
	bool is_local; /* the address is local */
};

/* Returns a descriptor for tunnel_route_find(), to be released with close(), or -errno. */
GLB_NODISCARD int tunnel_route_open(void);

/*
 * Returns 0 and sets *out; or -errno: -ENETUNREACH, -EHOSTUNREACH, -EACCES or -EINVAL if there is
 * no route, or one that rejects packets.
 */
GLB_NODISCARD int tunnel_route_find(struct tunnel_route *out, int fd, const struct glb_addr *addr);

#endif
