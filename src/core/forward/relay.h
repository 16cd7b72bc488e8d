/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a router say about a packet that this director has sent?
 *
 * Routers between directors and proxies know nothing of clients: when an encapsulated packet does
 * not fit, they report it to its outer source address, which is the director's. With outer_errors
 * "relay" the director reports it to the client, as RFC 2003, 5.1 asks of the entry of a tunnel: it
 * keeps nothing, but the router quotes the client's packet behind the outer headers.
 *
 * Nobody signs an error, so anybody could have a director tell a client to send small packets. It
 * is relayed only if it quotes a packet just as this director would have sent it: the tables know
 * the client's flow, its row has the hops that are quoted, and the outer source port is what the
 * hash of the flow, under a key that is secret, makes it. A sender that has not seen the packet has
 * to guess 15 bits. What is relayed counts against the limit of errors.
 *
 * Only "does not fit" is relayed. That a proxy or the way to it is down, a client must not take for
 * a fault of the VIP: the next packet may go elsewhere. Its hop limit, set here, says nothing about
 * the client's either.
 */
#ifndef CORE_RELAY_H
#define CORE_RELAY_H

#include <glb/forward.h>

/* The client's packet that an ICMP error is about, and what is to be said about it. */
struct complaint {
	struct glb_flow flow; /* its ip_at is where in the frame that packet begins */
	uint32_t table;	      /* of the flow */
	uint32_t quote_len;   /* bytes of that packet that are there */
	uint16_t l2_len;      /* of the frame */
	uint16_t mtu;	      /* the largest packet of the client's that fits */
};

/*
 * The verdict about an ICMP error that no bind matches; flow: the one it quotes. GLB_PUNT_NO_BIND
 * if it is not about a packet of this director's.
 */
enum glb_verdict relay_judge(const struct glb_generation *gen, const struct glb_packet *pkt,
			     const struct glb_flow *flow);

/*
 * Reads such an error; false, with *out undefined, when it must not be relayed: too little is
 * quoted, it is not what this director sends, the error is damaged or a fragment, or there is
 * nothing that the client could do.
 */
bool relay_read(struct complaint *out, const struct glb_generation *gen,
		const struct glb_packet *pkt, const struct glb_flow *flow);

#endif
