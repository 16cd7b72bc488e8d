/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is there a bind for exactly this address, protocol and port?
 *
 * Most binds are like that, and nothing can be more specific, so they are looked up first, in
 * separate hash tables. A bind for all ports of one address is included, under a key of its own, if
 * only exact binds can be more specific. Private to the index of binds, which fills the tables in,
 * and the data path.
 */
#ifndef CORE_EXACT_H
#define CORE_EXACT_H

#include <glb/bind.h>
#include <glb/siphash.h>

struct exact {
	uint32_t rule; /* its number, for bind.c */
	uint16_t table;
	bool quic;
	bool whole; /* serves all ports of its address from 1 on, alone */
};

/* For keys see exact_what(). 0: free slot. */
struct exact4 {
	uint64_t key; /* including the VIP, little-endian */
	struct exact found;
};
_Static_assert(sizeof(struct exact4) == 16, "four slots to a cache line");

struct exact6 {
	uint64_t vip[2]; /* little-endian */
	uint64_t key;
	struct exact found;
};
_Static_assert(sizeof(struct exact6) == 32, "two slots to a cache line");

/* At least half of the slots are free, so every lookup ends. */
struct exact_index {
	struct exact4 *slots4;
	struct exact6 *slots6;
	uint32_t mask4, mask6;	 /* number of slots, a power of 2, minus 1 */
	uint32_t shift4, shift6; /* position of the bits of a product that select the slot */
	bool all_ports;		 /* are there binds for all ports of an address? */
};

const struct exact_index *binds_exact(const struct glb_binds *binds);

/* A port as in a key: as glb_load_le16() reads it from a packet. */
GLB_INLINE uint16_t exact_port(uint16_t port)
{
	return GLB_LE16(GLB_BE16(port));
}

/* The part of a key without the VIP; never 0. The port is as in the packet, little-endian. */
GLB_INLINE uint64_t exact_what(uint8_t version, uint64_t proto, uint64_t port)
{
	return port << 48 | (uint64_t)version << 40 | proto << 32;
}

/* The same for all ports from 1 on. */
GLB_INLINE uint64_t exact_what_all_ports(uint8_t version, uint64_t proto)
{
	return exact_what(version | 0x80, proto, 0); /* not the version of any packet */
}

GLB_INLINE uint64_t exact_slot4(const struct exact_index *index, uint64_t key)
{
	return key * 0x9e3779b97f4a7c15 >> index->shift4;
}

/* A product rather than a sum: sums of words that differ in related ways, as networks and ports
 * do, are often equal. */
GLB_INLINE uint64_t exact_slot6(const struct exact_index *index, const uint64_t vip[2],
				uint64_t what)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)vip[0] * (vip[1] ^ 0x9e3779b97f4a7c15);
	uint64_t mix = (uint64_t)(product >> 64) ^ (uint64_t)product ^ what;

	return mix * 0x9e3779b97f4a7c15 >> index->shift6;
}

/* NULL: there is no such bind. */
GLB_INLINE const struct exact *exact_find4(const struct exact_index *index, uint64_t key)
{
	const struct exact4 *at = &index->slots4[exact_slot4(index, key)];

	for (; GLB_UNLIKELY(at->key != key);
	     at = &index->slots4[(at + 1 - index->slots4) & index->mask4])
		if (!at->key)
			return NULL;
	return &at->found;
}

GLB_INLINE const struct exact *exact_find6(const struct exact_index *index, const uint64_t vip[2],
					   uint64_t what)
{
	const struct exact6 *at = &index->slots6[exact_slot6(index, vip, what)];

	for (; GLB_UNLIKELY(at->key != what || at->vip[0] != vip[0] || at->vip[1] != vip[1]);
	     at = &index->slots6[(at + 1 - index->slots6) & index->mask6])
		if (!at->key)
			return NULL;
	return &at->found;
}

/*
 * The bind for exactly this address, protocol and port, or for all ports of the address. NULL:
 * there is neither. The key is that of a packet; of IPv4 it includes the VIP.
 */
GLB_INLINE const struct exact *exact_find(const struct exact_index *index, uint8_t version,
					  const uint64_t vip[2], uint64_t key)
{
	const uint64_t all_ports = exact_what_all_ports(version, key >> 32 & 0xff);
	const struct exact *exact =
		version == 4 ? exact_find4(index, key) : exact_find6(index, vip, key);

	if (GLB_LIKELY(exact != NULL) || !index->all_ports || !(key >> 48))
		return exact;
	return version == 4 ? exact_find4(index, all_ports | vip[0])
			    : exact_find6(index, vip, all_ports);
}

#endif
