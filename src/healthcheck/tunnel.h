/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do packets of an ordinary socket get to a VIP through one certain backend?
 *
 * A program on the egress of a device puts them into GUE, with the outer headers that a director
 * writes: its source address, DF, TTL 64, and a hop list without hops, so that nobody but this
 * backend can serve them, and none of its failures is made up for by the next hop. Replies come
 * straight from the backend.
 *
 * tunnel_open() takes CAP_BPF and CAP_NET_ADMIN; nothing after it takes any, but for an
 * unprivileged process of Linux before 5.19 where kernel.unprivileged_bpf_disabled is set.
 */
#ifndef HEALTHCHECK_TUNNEL_H
#define HEALTHCHECK_TUNNEL_H

#include "conf/health.h"

struct tunnel;

enum { TUNNEL_WHY_LEN = 200 };

/*
 * Loads the program and attaches it to conf->tunnel_interface. 0 and *out, for tunnel_close(); or
 * -errno and the reason in words.
 */
GLB_NODISCARD int tunnel_open(struct tunnel **out, const struct health_conf *conf,
			      char why[TUNNEL_WHY_LEN]);

/* No socket may be in it. NULL is fine. */
void tunnel_close(struct tunnel *tunnel);

/* Where a socket is to lead. */
struct tunnel_end {
	const struct glb_addr *vip;
	const struct glb_addr *backend;
	uint16_t full_size; /* bytes of its SYN, at least; 0: as TCP makes it */
};

/*
 * Can sockets be led there now? 0; or -errno and the reason in words, which is this host's own: the
 * device has gone or its MTU is too small, the VIP is an address of this host, or not routed by the
 * device. A device that has come back is taken again, if the kernel lets us.
 */
GLB_NODISCARD int tunnel_check(struct tunnel *tunnel, const struct tunnel_end *end,
			       char why[TUNNEL_WHY_LEN]);

/*
 * From now on packets of the socket, which is not connected yet, go there, and fit the device's MTU
 * in GUE. 0 and *cookie, for tunnel_leave(); or -errno: -E2BIG when too many sockets are in it.
 */
GLB_NODISCARD int tunnel_enter(uint64_t *cookie, struct tunnel *tunnel, int fd,
			       const struct tunnel_end *end);

/* How many packets of a socket have left in GUE so far. */
uint64_t tunnel_packets(const struct tunnel *tunnel, uint64_t cookie);

/* To be called when the socket is closed. */
void tunnel_leave(struct tunnel *tunnel, uint64_t cookie);

/* Bytes that GUE adds to a packet on its way to a backend. */
unsigned int tunnel_overhead(const struct glb_addr *backend);

#endif
