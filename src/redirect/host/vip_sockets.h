/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many connections do the sockets of this network namespace have, by local address?
 *
 * By the kernel's socket diagnostics, sock_diag(7). Connections that NAT or routes lead to another
 * address or namespace have no socket here, and connections of QUIC have none of their own unless
 * the server connects it.
 */
#ifndef GLB_REDIRECT_HOST_VIP_SOCKETS_H
#define GLB_REDIRECT_HOST_VIP_SOCKETS_H

#include "redirect/vip.h"

struct host_addresses;

struct vip_sockets {
	struct vip vip;
	uint64_t tcp;	    /* in any state but LISTEN, CLOSE and TIME-WAIT */
	uint64_t time_wait; /* closed by the application here, and remembered for a minute */
	uint64_t udp;	    /* connected to a client */
};

/* By version, then by address. */
struct vip_socket_list {
	struct vip_sockets *list;
	size_t count;
	size_t room;
	bool failed; /* out of memory: some are missing */
};

/*
 * Counts the sockets whose local address a VIP can have. Those whose other end is on this host,
 * too, are no connections of clients and are left out.
 *
 * Returns 0 and fills *out, to be released with vip_sockets_free(); -ENOMEM; or -EPROTONOSUPPORT if
 * the kernel does not report all sockets.
 */
GLB_NODISCARD int vip_sockets_read(struct vip_socket_list *out, const struct host_addresses *host);

void vip_sockets_free(struct vip_socket_list *sockets);

#endif
