/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which key does the index of binds use for the addresses of a prefix?
 *
 * A level is one prefix length of one IP version; a key is what the addresses of a prefix have in
 * common, with the protocol. Private to the index, and to the test of its distribution.
 */
#ifndef CORE_LEVEL_H
#define CORE_LEVEL_H

#include <string.h>

#include <glb/bytes.h>

#include "rule.h"

/* Stand for several protocols in a key; they do not fit the 8 bits of a packet's protocol field. */
enum {
	PROTO_EITHER = 256, /* TCP or UDP, with ports: errors that quote another protocol */
	PROTO_NONE,	    /* any protocol and ports: flows without ports */
};

struct level {
	uint64_t mask[2];
	uint8_t version;
	uint8_t prefix_len;
	bool inexact; /* are there binds that are not in the exact index? */
};

GLB_INLINE struct level level_of(uint8_t version, uint8_t prefix_len)
{
	struct level level = {.version = version, .prefix_len = prefix_len};
	uint8_t mask[16] = {0};

	for (unsigned int i = 0; i < prefix_len; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	memcpy(level.mask, mask, sizeof(mask));
	return level;
}

/* addr has 16 bytes. */
GLB_INLINE struct key key_of(const struct level *level, const uint8_t *addr, uint16_t proto)
{
	return (struct key){
		.addr = {glb_load64(addr) & level->mask[0], glb_load64(addr + 8) & level->mask[1]},
		.what = (uint32_t)level->version << 24 | (uint32_t)level->prefix_len << 16 | proto,
	};
}

GLB_INLINE uint32_t key_hash(const struct key *key)
{
	uint64_t mix = (key->addr[0] ^ key->what) * 0x9e3779b97f4a7c15;

	/* the last bytes of an address must affect the low bits, too */
	mix = (mix ^ mix >> 32 ^ glb_rotl64(key->addr[1], 29)) * 0xd6e8feb86659fd93;
	return (uint32_t)(mix >> 32);
}

GLB_INLINE bool key_equal(const struct key *a, const struct key *b)
{
	return a->addr[0] == b->addr[0] && a->addr[1] == b->addr[1] && a->what == b->what;
}

#endif
