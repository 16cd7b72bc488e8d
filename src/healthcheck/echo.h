/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which bytes does the original send to see whether a backend decapsulates, and which does the
 * backend reply with?
 *
 * An ICMP echo request to the backend's own address, from the checker's, behind a tunnel header, as
 * the payload of a UDP datagram:
 *
 *   gue   GUE without hops          | IPv4 | ICMP echo request | "glbhc_" and 20 characters
 *   fou   GRE with a key, which is 0 | the same
 *
 * The 20 characters are never the same, and come back in the echo reply, which is not encapsulated.
 * IPv6 is ours: GUE or GRE with the numbers of IPv6 (glb/gue.h), IPv6, and an ICMPv6 echo.
 */
#ifndef HEALTHCHECK_ECHO_H
#define HEALTHCHECK_ECHO_H

#include <glb/net.h>
#include <glb/spec.h>

enum {
	ECHO_PREFIX_LEN = 6,  /* "glbhc_" */
	ECHO_RANDOM_LEN = 20, /* of these 5 bits each */
	ECHO_ID_LEN = ECHO_PREFIX_LEN + ECHO_RANDOM_LEN,
	ECHO_HEADER_LEN = 8, /* GUE or GRE */
	ECHO_DATAGRAM_MAX = ECHO_HEADER_LEN + GLB_IPV6_LEN + GLB_ICMP_LEN + ECHO_ID_LEN,
};

enum echo_tunnel { ECHO_GUE, ECHO_GRE };

/* What makes a request unlike any other: the payload of the echo. No NUL behind it. */
struct echo_id {
	char text[ECHO_ID_LEN];
};

/* Of random bytes, whose lower 5 bits count. */
struct echo_id echo_id_of(const uint8_t random[ECHO_RANDOM_LEN]);

/* Writes the datagram, and returns its length. Both addresses are of one version. */
uint32_t echo_request(uint8_t out[ECHO_DATAGRAM_MAX], enum echo_tunnel tunnel,
		      const struct glb_addr *src, const struct glb_addr *dst,
		      const struct echo_id *id);

/*
 * Reads what a raw socket of ICMP has received: of IPv4 the whole packet, of IPv6 what is behind
 * its headers, and the kernel has checked the sum. True and *out: it is an echo reply, whole and
 * under a right checksum, to a request as above. Else false, with *out untouched.
 */
bool echo_reply_read(struct echo_id *out, uint8_t version, const uint8_t *bytes, size_t len);

#endif
