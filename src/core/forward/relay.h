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

/*
 * The verdict about an ICMP error that no bind matches, with the flow that it quotes, if any.
 * GLB_PUNT_NO_BIND: it is not about a packet of this director's. GLB_ANSWER_OUTER_TOO_BIG: *reply
 * is set. GLB_PUNT_OUTER_QUOTE: it must not be relayed, as too little is quoted, it is not what
 * this director sends, the error is damaged or a fragment, or there is nothing that the client
 * could do.
 */
enum glb_verdict relay_judge(struct glb_reply *reply, const struct glb_generation *gen,
			     const struct glb_packet *pkt, const struct glb_flow *flow);

#endif
