/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the data path get to see in a benchmark?
 *
 * A subject says which packets there are and how the tables lie. Frames stand in a ring of buffers
 * as in a director's mempool; their headers are written again before each chunk, as a NIC would.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include <glb/forward.h>
#include <glb/hash.h>

enum {
	TRAFFIC_BURST = 32,
	TRAFFIC_CHUNK =
		8 * TRAFFIC_BURST, /* packets between two looks at the clock: 250 us at most */
	TRAFFIC_HEAD_LEN = 128,	   /* of a frame, all headers are in it */
};

enum traffic_kind {
	TRAFFIC_IPV4, /* TCP segments */
	TRAFFIC_IPV6,
	TRAFFIC_ECHO,	    /* IPv4 */
	TRAFFIC_IPV4_ERROR, /* fragmentation needed, quotes a TCP segment */
	TRAFFIC_IPV6_ERROR, /* packet too big, likewise */
	TRAFFIC_PUNT,	    /* TCP over IPv4 to an address without a bind */
	TRAFFIC_MIX,	    /* of all of them: traffic_frames.c */
};

/* Zero: the usual value. */
struct subject {
	const char *name;
	enum traffic_kind kind;
	uint16_t frame_len;   /* 64; at least what the headers take */
	uint32_t flows;	      /* 256 */
	uint16_t tables;      /* 1; flows are spread over all of them */
	uint16_t binds;	      /* 1; per table and IP version */
	uint8_t hops;	      /* 2 */
	uint8_t udp_checksum; /* enum glb_udp_checksum: full */
	bool all_fields;      /* hash addresses and ports, not the source address alone */
	bool underlay6;	      /* IPv6 proxies */
};

/* One frame of a flow. */
struct frame {
	uint8_t head[TRAFFIC_HEAD_LEN]; /* zeros follow */
	uint16_t len;
};

struct traffic {
	const struct subject *subject;
	struct glb_generation *gen;
	uint8_t *buffers;
	uint8_t *heads; /* of TRAFFIC_HEAD_LEN bytes, one per flow */
	uint16_t *lens; /* of frames, one per flow */
	uint32_t flows;
	uint32_t next;
	bool long_heads; /* some have more than half of TRAFFIC_HEAD_LEN */
	struct glb_packet packets[TRAFFIC_CHUNK];
};

/* Out of memory is the end of the program. To be ended with traffic_stop(). */
void traffic_start(struct traffic *traffic, const struct subject *subject, enum glb_isa isa);
void traffic_stop(struct traffic *traffic);

/* What a NIC would do: the next n frames, up to TRAFFIC_CHUNK. */
void traffic_refill(struct traffic *traffic, unsigned int n);

/* The frame of a flow, and the bind it matches, unless it is to be punted. */
void traffic_frame(struct frame *out, const struct subject *subject, uint32_t flow);
struct glb_bind traffic_bind(unsigned int table, unsigned int bind, bool ipv6);

#endif
