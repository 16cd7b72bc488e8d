/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do tests read and sum bytes without the code they test?
 */
#ifndef SPEC_PLAIN_H
#define SPEC_PLAIN_H

#include <stdint.h>

static inline uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Returns what is behind. */
static inline uint8_t *put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

/* RFC 1071 by the letter: big-endian words, an odd byte the first of a pair; not complemented. */
static inline uint16_t plain_sum(uint32_t sum, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += get16(bytes + i);
	if (len % 2)
		sum += (uint32_t)bytes[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The sum of a segment and its pseudo header, whose addresses stand at src: 2 * addr_len bytes. */
static inline uint16_t plain_segment_sum(const uint8_t *src, uint32_t addr_len, uint32_t proto,
					 const uint8_t *segment, uint32_t len)
{
	return plain_sum(plain_sum(proto + len, src, 2 * addr_len), segment, len);
}

#endif
