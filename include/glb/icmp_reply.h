/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director itself send to clients?
 *
 * If configured, two kinds of ICMP messages: replies to echo requests, and errors saying that a
 * packet does not fit on its way to the proxy (RFC 1191, RFC 8201), according to the MTU of its
 * port or to a router that the encapsulated packet has reached. All have the VIP as their source
 * and leave through the port, and to the neighbour, that the packet or the router's error came
 * from. glb_forward() decides, with a verdict of glb_verdict_is_icmp_reply(); the driver then calls
 * glb_icmp_reply_within(), which turns the packet into the reply unless a limit is reached.
 */
#ifndef GLB_ICMP_REPLY_H
#define GLB_ICMP_REPLY_H

#include <glb/forward.h>
#include <glb/token_bucket.h>

enum {
	/* RFC 1812 section 4.3.2.3: quote as much as fits into this many bytes */
	GLB_ICMP_ERROR_MAX = 576,
	/* headers in front of a quote: headroom required before the packet's IP header */
	GLB_ICMP_REPLY_LEN_MAX = GLB_IPV6_LEN + GLB_ICMP_LEN,
};

/*
 * May the packet be replied to at all? Not if the reply could reach more than one host, or would be
 * an error about an error (RFC 1122 section 3.2.2).
 */
bool glb_may_reply(const struct glb_packet *pkt, const struct glb_flow *flow);

/* May the echo request be replied to? Only whole ones without options or extension headers. */
bool glb_may_reply_to_echo(const struct glb_packet *pkt, const struct glb_flow *flow);

/*
 * Turns a packet with a verdict of glb_verdict_is_icmp_reply(), as glb_forward() left it, into the
 * reply: data, len and headroom then describe the frame to send. Any other packet stays as it is.
 * What pkt->reply says is not checked: the packet is not read again.
 */
void glb_icmp_reply(const struct glb_generation *gen, struct glb_packet *pkt);

/* A worker's limits, by kind of reply. Initially all zeros. */
struct glb_icmp_reply_limits {
	struct glb_token_buckets echoes; /* settings.answers_per_second */
	struct glb_token_buckets errors; /* settings.errors_per_second */
};

/*
 * As glb_icmp_reply(), within limits: beyond them the packet stays as it is and its verdict becomes
 * GLB_DROP_ANSWER_LIMIT or GLB_DROP_ERROR_LIMIT. Not for concurrent use of one `limits`. For now_ns
 * see glb_token_buckets_take().
 */
void glb_icmp_reply_within(struct glb_icmp_reply_limits *limits, const struct glb_generation *gen,
			   struct glb_packet *pkt, uint64_t now_ns);

#endif
