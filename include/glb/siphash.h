/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the SipHash-2-4 of some bytes under a secret key?
 *
 * Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. The key must be secret: anyone
 * who knows it can aim many flows at one row.
 */
#ifndef GLB_SIPHASH_H
#define GLB_SIPHASH_H

#include <glb/bytes.h>

enum { GLB_SIPHASH_KEY_LEN = 16 };

/* The state of a hash in progress: four words that every input word is mixed into. */
struct glb_siphash {
	uint64_t v0, v1, v2, v3;
};

/* Rotates left. bits is 1 to 63: a shift by 64 would be undefined. */
GLB_INLINE uint64_t glb_rotl64(uint64_t value, unsigned int bits)
{
	return value << bits | value >> (64 - bits);
}

/* One SipRound, as in the paper's figure 2.1. Additions are modulo 2^64 by intention. */
GLB_INLINE void glb_siphash_round(struct glb_siphash *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = glb_rotl64(s->v1, 13) ^ s->v0;
	s->v3 = glb_rotl64(s->v3, 16) ^ s->v2;
	s->v0 = glb_rotl64(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = glb_rotl64(s->v1, 17) ^ s->v2;
	s->v3 = glb_rotl64(s->v3, 21) ^ s->v0;
	s->v2 = glb_rotl64(s->v2, 32);
}

/*
 * The initial state under a key given as its two halves, little-endian. The constants are the ASCII
 * of "somepseudorandomlygeneratedbytes", big-endian: they make the four words differ.
 */
GLB_INLINE struct glb_siphash glb_siphash_keyed(uint64_t k0, uint64_t k1)
{
	return (struct glb_siphash){
		.v0 = k0 ^ 0x736f6d6570736575,
		.v1 = k1 ^ 0x646f72616e646f6d,
		.v2 = k0 ^ 0x6c7967656e657261,
		.v3 = k1 ^ 0x7465646279746573,
	};
}

/* The initial state under a key of GLB_SIPHASH_KEY_LEN bytes. Generations keep the halves of each
 * table's key instead: glb_route.key. */
GLB_INLINE struct glb_siphash glb_siphash_start(const uint8_t *key)
{
	return glb_siphash_keyed(glb_load_le64(key), glb_load_le64(key + 8));
}

/* Absorbs 8 bytes of input as a little-endian word: the two rounds of SipHash-2-4's first number.
 */
GLB_INLINE void glb_siphash_word(struct glb_siphash *s, uint64_t word)
{
	s->v3 ^= word;
	glb_siphash_round(s);
	glb_siphash_round(s);
	s->v0 ^= word;
}

/*
 * The hash, once all words are absorbed: four rounds, the second number of SipHash-2-4. The state
 * is passed by value, so the caller's can absorb further words for another message.
 */
GLB_INLINE uint64_t glb_siphash_finish(struct glb_siphash s)
{
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		glb_siphash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/*
 * Absorbs the last word and finishes. `tail` has the input bytes after the last whole word in its
 * low bytes, at most 7; `len` is the length of the whole input, of which only the low 8 bits
 * matter.
 */
GLB_INLINE uint64_t glb_siphash_end(struct glb_siphash s, uint64_t tail, size_t len)
{
	glb_siphash_word(&s, tail | (uint64_t)len << 56);
	return glb_siphash_finish(s);
}

/*
 * SipHash-2-4 of len bytes, any number including 0, under a key of GLB_SIPHASH_KEY_LEN bytes. The
 * result is a number, so it does not depend on the byte order of the processor. Neither the bytes
 * nor the key need be aligned.
 */
GLB_INLINE uint64_t glb_siphash(const uint8_t *key, const uint8_t *bytes, size_t len)
{
	struct glb_siphash s = glb_siphash_start(key);
	uint64_t tail = 0;
	size_t at = 0;

	for (; at + 8 <= len; at += 8)
		glb_siphash_word(&s, glb_load_le64(bytes + at));
	/* at most 7 bytes are left, so the shift is at most 48 and the top byte is free */
	for (unsigned int shift = 0; at < len; at++, shift += 8)
		tail |= (uint64_t)bytes[at] << shift;
	return glb_siphash_end(s, tail, len);
}

#endif
