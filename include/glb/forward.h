/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a packet?
 *
 * The data path as a function: takes a generation and a burst of packets, and returns a verdict per
 * packet. It keeps no state but the buckets of meters, does not allocate and does not block. The
 * director, `glbctl replay`, the fuzzers and the benchmarks all call it.
 */
#ifndef GLB_FORWARD_H
#define GLB_FORWARD_H

#include <stddef.h>

#include <glb/generation.h>
#include <glb/verdict.h>

/* What an ICMP reply is about, as it was read with the packet: for glb/icmp_reply.h. */
struct glb_reply {
	uint16_t table;	    /* index of the table of the client's flow */
	uint16_t quote_at;  /* offset in the frame of the client's IP packet */
	uint16_t quote_len; /* bytes of that packet that are there */
	uint16_t mtu;	    /* of an error: the largest packet of the client's that fits */
};

struct glb_packet {
	uint8_t *data;	   /* first byte of the Ethernet frame, which is contiguous */
	uint32_t len;	   /* bytes of the frame; may be 0 */
	uint16_t headroom; /* writable bytes before data */
	uint8_t port;	   /* port that it was received on: below GLB_PORTS_MAX */
	uint8_t verdict;   /* out: enum glb_verdict */
	union {
		uint32_t backend;	/* out, with GLB_FORWARD: the primary, an index into
					   glb_generation.outers */
		struct glb_reply reply; /* out, if glb_verdict_is_icmp_reply() */
	};
};

/*
 * Length (32 bits, the lowest), headroom (16), port (8) and verdict of a packet as one number. Read
 * and written as one: a word that was just stored in parts has to wait to be loaded whole.
 */
GLB_INLINE uint64_t glb_packet_fields(const struct glb_packet *pkt)
{
	if (GLB_LE16(1) == 1)
		return glb_load64((const uint8_t *)pkt + offsetof(struct glb_packet, len));
	return pkt->len | (uint64_t)pkt->headroom << 32 | (uint64_t)pkt->port << 48 |
	       (uint64_t)pkt->verdict << 56;
}

GLB_INLINE void glb_packet_set_fields(struct glb_packet *pkt, uint64_t fields)
{
	if (GLB_LE16(1) == 1) {
		glb_store64((uint8_t *)pkt + offsetof(struct glb_packet, len), fields);
		return;
	}
	pkt->len = (uint32_t)fields;
	pkt->headroom = (uint16_t)(fields >> 32);
	pkt->port = (uint8_t)(fields >> 48);
	pkt->verdict = (uint8_t)(fields >> 56);
}
_Static_assert(offsetof(struct glb_packet, headroom) == offsetof(struct glb_packet, len) + 4 &&
		       offsetof(struct glb_packet, port) == offsetof(struct glb_packet, len) + 6 &&
		       offsetof(struct glb_packet, verdict) == offsetof(struct glb_packet, len) + 7,
	       "the fields of a packet are one word");

/*
 * Decides about n packets, any number including 0, and encapsulates those to be forwarded.
 * Returns how many these are.
 *
 * GLB_FORWARD: data, len and headroom describe the encapsulated frame, ready to leave through the
 * port of glb_way_out(). Bytes after the client's IP packet (Ethernet padding) stay at the end of
 * the frame, outside the outer lengths, unless they are to be trimmed. The client's packet is not
 * changed, except for the MSS option of a SYN.
 *
 * Any other verdict: the packet is not changed. If glb_verdict_is_icmp_reply(), see
 * glb/icmp_reply.h for what to do next.
 *
 * Preconditions, which are not checked:
 *   port      below GLB_PORTS_MAX in every packet, as it indexes arrays of the generation
 *   data      len readable and writable bytes, preceded by headroom writable bytes
 *   packets   do not overlap each other, and no other thread accesses them during the call
 *   gen       not released during the call: the director holds it until all workers have passed a
 *             quiescent state
 *
 * Contents of packets are not trusted: no byte outside [data, data + len) is read, whatever the
 * headers announce, and none outside [data - headroom, data + len) is written.
 *
 * Concurrency: a generation is immutable, so any number of threads may use the same one at the same
 * time, each with its own packets. The order of packets is kept, and each is decided on its own:
 * the verdicts do not depend on how a sequence of packets is divided into calls.
 */
unsigned int glb_forward(const struct glb_generation *gen, struct glb_packet *packets,
			 unsigned int n);

/*
 * The same with the meters of the settings applied, at a time that is not 0 (glb/meter.h): what
 * would be forwarded to a VIP whose bucket is empty is GLB_DROP_METERED. Which packets of a burst
 * these are may depend on how a sequence is divided into calls; how many they are does not.
 */
unsigned int glb_forward_metered(const struct glb_generation *gen, struct glb_packet *packets,
				 unsigned int n, uint64_t now_ns);

#endif
