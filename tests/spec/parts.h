/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the parts of the specification share? Private to tests/spec.
 */
#ifndef SPEC_PARTS_H
#define SPEC_PARTS_H

#include <glb/forward.h>

#include "plain.h"

enum { SPEC_HOPS_MAX = 8, SPEC_OUTER_MAX = 40 + 8 + 8 + SPEC_HOPS_MAX * 16 };

/* A packet that could be read. */
struct spec_packet {
	const struct glb_generation *gen;
	const struct glb_packet *pkt;
	struct glb_flow flow;
	const uint8_t *ip; /* its IP header */
	bool v4;
	const uint8_t *src, *dst; /* of that header */
};

/* The bind of a flow. */
struct spec_match {
	const struct glb_table *table; /* NULL: no bind matches */
	uint32_t first_backend;	       /* how many backends the tables before it have */
	bool quic;
};

/* How the packets of a flow travel. */
struct spec_way {
	const struct glb_table *table;
	uint64_t hash;
	uint16_t hops[SPEC_HOPS_MAX]; /* backends of the table; the primary first */
	uint32_t hop_count;	      /* the primary included */
	uint32_t addr_len;	      /* of outer addresses: 4 or 16 */
};

/* --- match.c --- */

/* The best bind of a flow, see glb_binds_match(). */
struct spec_match spec_match(const struct glb_tables *tables, const struct glb_flow *flow,
			     const uint8_t *outer_dst);

/* Do all binds that hold the VIP of a flow, at least one, belong to one table? */
bool spec_one_table(const struct glb_tables *tables, const struct glb_flow *flow);

/* --- outer.c --- */

/* 4 or 16: which addresses the backends have that the rows of a table name. */
uint32_t spec_addr_len(const struct glb_table *table);

/* Bytes of outer headers in front of the packets of a table, if no hop is left out. */
uint32_t spec_outer_len(const struct glb_settings *settings, const struct glb_table *table);

/* The packet of the flow is at ip, of which `there` bytes are known. */
struct spec_way spec_way_of(const struct glb_settings *settings, const struct spec_match *match,
			    const struct glb_flow *flow, const uint8_t *ip, uint32_t there);

/*
 * Writes outer IP, UDP and GUE headers, but the UDP checksum, for the flow's packet. Returns their
 * length, at most SPEC_OUTER_MAX.
 */
uint32_t spec_write_outer(uint8_t *out, const struct glb_settings *settings,
			  const struct spec_way *way, const struct glb_flow *flow, uint8_t tos);

/* --- relay.c --- */

/* The client's packet that a router's error is about, and what the client is to hear. */
struct spec_complaint {
	struct glb_flow flow;
	const uint8_t *ip; /* the quoted packet of the client's */
	uint32_t there;	   /* bytes of it that are quoted */
	uint32_t mtu;
};

/* The verdict about an ICMP error that no bind matches. */
enum glb_verdict spec_judge_outer_error(const struct spec_packet *packet);

/* Reads such an error; false if it must not be relayed. */
bool spec_read_outer_error(struct spec_complaint *out, const struct spec_packet *packet);

/* --- icmp_reply.c --- */

/* May the sender of a frame get an ICMP error about a packet in it? `ip` is that packet. */
bool spec_may_reply(const struct glb_packet *pkt, const struct glb_flow *flow, const uint8_t *ip);

/* --- forward.c --- */

/* Fills in everything about a packet that can be read; the verdict of the parser. */
enum glb_verdict spec_read_packet(struct spec_packet *out, const struct glb_generation *gen,
				  const struct glb_packet *pkt);

/* Can a packet to dst come from src, by what either address is? */
bool spec_is_from(const uint8_t *src, const uint8_t *dst, bool v4);

/* Is this the address of one host, on the wire? */
bool spec_is_host(const uint8_t *addr, bool v4);

#endif
