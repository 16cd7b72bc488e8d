/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which addresses decide whether a packet is the director's?
 *
 * Its destination; and for an ICMP error the source of the packet that it quotes, as the director
 * reads it (glb/parse.h). Ports do not matter: echo requests and later fragments have none. Nor
 * does what is wrong with a packet: the director counts what is broken and was sent to a VIP.
 *
 * Freestanding: for the XDP program.
 */
#ifndef DIRECTOR_XDP_SUBJECT_H
#define DIRECTOR_XDP_SUBJECT_H

#include <glb/gue.h>
#include <glb/parse.h>

#include "key.h"

/* The IP version of the frame at the cursor, which is moved to the IP header; 0: it is not IP. */
GLB_INLINE uint8_t subject_version(struct glb_cursor *cur)
{
	uint16_t type;

	if (!glb_parse_ether(&type, cur))
		return 0;
	if (type == GLB_ETHERTYPE_IPV4)
		return 4;
	return type == GLB_ETHERTYPE_IPV6 ? 6 : 0;
}

/* Makes the key of a single address of 4 or 16 bytes. */
GLB_INLINE void subject_key(struct xdp_key *out, const uint8_t *address, uint8_t version)
{
	*out = (struct xdp_key){
		.bit_count = XDP_VERSION_BITS + (version == 4 ? 32 : 128),
		.version = version,
	};
	if (version == 4)
		__builtin_memcpy(out->address, address, 4);
	else
		__builtin_memcpy(out->address, address, 16);
}

/* The destination of the IP packet at the cursor. False if the packet ends before it. */
GLB_INLINE bool subject_destination(struct xdp_key *out, struct glb_cursor cur, uint8_t version)
{
	const uint8_t *header = glb_take(&cur, version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);

	if (!header)
		return false;
	subject_key(out, header + (version == 4 ? 16 : 24), version);
	return true;
}

/* Can the IP packet at the cursor be an ICMP error? Spares others from being parsed. */
GLB_INLINE bool subject_may_quote(struct glb_cursor cur, uint8_t version)
{
	const uint8_t *header = glb_take(&cur, version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);

	if (!header)
		return false;
	if (version == 4)
		return header[9] == GLB_PROTO_ICMP;
	return header[6] == GLB_PROTO_ICMPV6 || glb_is_extension(header[6]);
}

/*
 * The source of the packet that is quoted by the ICMP error at the cursor; *is_gue: it is one to
 * the port of GUE. False if it is no error, or cannot be read.
 */
GLB_INLINE bool subject_quoted(struct xdp_key *out, bool *is_gue, struct glb_cursor cur,
			       uint8_t version)
{
	struct glb_flow flow;

	if (!subject_may_quote(cur, version) || glb_parse_ip(&flow, &cur, version) != GLB_FORWARD ||
	    flow.kind != GLB_FLOW_QUOTED)
		return false;
	/* the flow is that of the quoted packet, reversed */
	subject_key(out, flow.dst, version);
	*is_gue = flow.proto == GLB_PROTO_UDP && flow.src_port == GLB_GUE_PORT;
	return true;
}

#endif
