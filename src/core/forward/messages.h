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

#include "forward_isa.h"

struct messages {
	uint64_t k0[FORWARD_BURST], k1[FORWARD_BURST]; /* halves of the keys */
	uint64_t words[GLB_MESSAGE_WORDS][FORWARD_BURST];
	uint64_t hashes[FORWARD_BURST];
	uint8_t of[FORWARD_BURST]; /* which packet each is about */
	uint32_t count;
	uint32_t word_count;
};

/*
 * How the addresses and ports of plain packets become words: the same for all of a version. Fields
 * that are not hashed are shifted out or masked.
 */
struct message_plan {
	uint32_t word_count;
	uint32_t addr_at;    /* bytes from the source address to the first one that is hashed */
	uint32_t addr_words; /* of IPv6 addresses, from there */
	uint64_t addr_mask;  /* of IPv4 addresses, from there */
	uint32_t port_shift; /* bits below the ports that are hashed */
	uint32_t port_at;    /* bits below them in the first word */
	uint64_t port_mask_first, port_mask_last; /* which of them are in the first and last word */
	uint64_t len_first, len_last;		  /* likewise, the length of all fields */
};

/* fields: set of enum glb_hash_field, not empty */
static inline struct message_plan message_plan(uint8_t version, uint8_t fields)
{
	bool src = fields & GLB_HASH_SRC_ADDR;
	bool both = src && fields & GLB_HASH_DST_ADDR;
	bool src_port = fields & GLB_HASH_SRC_PORT;
	uint32_t addr_len = version == 4 ? 4 : 16;
	uint32_t addrs_len = both						? 2 * addr_len
			     : fields & (GLB_HASH_SRC_ADDR | GLB_HASH_DST_ADDR) ? addr_len
										: 0;
	uint64_t port_mask =
		(src_port ? 0xffff : 0) | (fields & GLB_HASH_DST_PORT ? 0xffff0000 : 0);
	uint32_t len = addrs_len + (uint32_t)__builtin_popcountll(port_mask) / 8;
	/* are there ports, or is there room for them, in the first word? It is written for IPv4 */
	bool first = version == 4 && addrs_len < 8;

	port_mask >>= src_port ? 0 : 16;
	return (struct message_plan){
		.word_count = len / 8 + 1,
		.addr_at = src ? 0 : addr_len,
		.addr_words = addrs_len / 8,
		.addr_mask = addrs_len == 8 ? UINT64_MAX
			     : addrs_len    ? UINT32_MAX
					    : 0,
		.port_shift = src_port ? 0 : 16,
		.port_at = first ? addrs_len * 8 : 0,
		.port_mask_first = first ? port_mask : 0,
		.port_mask_last = first ? 0 : port_mask,
		.len_first = len < 8 ? (uint64_t)len << 56 : 0,
		.len_last = (uint64_t)len << 56,
	};
}

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
