/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director say to a client itself?
 *
 * Two things, where it is configured to: the reply to an echo request, and that a packet does not
 * fit the way to its proxy (RFC 1191, RFC 8201). Both come from the VIP and leave through the port
 * and to the neighbour that the packet came from. glb_forward() decides, with a verdict of
 * glb_verdict_is_answer(); the driver sees to it that answers keep within their limit, and has
 * glb_answer() turn the packet into its answer.
 */
#ifndef GLB_ANSWER_H
#define GLB_ANSWER_H

#include <glb/forward.h>

enum {
	/* RFC 1812, 4.3.2.3: quote as much as fits these many bytes */
	GLB_ICMP_ERROR_MAX = 576,
	/* headers in front of a quote: the room an answer needs before the packet's IP header */
	GLB_ANSWER_LEN_MAX = GLB_IPV6_LEN + GLB_ICMP_LEN,
};

/*
 * May this packet be answered at all? Not where the answer could reach more than one host, or
 * where it would tell of an error about an error (RFC 1122, 3.2.2).
 */
bool glb_may_answer(const struct glb_packet *pkt, const struct glb_flow *flow);

/* May this echo request be answered? Whole ones without options or extension headers may. */
bool glb_may_answer_echo(const struct glb_packet *pkt, const struct glb_flow *flow);

/*
 * Turns a packet whose verdict is GLB_ANSWER_ECHO or GLB_ANSWER_TOO_BIG, not touched since, into
 * the answer: data, len and headroom describe the frame to send.
 */
void glb_answer(const struct glb_generation *gen, struct glb_packet *pkt);

/* How many answers may still be sent? All 0: as many as at any time. */
struct glb_answer_budget {
	uint64_t at_ns; /* when tokens was right, on any clock that does not go back */
	uint64_t spent; /* parts of a second's worth: 1,000,000,000 are one answer */
};

/*
 * Takes one answer from the budget: per_second of them flow back every second, and
 * min(per_second, GLB_ANSWER_BURST) at most can be taken at once. False when none is left. now_ns
 * never decreases from call to call.
 */
bool glb_answer_take(struct glb_answer_budget *budget, uint32_t per_second, uint64_t now_ns);

#endif
