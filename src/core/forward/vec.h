/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Vectors of numbers about a group of packets, one 64-bit lane a packet.
 *
 * GROUP is what fits one register of the instruction set that this is compiled for, so that one
 * text of the data path serves all. Arithmetic is that of C (GCC vector extensions). What C has no
 * operator for is one of the functions below. Private to the data path.
 */
#ifndef CORE_FORWARD_VEC_H
#define CORE_FORWARD_VEC_H

#include <glb/forward.h>

#if defined(__AVX512F__)
#include <immintrin.h>
enum { GROUP = 8 };
#elif defined(__AVX2__)
#include <immintrin.h>
enum { GROUP = 4 };
#else
enum { GROUP = 2 };
#endif

enum { GROUP_MASK = (1 << GROUP) - 1 /* a bit a lane */ };

typedef uint64_t vec __attribute__((vector_size(8 * GROUP)));
typedef uint64_t vec2 __attribute__((vector_size(16)));

/* From and to a column, which is aligned to 64 bytes; `at` is a multiple of GROUP. */
GLB_INLINE vec vec_load(const uint64_t *column, size_t at)
{
	return *(const vec *)__builtin_assume_aligned(column + at, sizeof(vec));
}

GLB_INLINE void vec_store(uint64_t *column, size_t at, vec value)
{
	*(vec *)__builtin_assume_aligned(column + at, sizeof(vec)) = value;
}

GLB_INLINE vec vec_all(uint64_t value)
{
	return value - (vec){0};
}

/* Which lanes are not 0: a bit each, the first lane the lowest. */
GLB_INLINE uint32_t vec_nonzero(vec value)
{
#if defined(__AVX512F__)
	return _mm512_test_epi64_mask((__m512i)value, (__m512i)value);
#elif defined(__AVX2__)
	__m256i zero = _mm256_cmpeq_epi64((__m256i)value, _mm256_setzero_si256());

	return ~(uint32_t)_mm256_movemask_pd((__m256d)zero) & GROUP_MASK;
#else
	return (value[0] ? 1 : 0) | (value[1] ? 2 : 0);
#endif
}

/* Has its top bit set in lanes where a is less than b, both below 2^63. */
GLB_INLINE vec vec_less(vec a, vec b)
{
	return a - b;
}

/* Has its top bit set in lanes that are 0. */
GLB_INLINE vec vec_zero(vec value)
{
	return (value - 1) & ~value;
}

/* The sum of the two halves of each lane: at most 33 bits. */
GLB_INLINE vec vec_halves(vec value)
{
	return (value & 0xffffffff) + (value >> 32);
}

/* The words with these numbers. */
GLB_INLINE vec vec_look_up(const uint64_t *words, vec numbers)
{
#if defined(__AVX512F__)
	return (vec)_mm512_i64gather_epi64((__m512i)numbers, words, 8);
#elif defined(__AVX2__)
	return (vec)_mm256_i64gather_epi64((const long long *)words, (__m256i)numbers, 8);
#else
	return (vec){words[numbers[0]], words[numbers[1]]};
#endif
}

/*
 * Folds sums below 2^47 to 16 bits: RFC 1071, where 0 and 0xffff are the same; 0 only if the sum
 * is. They are in bits 16 to 31, with anything below. The first step leaves less than 2^32, and
 * adding its halves to each other the other way round takes the carry out of the upper one in.
 */
GLB_INLINE vec vec_fold(vec sum)
{
	typedef uint32_t numbers __attribute__((vector_size(sizeof(vec))));
	const numbers both = (numbers)((sum & 0xffff) + (sum >> 16));

	return (vec)(both + (both << 16 | both >> 16));
}

/*
 * The bytes of vectors whose lanes have the bytes of their quarters swapped, or are rotated by 16
 * and by 32 bits, of the lane at a byte.
 */
#define VEC_SWAP16(at) (at) + 1, (at), (at) + 3, (at) + 2, (at) + 5, (at) + 4, (at) + 7, (at) + 6
#define VEC_BY16(at)   (at) + 6, (at) + 7, (at), (at) + 1, (at) + 2, (at) + 3, (at) + 4, (at) + 5
#define VEC_BY32(at)   (at) + 4, (at) + 5, (at) + 6, (at) + 7, (at), (at) + 1, (at) + 2, (at) + 3
#if defined(__AVX512F__)
#define VEC_LANES(lane) lane(0), lane(8), lane(16), lane(24), lane(32), lane(40), lane(48), lane(56)
#elif defined(__AVX2__)
#define VEC_LANES(lane) lane(0), lane(8), lane(16), lane(24)
#else
#define VEC_LANES(lane) lane(0), lane(8)
#endif

typedef uint8_t vec_bytes __attribute__((vector_size(sizeof(vec))));

/* Swaps the two bytes of each quarter of the lanes. */
GLB_INLINE vec vec_swap16(vec value)
{
#if defined(__SSSE3__)
	const vec_bytes of = (vec_bytes)value;

	return (vec)__builtin_shufflevector(of, of, VEC_LANES(VEC_SWAP16));
#else
	return (value & 0x00ff00ff00ff00ff) << 8 | (value >> 8 & 0x00ff00ff00ff00ff);
#endif
}

/*
 * Rotates the bits of each lane to the left. Where there is no instruction for that, halves and
 * quarters of lanes are moved by one instead of three.
 */
GLB_INLINE vec vec_rotl(vec value, unsigned int bits)
{
#if defined(__SSSE3__) && !defined(__AVX512F__)
	const vec_bytes of = (vec_bytes)value;

	if (bits == 16)
		return (vec)__builtin_shufflevector(of, of, VEC_LANES(VEC_BY16));
	if (bits == 32)
		return (vec)__builtin_shufflevector(of, of, VEC_LANES(VEC_BY32));
#endif
	return value << bits | value >> (64 - bits);
}

/* Little-endian words as numbers. */
GLB_INLINE vec vec_le(vec words)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return words;
#else
	for (size_t i = 0; i < GROUP; i++)
		words[i] = GLB_LE64(words[i]);
	return words;
#endif
}

/*
 * Shuffles of two vectors: lanes at even or at odd places, in turn from both, and from such vectors
 * their pairs of lanes. Half a transposition each.
 */
#if defined(__AVX512F__)
#define VEC_EVEN  0, 8, 2, 10, 4, 12, 6, 14
#define VEC_ODD	  1, 9, 3, 11, 5, 13, 7, 15
#define VEC_FIRST 0, 1, 8, 9, 4, 5, 12, 13
#define VEC_LAST  2, 3, 10, 11, 6, 7, 14, 15
#elif defined(__AVX2__)
#define VEC_EVEN  0, 4, 2, 6
#define VEC_ODD	  1, 5, 3, 7
#define VEC_FIRST 0, 1, 4, 5
#define VEC_LAST  2, 3, 6, 7
#else
#define VEC_EVEN 0, 2
#define VEC_ODD	 1, 3
#endif

#if defined(__AVX2__) || defined(__AVX512F__)
/* Rows of 32 bytes, of AVX-512 two in one, those of the lanes n and n + 4: to their words. */
GLB_INLINE void vec_transpose(vec words[4], const vec row[4])
{
	vec even[2] = {__builtin_shufflevector(row[0], row[1], VEC_EVEN),
		       __builtin_shufflevector(row[2], row[3], VEC_EVEN)};
	vec odd[2] = {__builtin_shufflevector(row[0], row[1], VEC_ODD),
		      __builtin_shufflevector(row[2], row[3], VEC_ODD)};

	words[0] = __builtin_shufflevector(even[0], even[1], VEC_FIRST);
	words[1] = __builtin_shufflevector(odd[0], odd[1], VEC_FIRST);
	words[2] = __builtin_shufflevector(even[0], even[1], VEC_LAST);
	words[3] = __builtin_shufflevector(odd[0], odd[1], VEC_LAST);
}
#endif

/* The 32 bytes at each of GROUP addresses: words[w] has the little-endian word w of all. */
GLB_INLINE void vec_gather(vec words[4], const uint8_t *const at[GROUP])
{
#if defined(__AVX2__) || defined(__AVX512F__)
	vec row[4];

#pragma GCC unroll 4
	for (size_t i = 0; i < 4; i++) {
		const __m256i low = _mm256_loadu_si256((const void *)at[i]);
#if defined(__AVX512F__)
		const __m256i high = _mm256_loadu_si256((const void *)at[i + 4]);

		row[i] = (vec)_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
#else
		row[i] = (vec)low;
#endif
	}
	vec_transpose(words, row);
#else
	for (unsigned int half = 0; half < 2; half++) {
		vec a, b;

		__builtin_memcpy(&a, at[0] + 16 * half, sizeof(a));
		__builtin_memcpy(&b, at[1] + 16 * half, sizeof(b));
		words[2 * half] = vec_le(__builtin_shufflevector(a, b, VEC_EVEN));
		words[2 * half + 1] = vec_le(__builtin_shufflevector(a, b, VEC_ODD));
	}
#endif
}

/* Two vectors as pairs of little-endian words: those of the lanes at even and at odd places. */
struct vec_pairs {
	vec of[2];
};

GLB_INLINE struct vec_pairs vec_pair(vec first, vec second)
{
	return (struct vec_pairs){{vec_le(__builtin_shufflevector(first, second, VEC_EVEN)),
				   vec_le(__builtin_shufflevector(first, second, VEC_ODD))}};
}

/* Stores the pair of lane n: 16 bytes. */
GLB_INLINE void vec_put_pair(void *out, const struct vec_pairs *pairs, size_t n)
{
	__builtin_memcpy(out, (const uint8_t *)&pairs->of[n & 1] + n / 2 * sizeof(vec2),
			 sizeof(vec2));
}

#endif
