/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in the outer headers of a packet from a director or another proxy?
 *
 * IPv4 or IPv6, UDP and GUE, between Ethernet and the client's packet.
 */
#ifndef GLB_REDIRECT_TUNNEL_H
#define GLB_REDIRECT_TUNNEL_H

#include <glb/gue.h>

#include "ecn.h"

enum { IP_AT = GLB_ETHER_LEN, IP_CHECK_AT = IP_AT + 10, ETHERTYPE_AT = 12 };

struct tunnel {
	uint64_t generation;  /* of this host's addresses, see own_address.h */
	uint16_t udp_check;   /* in network byte order */
	uint16_t payload_len; /* bytes after the GUE header, by the UDP length */
	uint16_t len;	      /* bytes of the outer headers, without Ethernet */
	uint16_t tcp_at;      /* of TCP: where its header is in the client's packet */
	uint8_t ecn;	      /* of the outer IP header, enum ecn */
	uint8_t next_hop;
	uint8_t hop_count;
	uint8_t client_version; /* of the client's packet: 4 or 6 */
	uint8_t client_second;	/* its second byte, which has the ECN field */
	uint8_t client_next;	/* its next header field, if it is IPv6 */
};

/* Offsets in the frame, by IP version of the outer headers. */
GLB_INLINE uint32_t udp_at(uint8_t version)
{
	return IP_AT + (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);
}

GLB_INLINE uint32_t gue_at(uint8_t version)
{
	return udp_at(version) + GLB_UDP_LEN;
}

GLB_INLINE uint32_t addresses_at(uint8_t version)
{
	return IP_AT + (version == 4 ? 12 : 8);
}

/* Bytes of an address. */
GLB_INLINE uint32_t address_len(uint8_t version)
{
	return version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
}

/*
 * Parses the outer headers, of this IP version, of a frame of frame_len bytes and leaves the cursor
 * at the client's packet. False if they are malformed, or announce more than the frame has.
 */
GLB_INLINE bool read_tunnel(struct tunnel *tunnel, struct glb_cursor *cur, uint32_t frame_len,
			    uint8_t version)
{
	const uint8_t *frame = glb_take(cur, gue_at(version));
	struct glb_gue gue;

	if (!frame || !glb_gue_decode(&gue, cur, address_len(version)))
		return false;

	const uint8_t *ip = frame + IP_AT;
	const uint8_t *udp = frame + udp_at(version);
	uint32_t udp_len = glb_load_be16(udp + 4);
	uint32_t room = version == 4 ? glb_load_be16(ip + 2) - (uint32_t)GLB_IPV4_LEN
				     : glb_load_be16(ip + 4);

	if (room > UINT16_MAX || udp_at(version) + room > frame_len || udp_len > room ||
	    udp_len < (uint32_t)GLB_UDP_LEN + gue.len)
		return false;

	tunnel->udp_check = glb_load16(udp + 6);
	tunnel->payload_len = (uint16_t)(udp_len - GLB_UDP_LEN - gue.len);
	tunnel->len = (uint16_t)(gue_at(version) - IP_AT + gue.len);
	tunnel->ecn = (uint8_t)ecn_of(ip[1], version);
	tunnel->next_hop = gue.next_hop;
	tunnel->hop_count = gue.hop_count;
	tunnel->client_version = gue.proto == GLB_PROTO_IPIP ? 4 : 6;
	return true;
}

/* Reads some fields of the client's packet at the cursor; false if it is too short. */
GLB_INLINE bool peek_at_client(struct tunnel *tunnel, struct glb_cursor cur)
{
	const uint8_t *ip = glb_take(&cur, GLB_IPV4_LEN);

	if (!ip)
		return false;
	tunnel->client_second = ip[1];
	tunnel->client_next = ip[6];
	return true;
}

#endif
