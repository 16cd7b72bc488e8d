/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packet does the original send to test whether a backend decapsulates, and what is the
 * reply?
 *
 * An ICMP echo request from the checker's address to the backend's, behind a tunnel header, as the
 * payload of a UDP datagram:
 *
 *   gue   GUE without hops             | IPv4 | ICMP echo request | "glbhc_" and 20 characters
 *   fou   GRE with a key, which is 0   | the same
 *
 * The 20 characters are different each time and return in the echo reply, which is not
 * encapsulated. IPv6 is an extension of ours: GUE or GRE with the protocol numbers of IPv6
 * (glb/gue.h), IPv6, and an ICMPv6 echo.
 */
#ifndef HEALTHCHECK_ECHO_H
#define HEALTHCHECK_ECHO_H

#include <glb/net.h>
#include <glb/spec.h>

enum {
	ECHO_PREFIX_LEN = 6,  /* "glbhc_" */
	ECHO_RANDOM_LEN = 20, /* of 5 bits each */
	ECHO_ID_LEN = ECHO_PREFIX_LEN + ECHO_RANDOM_LEN,
	ECHO_HEADER_LEN = 8, /* GUE or GRE */
	ECHO_DATAGRAM_MAX = ECHO_HEADER_LEN + GLB_IPV6_LEN + GLB_ICMP_LEN + ECHO_ID_LEN,
};

enum echo_tunnel { ECHO_GUE, ECHO_GRE };

/* The unique payload of an echo request. Not NUL-terminated. */
struct echo_id {
	char text[ECHO_ID_LEN];
};

/* Makes one from random bytes, of which the lower 5 bits are used. */
struct echo_id echo_id_of(const uint8_t random[ECHO_RANDOM_LEN]);

/* Writes the datagram and returns its length. Both addresses are of the same IP version. */
uint32_t echo_request(uint8_t out[ECHO_DATAGRAM_MAX], enum echo_tunnel tunnel,
		      const struct glb_addr *src, const struct glb_addr *dst,
		      const struct echo_id *id);

/*
 * Parses what a raw ICMP socket has received: for IPv4 the whole packet; for IPv6 the payload,
 * whose checksum the kernel has verified. True, with *out set: a complete echo reply with a valid
 * checksum to a request as above. False: anything else; *out is untouched.
 */
bool echo_reply_read(struct echo_id *out, uint8_t version, const uint8_t *bytes, size_t len);

#endif
