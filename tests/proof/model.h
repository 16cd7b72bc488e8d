/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do gcc's builtins do? Frama-C does not know them: here they are in C, included before
 * everything else.
 */
#ifndef PROOF_MODEL_H
#define PROOF_MODEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define __builtin_memcpy(to, from, n) memcpy(to, from, n)
#define __builtin_memcmp(a, b, n)     memcmp(a, b, n)
#define __builtin_strlen(text)	      strlen(text)
#define __builtin_expect(x, likely)   (x)
#define __builtin_prefetch(at, ...)   ((void)(at))
#define __builtin_constant_p(x)	      0

static inline uint16_t model_bswap16(uint16_t v)
{
	return (uint16_t)((v & 0xffU) << 8 | v >> 8);
}

static inline uint32_t model_bswap32(uint32_t v)
{
	return (v & 0xffU) << 24 | (v & 0xff00U) << 8 | (v >> 8 & 0xff00U) | v >> 24;
}

static inline uint64_t model_bswap64(uint64_t v)
{
	return (uint64_t)model_bswap32((uint32_t)v) << 32 | model_bswap32((uint32_t)(v >> 32));
}

#define __builtin_bswap16(v) model_bswap16(v)
#define __builtin_bswap32(v) model_bswap32(v)
#define __builtin_bswap64(v) model_bswap64(v)

/* Undefined for 0, as gcc's. */
static inline int model_clz(uint32_t v)
{
	int zeros = 0;

	//@ assert not_zero: v != 0;
	for (; !(v & 0x80000000U); v <<= 1)
		zeros++;
	return zeros;
}

static inline _Bool model_add64(uint64_t a, uint64_t b, uint64_t *sum)
{
	*sum = a + b;
	return *sum < a;
}

/* Frama-C has no type of 128 bits. Nothing that a target reaches has one. */
#define __int128 long long

/* One thread: the target publish and ThreadSanitizer look at several. */
#define __atomic_sub_fetch(at, n, order) (*(at) -= (n))

#define __builtin_clz(v)		  model_clz(v)
#define __builtin_add_overflow(a, b, sum) model_add64(a, b, sum)

#endif
