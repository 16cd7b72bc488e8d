/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packet of an unknown flow is a proxy expected to send back, and is a received one that
 * packet?
 *
 * We send GUE as a director would, with the checker itself in the hop list, around a TCP segment of
 * a connection that never existed. A proxy that does not know the flow forwards it to the next hop,
 * the checker, and changes nothing but the index of the next hop.
 */
#ifndef HEALTHCHECK_SECOND_PACKET_H
#define HEALTHCHECK_SECOND_PACKET_H

#include <glb/spec.h>

enum { SECOND_PACKET_LEN_MAX = 96 };

/* The payload of a UDP datagram. */
struct second_packet {
	uint8_t bytes[SECOND_PACKET_LEN_MAX];
	uint16_t len;
	uint16_t gue_len; /* bytes before the segment's IP header */
};

/* Unpredictable, and different for every packet. */
struct second_token {
	uint32_t seq; /* sequence number of the segment */
	uint32_t ack;
	uint16_t src_port;
};

/*
 * Builds a packet with the hop `own`, around a bare ACK from that address to port 443 of dst. Both
 * addresses are of the underlay's IP version.
 */
struct second_packet second_packet_make(const struct second_token *token,
					const struct glb_addr *own, const struct glb_addr *dst);

enum second_fate {
	SECOND_OTHER,	/* a different packet */
	SECOND_CHANGED, /* our segment, but not behind the header that the next hop must receive */
	SECOND_HANDED_ON,
};

/* Compares the payload of a received datagram with the packet that was sent. */
enum second_fate second_packet_fate(const struct second_packet *sent, const uint8_t *bytes,
				    size_t len);

#endif
