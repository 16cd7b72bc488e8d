/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What are the SipHashes of many flows at once?
 *
 * The flows of one IP version have the same number of words to hash, so they lie side by side in
 * arrays that compilers work on with vectors. Private to the data path.
 */
#ifndef CORE_MESSAGES_H
#define CORE_MESSAGES_H

#include <glb/hash.h>

enum { MESSAGES_MAX = 32 }; /* packets that are decided about together */

struct messages {
	uint64_t k0[MESSAGES_MAX], k1[MESSAGES_MAX]; /* halves of the keys */
	uint64_t words[GLB_MESSAGE_WORDS][MESSAGES_MAX];
	uint64_t hashes[MESSAGES_MAX];
	uint8_t of[MESSAGES_MAX]; /* which packet each is about */
	uint32_t count;
	uint32_t word_count;
};

/* Adds the message of packet i, of word_count words, to be hashed under a key. */
GLB_INLINE void messages_add(struct messages *messages, uint32_t i, const uint64_t key[2],
			     const uint64_t words[GLB_MESSAGE_WORDS])
{
	uint32_t n = messages->count++;

	messages->of[n] = (uint8_t)i;
	messages->k0[n] = key[0];
	messages->k1[n] = key[1];
	messages->words[0][n] = words[0];
	for (uint32_t w = 1; w < messages->word_count; w++)
		messages->words[w][n] = words[w];
}

/* word_count is a constant wherever this is inlined, so that compilers see a loop to vectorise. */
GLB_INLINE void messages_hash_words(struct messages *messages, uint32_t word_count)
{
	for (uint32_t i = 0; i < messages->count; i++) {
		struct glb_siphash s = glb_siphash_keyed(messages->k0[i], messages->k1[i]);

		for (uint32_t w = 0; w < word_count; w++)
			glb_siphash_word(&s, messages->words[w][i]);
		messages->hashes[i] = glb_siphash_finish(s);
	}
}

/* Fills in all hashes. */
static inline void messages_hash(struct messages *messages)
{
	switch (messages->word_count) {
	case 1:
		messages_hash_words(messages, 1);
		break;
	case 2:
		messages_hash_words(messages, 2);
		break;
	case 3:
		messages_hash_words(messages, 3);
		break;
	default:
		messages_hash_words(messages, GLB_MESSAGE_WORDS);
		break;
	}
}

#endif
