/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packet of an unknown flow has to come back from a proxy, and is one that came it?
 *
 * What is sent is GUE, as a director writes it, whose hop list names the checker itself, around a
 * TCP segment of a connection that never was. A proxy that does not know its flow hands it to the
 * next hop, which is the checker, with the one change that this hop counts as tried.
 */
#ifndef HEALTHCHECK_SECOND_PACKET_H
#define HEALTHCHECK_SECOND_PACKET_H

#include <glb/spec.h>

enum { SECOND_PACKET_LEN_MAX = 96 };

/* The payload of a UDP datagram. */
struct second_packet {
	uint8_t bytes[SECOND_PACKET_LEN_MAX];
	uint16_t len;
	uint16_t gue_len; /* bytes in front of the segment's IP header */
};

/* What nobody can guess, and no two packets have in common. */
struct second_token {
	uint32_t seq; /* of the segment */
	uint32_t ack;
	uint16_t src_port;
};

/*
 * A packet with the hop `own`, around a bare ACK from there to port 443 of dst. Both addresses are
 * of the underlay's IP version.
 */
struct second_packet second_packet_make(const struct second_token *token,
					const struct glb_addr *own, const struct glb_addr *dst);

enum second_fate {
	SECOND_OTHER,	/* not this packet */
	SECOND_CHANGED, /* its segment, but not behind the header that the next hop has to get */
	SECOND_HANDED_ON,
};

/* What has become of a packet that was sent, if this is it: a datagram's payload. */
enum second_fate second_packet_fate(const struct second_packet *sent, const uint8_t *bytes,
				    size_t len);

#endif
