/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director say to a client itself?
 *
 * Two things, where it is configured to: the reply to an echo request, and that a packet does not
 * fit the way to its proxy (RFC 1191, RFC 8201), as the MTU of its port says, or a router that the
 * encapsulated packet has come to. All come from the VIP and leave through the port and to the
 * neighbour that the packet, or the router's error, came from. glb_forward() decides, with a
 * verdict of glb_verdict_is_answer(); the driver has glb_answer_within() turn the packet into its
 * answer, as long as there are not too many.
 */
#ifndef GLB_ANSWER_H
#define GLB_ANSWER_H

#include <glb/forward.h>
#include <glb/limit.h>

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
 * Turns a packet with a verdict of glb_verdict_is_answer(), not touched since, into the answer:
 * data, len and headroom describe the frame to send.
 */
void glb_answer(const struct glb_generation *gen, struct glb_packet *pkt);

/* What a worker may still answer, by kind. All 0: nothing was sent yet. */
struct glb_answer_limits {
	struct glb_limit echoes; /* settings.answers_per_second */
	struct glb_limit errors; /* settings.errors_per_second */
};

/*
 * glb_answer() within limits: over them the packet stays as it is, and its verdict becomes
 * GLB_DROP_ANSWER_LIMIT or GLB_DROP_ERROR_LIMIT. For now_ns see glb_limit_take().
 */
void glb_answer_within(struct glb_answer_limits *limits, const struct glb_generation *gen,
		       struct glb_packet *pkt, uint64_t now_ns);

#endif
