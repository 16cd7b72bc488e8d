/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do packets of an ordinary socket reach a VIP through one particular backend?
 *
 * A program on the egress of a device encapsulates them in GUE with the outer headers that a
 * director would write: its source address, DF, TTL 64, and an empty hop list, so that no other
 * backend can serve them and mask a failure of this one. Replies come directly from the backend.
 *
 * tunnel_open() requires CAP_BPF and CAP_NET_ADMIN. Nothing after it requires privileges, except
 * for an unprivileged process on Linux before 5.19 with kernel.unprivileged_bpf_disabled set.
 */
#ifndef HEALTHCHECK_TUNNEL_H
#define HEALTHCHECK_TUNNEL_H

#include "conf/health.h"

struct tunnel;

enum { TUNNEL_WHY_LEN = 200 };

/*
 * Loads the program and attaches it to conf->tunnel_interface. Returns 0 and sets *out, to be
 * released with tunnel_close(); or -errno and the reason in words.
 */
GLB_NODISCARD int tunnel_open(struct tunnel **out, const struct health_conf *conf,
			      char why[TUNNEL_WHY_LEN]);

/* No socket may be using it. NULL is fine. */
void tunnel_close(struct tunnel *tunnel);

/* Where a socket is to lead. */
struct tunnel_end {
	const struct glb_addr *vip;
	const struct glb_addr *backend;
	uint16_t full_size; /* minimum size of its SYN in bytes; 0: unchanged */
};

/*
 * Can sockets be directed there now? Returns 0; or -errno and the reason in words, which is local
 * to this host: the device is gone or its MTU too small, the VIP is a local address, or is not
 * routed through the device. Attaches again to a device that was recreated, if permitted.
 */
GLB_NODISCARD int tunnel_check(struct tunnel *tunnel, const struct tunnel_end *end,
			       char why[TUNNEL_WHY_LEN]);

/*
 * Directs a socket that is not connected yet; its packets will fit the device's MTU with GUE.
 * Returns 0 and sets *cookie, for tunnel_leave(); or -errno: -E2BIG if there are too many sockets.
 */
GLB_NODISCARD int tunnel_enter(uint64_t *cookie, struct tunnel *tunnel, int fd,
			       const struct tunnel_end *end);

/* The number of packets of a socket that have been encapsulated. */
uint64_t tunnel_packets(const struct tunnel *tunnel, uint64_t cookie);

/* To be called when the socket is closed. */
void tunnel_leave(struct tunnel *tunnel, uint64_t cookie);

/* Bytes that GUE adds to a packet for a backend. */
unsigned int tunnel_overhead(const struct glb_addr *backend);

#endif
