/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which 64-bit number represents a flow?
 *
 * SipHash-2-4, under the table's hash_key, of the configured fields, always in the order source
 * address, destination address, source port, destination port, as network-order bytes. Echo
 * requests have no ports: enabled ports are zero.
 */
#ifndef GLB_HASH_H
#define GLB_HASH_H

#include <glb/parse.h>
#include <glb/siphash.h>

/*
 * The fields of a flow that can be hashed, as bits of a set. All directors of a fleet must use the
 * same set, as it determines the rows.
 */
enum glb_hash_field {
	GLB_HASH_SRC_ADDR = 1,
	GLB_HASH_DST_ADDR = 2,
	GLB_HASH_SRC_PORT = 4,
	GLB_HASH_DST_PORT = 8,
	GLB_HASH_FIELDS_ALL = 15,
};

enum { GLB_MESSAGE_WORDS = 5 }; /* 16 + 16 + 2 + 2 bytes, followed by the length */

/*
 * Appends a field of len bytes, up to 8, given as a little-endian number, at byte `at` of the
 * message; returns the position after it. The word at that position must be 0 from there on.
 *
 * The field must not straddle words: fields are appended in order of descending length, and all
 * lengths divide 8, so `at` is a multiple of len. The shift is then at most 64 bits less the
 * field's, and no bit of it is lost.
 */
GLB_INLINE uint32_t glb_message_add(uint64_t *words, uint32_t at, uint64_t value, uint32_t len)
{
	words[at / 8] |= value << at % 8 * 8;
	return at + len;
}

/* Appends an address: one field of 4 bytes, or two of 8. */
GLB_INLINE uint32_t glb_message_add_addr(uint64_t *words, uint32_t at, const uint8_t *addr,
					 uint8_t version)
{
	if (version == 4)
		return glb_message_add(words, at, glb_load_le32(addr), 4);
	at = glb_message_add(words, at, glb_load_le64(addr), 8);
	return glb_message_add(words, at, glb_load_le64(addr + 8), 8);
}

/*
 * The message that SipHash absorbs for a flow and a set of enum glb_hash_field, which must not be
 * empty: words, the last of which has the message's length in its top byte. Returns the number of
 * words, which is the same for all flows of an IP version.
 *
 * The message has at most 12 bytes for IPv4 and 36 for IPv6, so 2 or 5 words hold it, and the top
 * byte of the last one is free for the length. Words after the returned number are undefined. Ports
 * are hashed as their two bytes on the wire: as a little-endian number these are the port with its
 * bytes swapped, whatever the order of the processor.
 */
GLB_INLINE uint32_t glb_flow_message(uint64_t words[GLB_MESSAGE_WORDS], uint8_t fields,
				     const struct glb_flow *flow)
{
	uint32_t at = 0;

	words[0] = words[1] = 0;
	if (flow->version == 6)
		words[2] = words[3] = words[4] = 0;
	if (fields & GLB_HASH_SRC_ADDR)
		at = glb_message_add_addr(words, at, flow->src, flow->version);
	if (fields & GLB_HASH_DST_ADDR)
		at = glb_message_add_addr(words, at, flow->dst, flow->version);
	if (fields & GLB_HASH_SRC_PORT)
		at = glb_message_add(words, at, GLB_LE16(GLB_BE16(flow->src_port)), 2);
	if (fields & GLB_HASH_DST_PORT)
		at = glb_message_add(words, at, GLB_LE16(GLB_BE16(flow->dst_port)), 2);
	words[at / 8] |= (uint64_t)at << 56;
	return at / 8 + 1;
}

/* The hash of a flow over a set of enum glb_hash_field, which must not be empty. */
GLB_INLINE uint64_t glb_flow_hash(const uint8_t *hash_key, uint8_t fields,
				  const struct glb_flow *flow)
{
	struct glb_siphash state = glb_siphash_start(hash_key);
	uint64_t words[GLB_MESSAGE_WORDS];
	uint32_t count = glb_flow_message(words, fields, flow);

	for (uint32_t i = 0; i < count; i++)
		glb_siphash_word(&state, words[i]);
	return glb_siphash_finish(state);
}

/*
 * The outer UDP source port, which spreads flows over links and queues: 15 bits of the flow's hash,
 * mixed with its entropy for fields that the hash does not cover. At least 32768, so that it never
 * equals GLB_GUE_PORT; the same for all packets of a flow that has ports.
 */
GLB_INLINE uint16_t glb_outer_src_port(uint64_t hash, const struct glb_flow *flow)
{
	return (uint16_t)(0x8000 | ((hash ^ flow->entropy) & 0x7fff));
}

#endif
