/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a packet?
 *
 * The data path as a function: a generation and a burst of packets in, a verdict per packet out. It
 * keeps nothing, allocates nothing, waits for nothing. The director, `glbctl replay`, the fuzzers
 * and the benchmarks all call this one.
 */
#ifndef GLB_FORWARD_H
#define GLB_FORWARD_H

#include <glb/generation.h>
#include <glb/verdict.h>

struct glb_packet {
	uint8_t *data;	   /* first byte of the Ethernet frame, one contiguous piece */
	uint32_t len;	   /* bytes of the frame */
	uint16_t headroom; /* writable bytes before data */
	uint8_t port;	   /* where it came in: below GLB_PORTS_MAX */
	uint8_t verdict;   /* out: enum glb_verdict */
	uint32_t backend;  /* out, with GLB_FORWARD: the first hop, as in glb_generation.outers */
};

/*
 * Decides about n packets.
 *
 * With GLB_FORWARD, data, len and headroom describe the encapsulated frame, ready to leave through
 * the port of glb_way_out(). Bytes behind the client's IP packet (Ethernet padding) stay at the end
 * of the frame, outside the outer lengths, unless they are to be cut. The client's packet itself is
 * as it was but for the MSS option of a SYN. With any other verdict nothing of the packet has
 * changed; with one of glb_verdict_is_answer(), glb/answer.h has the rest.
 */
void glb_forward(const struct glb_generation *gen, struct glb_packet *packets, unsigned int n);

#endif
