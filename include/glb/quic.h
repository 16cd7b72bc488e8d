/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which server does a QUIC packet name?
 *
 * A client uses the connection ID issued by its server wherever it moves: it is the only part of a
 * packet that stays when the client's address or port changes. Servers that put their own number
 * into the IDs they issue are found again by it. This is the plaintext form of QUIC-LB
 * (draft-ietf-quic-load-balancers-19, sections 3 and 5) with server IDs of two bytes:
 *
 *   first octet   3 bits: configuration, 7 for an ID that names no server; 5 bits: the server's
 *   server ID     16 bits, big endian
 *   nonce         the rest
 *
 * Layer 0: freestanding, and reads through a cursor only.
 */
#ifndef GLB_QUIC_H
#define GLB_QUIC_H

#include <glb/cursor.h>
#include <glb/net.h>

enum {
	GLB_QUIC_LONG = 0x80,	   /* in the first byte: long header, RFC 8999 section 5.1 */
	GLB_QUIC_TYPE_SHIFT = 4,   /* position of the two bits that are the type of a long header */
	GLB_QUIC_HANDSHAKE_V1 = 2, /* RFC 9000 section 17.2 */
	GLB_QUIC_HANDSHAKE_V2 = 3, /* RFC 9369 section 3.2 */
	GLB_QUIC_V1 = 1,
	GLB_QUIC_V2 = 0x6b3343cf,
	GLB_QUIC_SERVER_LEN = 3, /* bytes of a connection ID that are read */
	GLB_QUIC_NO_SERVER = 7,	 /* configuration of an ID that names no server */
};

/*
 * Is this the start of a long header whose destination connection ID was issued by the server?
 *
 * That of Initial and 0-RTT packets is chosen by the client, and only a server sends Retry and
 * Version Negotiation packets. For other versions it is unknown.
 */
GLB_INLINE bool glb_quic_is_answer(uint8_t first, uint32_t version)
{
	uint8_t type = first >> GLB_QUIC_TYPE_SHIFT & 3;

	return (version == GLB_QUIC_V1 && type == GLB_QUIC_HANDSHAKE_V1) ||
	       (version == GLB_QUIC_V2 && type == GLB_QUIC_HANDSHAKE_V2);
}

/*
 * The first GLB_QUIC_SERVER_LEN bytes of the destination connection ID, if a server issued it;
 * otherwise NULL. `cur` is at a QUIC packet.
 */
GLB_INLINE const uint8_t *glb_quic_given_id(struct glb_cursor *cur)
{
	const uint8_t *first = glb_take(cur, 1);

	if (!first)
		return NULL;
	if (!(*first & GLB_QUIC_LONG)) /* the length of the ID is known to the server only */
		return glb_take(cur, GLB_QUIC_SERVER_LEN);

	const uint8_t *version = glb_take(cur, 4);
	const uint8_t *id_len = glb_take(cur, 1);

	if (!version || !id_len || *id_len < GLB_QUIC_SERVER_LEN ||
	    !glb_quic_is_answer(*first, glb_load_be32(version)))
		return NULL;
	return glb_take(cur, GLB_QUIC_SERVER_LEN);
}

/*
 * Reads the server ID in the first QUIC packet of a UDP datagram. `cur` is at the UDP header, and
 * `len` is the number of bytes announced from there: a quoted packet may be truncated. False, with
 * *server_id untouched, if it names no server: the packet then follows its flow.
 */
GLB_INLINE bool glb_quic_quoted_id(uint16_t *server_id, struct glb_cursor *cur, size_t len)
{
	const uint8_t *udp = glb_take(cur, GLB_UDP_LEN);

	if (!udp)
		return false;

	uint16_t udp_len = glb_load_be16(udp + 4);

	/* bytes after the datagram are not QUIC; an invalid length makes it not QUIC at all */
	if (udp_len < GLB_UDP_LEN || udp_len > len)
		return false;

	size_t payload_len = udp_len - (size_t)GLB_UDP_LEN;
	size_t there = (size_t)(cur->end - cur->at);
	struct glb_cursor payload = glb_cursor(cur->at, payload_len < there ? payload_len : there);
	const uint8_t *id = glb_quic_given_id(&payload);

	if (!id || id[0] >> 5 == GLB_QUIC_NO_SERVER)
		return false;
	*server_id = glb_load_be16(id + 1);
	return true;
}

/* Reads the server ID of a datagram that is complete: `cur` is at the UDP header and ends where the
 * IP packet ends. Returns as glb_quic_quoted_id() does. */
GLB_INLINE bool glb_quic_server_id(uint16_t *server_id, struct glb_cursor *cur)
{
	return glb_quic_quoted_id(server_id, cur, (size_t)(cur->end - cur->at));
}

/*
 * May the UDP datagram at the cursor open a connection? Its first packet is then an Initial or
 * 0-RTT packet, whose connection ID the client made up, or has a long header of a version whose
 * types are unknown here. Five bytes of the payload are read. Never true if a server is named.
 */
GLB_INLINE bool glb_quic_may_open(struct glb_cursor *cur)
{
	const uint8_t *udp = glb_take(cur, GLB_UDP_LEN);
	const uint8_t *first = glb_take(cur, 1);
	const uint8_t *version = glb_take(cur, 4);

	return udp && first && version && glb_load_be16(udp + 4) >= GLB_UDP_LEN + 5 &&
	       *first & GLB_QUIC_LONG && !glb_quic_is_answer(*first, glb_load_be32(version));
}

#endif
