/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which server does a QUIC packet name?
 *
 * A client repeats the connection ID its server gave it, wherever it moves: it is the only thing in
 * a packet that stays when the client's address or port changes. Servers that put a number of their
 * own into the IDs they issue are found again by it. This is the plaintext form of QUIC-LB
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
	GLB_QUIC_TYPE_SHIFT = 4,   /* the type of a long header has two bits: */
	GLB_QUIC_HANDSHAKE_V1 = 2, /* RFC 9000 section 17.2 */
	GLB_QUIC_HANDSHAKE_V2 = 3, /* RFC 9369 section 3.2 */
	GLB_QUIC_V1 = 1,
	GLB_QUIC_V2 = 0x6b3343cf,
	GLB_QUIC_SERVER_LEN = 3, /* bytes of a connection ID that are looked at */
	GLB_QUIC_NO_SERVER = 7,	 /* configuration of an ID that names none */
};

/*
 * Is this the start of a long header whose destination connection ID was given by the server?
 *
 * A client makes up that of Initial and 0-RTT packets itself, and only a server sends Retry packets
 * and version negotiations. Of other versions it is not known.
 */
GLB_INLINE bool glb_quic_is_answer(uint8_t first, uint32_t version)
{
	uint8_t type = first >> GLB_QUIC_TYPE_SHIFT & 3;

	return (version == GLB_QUIC_V1 && type == GLB_QUIC_HANDSHAKE_V1) ||
	       (version == GLB_QUIC_V2 && type == GLB_QUIC_HANDSHAKE_V2);
}

/*
 * The start of the destination connection ID, if a server gave it: GLB_QUIC_SERVER_LEN bytes; else
 * NULL. `cur` is at a QUIC packet.
 */
GLB_INLINE const uint8_t *glb_quic_given_id(struct glb_cursor *cur)
{
	const uint8_t *first = glb_take(cur, 1);

	if (!first)
		return NULL;
	if (!(*first & GLB_QUIC_LONG)) /* only the server knows how long the ID is */
		return glb_take(cur, GLB_QUIC_SERVER_LEN);

	const uint8_t *version = glb_take(cur, 4);
	const uint8_t *id_len = glb_take(cur, 1);

	if (!version || !id_len || *id_len < GLB_QUIC_SERVER_LEN ||
	    !glb_quic_is_answer(*first, glb_load_be32(version)))
		return NULL;
	return glb_take(cur, GLB_QUIC_SERVER_LEN);
}

/*
 * Reads the server ID in the first QUIC packet of a UDP datagram; `cur` is at the UDP header, and
 * len bytes from there are announced: a packet that is quoted may end earlier. False, with
 * *server_id untouched, when it names no server: then the packet goes the way of its flow.
 */
GLB_INLINE bool glb_quic_quoted_id(uint16_t *server_id, struct glb_cursor *cur, size_t len)
{
	const uint8_t *udp = glb_take(cur, GLB_UDP_LEN);

	if (!udp)
		return false;

	uint16_t udp_len = glb_load_be16(udp + 4);

	/* what is behind the datagram is not QUIC; a length that is a lie makes it none at all */
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

/* The same of a datagram that is all there: `cur` ends where the IP packet ends. */
GLB_INLINE bool glb_quic_server_id(uint16_t *server_id, struct glb_cursor *cur)
{
	return glb_quic_quoted_id(server_id, cur, (size_t)(cur->end - cur->at));
}

#endif
