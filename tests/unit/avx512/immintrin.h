/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The intrinsics of AVX-512 that the data path uses, in C, for processors that lack them.
 *
 * With this in place of the compiler's header, the text of the AVX-512 build is compiled for any
 * processor, eight packets side by side, so that the tests can hold it to the specification
 * everywhere. Vectors are split by the compiler.
 */
#ifndef UNIT_AVX512_IMMINTRIN_H
#define UNIT_AVX512_IMMINTRIN_H

#include <stdint.h>
#include <string.h>

typedef long long __m512i __attribute__((vector_size(64)));
typedef long long __m256i __attribute__((vector_size(32)));
typedef uint8_t __mmask8;
typedef uint32_t __mmask32;
typedef uint64_t __mmask64;

#define AVX512_INLINE static inline __attribute__((always_inline))

AVX512_INLINE __m256i _mm256_loadu_si256(const void *at)
{
	__m256i value;

	memcpy(&value, at, sizeof(value));
	return value;
}

AVX512_INLINE __m512i _mm512_castsi256_si512(__m256i low)
{
	return (__m512i){low[0], low[1], low[2], low[3]};
}

/* Only the upper half is ever asked for. */
AVX512_INLINE __m512i _mm512_inserti64x4(__m512i value, __m256i half, int upper)
{
	(void)upper;
	return (__m512i){value[0], value[1], value[2], value[3],
			 half[0],  half[1],  half[2],  half[3]};
}

AVX512_INLINE __mmask8 _mm512_test_epi64_mask(__m512i a, __m512i b)
{
	unsigned int mask = 0;

	for (unsigned int i = 0; i < 8; i++)
		mask |= (a[i] & b[i] ? 1U : 0) << i;
	return (__mmask8)mask;
}

AVX512_INLINE __m512i _mm512_loadu_si512(const void *at)
{
	__m512i value;

	memcpy(&value, at, sizeof(value));
	return value;
}

AVX512_INLINE __m256i _mm256_maskz_loadu_epi8(__mmask32 mask, const void *at)
{
	uint8_t bytes[32];
	__m256i value;

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = mask >> i & 1 ? ((const uint8_t *)at)[i] : 0;
	memcpy(&value, bytes, sizeof(value));
	return value;
}

AVX512_INLINE __m512i _mm512_maskz_loadu_epi8(__mmask64 mask, const void *at)
{
	uint8_t bytes[64];
	__m512i value;

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = mask >> i & 1 ? ((const uint8_t *)at)[i] : 0;
	memcpy(&value, bytes, sizeof(value));
	return value;
}

AVX512_INLINE __m512i _mm512_set1_epi64(long long value)
{
	return value - (__m512i){0};
}

AVX512_INLINE __m512i _mm512_and_si512(__m512i a, __m512i b)
{
	return a & b;
}

AVX512_INLINE __m512i _mm512_add_epi64(__m512i a, __m512i b)
{
	return a + b;
}

AVX512_INLINE __m512i _mm512_i64gather_epi64(__m512i index, const void *base, int scale)
{
	__m512i out;

	for (int i = 0; i < 8; i++)
		__builtin_memcpy((char *)&out + 8 * i, (const char *)base + index[i] * scale, 8);
	return out;
}

AVX512_INLINE __m512i _mm512_srli_epi64(__m512i a, unsigned int bits)
{
	typedef unsigned long long words __attribute__((vector_size(64)));

	return (__m512i)((words)a >> bits);
}

AVX512_INLINE long long _mm512_reduce_add_epi64(__m512i a)
{
	return a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}

#endif
