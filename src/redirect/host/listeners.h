/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which sockets of this network namespace wait for clients, and how full are their queues?
 *
 * By the kernel's socket diagnostics, sock_diag(7): listeners of TCP, and UDP sockets that are not
 * connected.
 */
#ifndef GLB_REDIRECT_HOST_LISTENERS_H
#define GLB_REDIRECT_HOST_LISTENERS_H

#include <glb/spec.h>

struct listener {
	struct glb_addr address; /* all bytes 0: any */
	uint16_t port;
	uint8_t proto; /* GLB_PROTO_TCP or GLB_PROTO_UDP */
	bool v6_only;
	uint32_t waiting; /* TCP: connections that have not been accepted yet */
	uint32_t backlog; /* TCP: the kernel lets one more than this wait */
};

/* In the kernel's order. */
struct listeners {
	struct listener *list;
	size_t count;
	size_t room;
	bool failed; /* out of memory: some are missing */
};

/*
 * Reads all of TCP or UDP. Returns 0 and fills *out, to be released with listeners_free();
 * -ENOMEM; or -ENOTSUP if the kernel does not tell.
 */
GLB_NODISCARD int listeners_read(struct listeners *out, uint8_t proto);

void listeners_free(struct listeners *listeners);

/* Does the socket receive what is sent to this address? */
bool listener_serves(const struct listener *listener, const struct glb_addr *address);

/* How full is the accept queue, in percent: 100 if the next connection is dropped. */
uint32_t listener_fill(const struct listener *listener);

enum { LISTENER_TEXT_LEN = 64 };

/* Formats as `192.0.2.10:443` or `[::]:443`. Returns out. */
const char *listener_text(char out[LISTENER_TEXT_LEN], const struct listener *listener);

#endif
