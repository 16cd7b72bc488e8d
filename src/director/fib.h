/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where would the host's kernel send a packet?
 *
 * Queries its routing tables over rtnetlink(7), waiting for each reply, for at most FIB_TIMEOUT_MS
 * in total from fib_open() on. Called on the control thread.
 */
#ifndef DIRECTOR_FIB_H
#define DIRECTOR_FIB_H

#include <net/if.h>

#include <glb/diag.h>
#include <glb/spec.h>

#include "director/copy.h"

enum { FIB_TIMEOUT_MS = 500 };

struct mnl_socket;

struct fib {
	struct mnl_socket *socket;
	uint64_t until_ms; /* on the monotonic clock */
	uint32_t seq;
};

/* The route that an address matches. */
struct fib_route {
	enum copy_route kind;
	struct glb_addr dst; /* with prefix_len: its destination; version 0: unknown */
	uint8_t prefix_len;
	char device[IF_NAMESIZE]; /* "": none */
};

/* Returns 0, to be released with fib_close(); or -errno if netlink is not available. */
GLB_NODISCARD int fib_open(struct fib *out);

/* Looks up an address. Returns 0; or -errno: -ETIMEDOUT or that of the socket. */
GLB_NODISCARD int fib_lookup(struct fib_route *out, struct fib *fib, const struct glb_addr *addr);

/* Is there any IPv6 route through a gateway? False if that cannot be determined. */
bool fib_has_gateway6(struct fib *fib);

void fib_close(struct fib *fib);

#endif
