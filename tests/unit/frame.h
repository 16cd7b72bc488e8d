/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a test write a frame down?
 *
 * As a struct sample with the fields that matter to it; the rest is filled in. frame_write() turns
 * it into bytes without using any code under test.
 */
#ifndef UNIT_FRAME_H
#define UNIT_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum { FRAME_LEN_MAX = 66000 };

struct sample {
	uint8_t version; /* 4 or 6 */
	uint8_t proto;
	const char *src;
	const char *dst;
	uint16_t src_port; /* TCP and UDP */
	uint16_t dst_port;
	uint16_t entropy;     /* IPv4 identification, or the low bits of the IPv6 flow label */
	uint8_t vlan_count;   /* tags; the first of two is 802.1ad */
	uint8_t option_words; /* of IPv4 options */
	uint16_t fragment;    /* IPv4 flags and offset as in the header */
	uint8_t type;	      /* ICMP */
	uint8_t code;
	uint8_t tcp_flags;
	uint8_t tos;
	uint8_t ttl;	      /* or hop limit; 0: 63 */
	uint16_t payload_len; /* bytes behind the transport header */
	uint16_t padding_len; /* bytes behind the IP packet */
	uint16_t quote_len;   /* bytes of the quoted packet that an ICMP error keeps; 0: all */
	const struct sample *quote;
	/* IPv6 extension headers, a letter each: h hop-by-hop, d destination, D the same with 24
	   bytes, r routing, R routing with a segment left, fragments: a atomic, f first, l later */
	const char *exts;
	const char *tcp_options;
	uint8_t tcp_option_words;
	bool unchecked; /* UDP: no checksum. Those of fragments are wrong, all others right. */
};

/* Writes a frame into `out`, of FRAME_LEN_MAX bytes; returns its length. */
uint32_t frame_write(uint8_t *out, const struct sample *sample);

/* The offset of the IP header in such a frame. */
uint32_t frame_ip_at(const struct sample *sample);

/* An address as 4 or 16 bytes, the rest of the 16 zero. */
void frame_addr(uint8_t out[16], const char *text);

/* A copy in a buffer of exactly `len` bytes, so that reading on is noticed. For free(). */
uint8_t *frame_exact(const uint8_t *frame, uint32_t len);

#endif
