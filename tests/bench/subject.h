/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which traffic does a benchmark send through which tables?
 *
 * Plain numbers only, because two builds of the data path read them (forward_build.h): kinds and
 * fields are added at the end, and 0 always means what was there before.
 */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

enum traffic_kind {
	TRAFFIC_IPV4, /* TCP segments */
	TRAFFIC_IPV6,
	TRAFFIC_ECHO,	    /* IPv4 */
	TRAFFIC_IPV4_ERROR, /* fragmentation needed, quotes a TCP segment */
	TRAFFIC_IPV6_ERROR, /* packet too big, quotes a TCP segment */
	TRAFFIC_PUNT,	    /* TCP over IPv4 to an address without a bind */
	TRAFFIC_MIX,	    /* of all kinds above: traffic_frames.c */
	TRAFFIC_SYN,	    /* TCP over IPv4, with an MSS option and 16 bytes of others */
	TRAFFIC_OPTIONS,    /* TCP segments over IPv4 with 4 bytes of IP options */
	TRAFFIC_HALF,	    /* TRAFFIC_IPV4 and TRAFFIC_OPTIONS in turn */
	TRAFFIC_UDP,	    /* IPv4 */
	TRAFFIC_QUIC,	    /* UDP over IPv4: short header that names a server */
	TRAFFIC_QUIC_FIRST, /* UDP over IPv4: long header of an Initial, which names none */
	TRAFFIC_KIND_COUNT,
};

/* Zero: the usual value. */
struct subject {
	const char *name;
	uint32_t kind;	      /* enum traffic_kind */
	uint32_t flows;	      /* 256 */
	uint16_t frame_len;   /* 64; at least what the headers take */
	uint16_t tables;      /* 1; flows are spread over all of them */
	uint16_t binds;	      /* 1; per table and IP version */
	uint8_t hops;	      /* 2 */
	uint8_t udp_checksum; /* enum glb_udp_checksum: full */
	bool all_fields;      /* hash addresses and ports, not the source address alone */
	bool underlay6;	      /* IPv6 proxies */
	bool alt_fields;      /* hops by source address and port follow */
	bool clamp_mss;
	uint8_t padding;   /* bytes of a frame behind its IP packet */
	uint8_t prefix;	   /* bits of IPv4 binds; 32 */
	bool all_ports;	   /* of IPv4 binds: 1 to 65535; else 443 alone */
	uint16_t vlan;	   /* ID of the tag of each frame; the port keeps it */
	uint16_t vlan_out; /* ID of the tag that the port gives what it sends */
	uint16_t denied;   /* prefixes, half of each IP version; no client is in one */
};

static inline bool subject_has_ipv6(const struct subject *subject)
{
	return subject->kind == TRAFFIC_IPV6 || subject->kind == TRAFFIC_IPV6_ERROR ||
	       subject->kind == TRAFFIC_MIX;
}

static inline bool subject_has_ipv4(const struct subject *subject)
{
	return !subject_has_ipv6(subject) || subject->kind == TRAFFIC_MIX;
}

static inline bool subject_is_quic(const struct subject *subject)
{
	return subject->kind == TRAFFIC_QUIC || subject->kind == TRAFFIC_QUIC_FIRST;
}

static inline bool subject_is_udp(const struct subject *subject)
{
	return subject->kind == TRAFFIC_UDP || subject_is_quic(subject);
}

/* The values that are usual in place of zeros. */
static inline struct subject subject_whole(const struct subject *subject)
{
	struct subject whole = *subject;

	whole.frame_len = subject->frame_len ? subject->frame_len : 64;
	whole.flows = subject->flows ? subject->flows : 256;
	whole.tables = subject->tables ? subject->tables : 1;
	whole.binds = subject->binds ? subject->binds : 1;
	whole.prefix = subject->prefix ? subject->prefix : 32;
	return whole;
}

enum { SUBJECT_BACKENDS = 16, SUBJECT_PORT = 443 }; /* of a table; of a bind */

/* The server ID of a backend. */
static inline uint16_t subject_server_id(unsigned int backend)
{
	return (uint16_t)(0x1000 + 257 * backend);
}

/* The address of a bind of a table: 4 bytes, or 16. */
static inline void subject_vip(uint8_t *out, unsigned int table, unsigned int bind, bool ipv6)
{
	static const uint8_t ipv6_net[16] = {0x20, 1, 0xd, 0xb8};

	if (ipv6)
		__builtin_memcpy(out, ipv6_net, 13);
	else
		*out = 192;
	out += ipv6 ? 13 : 1;
	out[0] = (uint8_t)table;
	out[1] = (uint8_t)(bind >> 8);
	out[2] = (uint8_t)bind;
}

#endif
