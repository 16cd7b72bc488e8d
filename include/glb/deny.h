/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a source address denied?
 *
 * A list of prefixes, computed once into an index that answers in a few steps, however long the
 * list. It is read-only, and shared by generations and their replicas.
 *
 * An index has a bit for each network of some length, set if any of it is denied, and for each bit
 * that is set a slot, with the ranges of addresses that are denied there. Slots are searched in
 * half of the rest each time.
 *
 *   IPv4  networks are of a length of which one in 32 to 64 has a prefix, /16 to /20: nearly all
 *         packets need no more than their bit.
 *   IPv6  networks are /64, /48, /32 and /16. A prefix is looked for by the longest that has all of
 *         it, and an address by all lengths in use. That is for the few packets whose /32, or /16
 *         for prefixes shorter than /28, has any prefix: these large networks have bits of their
 *         own, at most 16 KiB. A hash of a network chooses its bit.
 *
 * So the most that a sender can cause is a look for each length, and the search of as many slots.
 */
#ifndef GLB_DENY_H
#define GLB_DENY_H

#include <glb/arena.h>
#include <glb/spec.h>

enum {
	GLB_DENY_MAX = 200000,	  /* prefixes */
	GLB_DENY_DIGEST_LEN = 17, /* 16 hexadecimal digits and a NUL */
};

/* Spreads networks over bits. */
#define GLB_DENY_FACTOR 0x9e3779b97f4a7c15ULL

__extension__ typedef unsigned __int128 glb_addr6; /* an IPv6 address as a number */

/* A prefix as it was given. */
struct glb_deny_prefix {
	struct glb_addr addr; /* host bits are ignored */
	uint8_t prefix_len;
	uint32_t line; /* of the file, from 1 */
};

/* The ranges of a network: ascending, and none has addresses of another. */
struct glb_deny_slot {
	uint32_t at;
	uint32_t count; /* at least 1 */
};

/* Bits, and the slots of those that are set, in order. */
struct glb_deny_index {
	const uint64_t *bits;
	const uint32_t *ranks; /* per word of bits: how many are set in front of it */
	const struct glb_deny_slot *slots;
};

struct glb_deny_range4 {
	uint32_t first, last; /* both are denied */
};

struct glb_deny_range6 {
	glb_addr6 first, last;
};

struct glb_deny4 {
	struct glb_deny_index index;
	const struct glb_deny_range4 *ranges; /* NULL: none */
	uint32_t shift; /* bits of an address behind the network of a bit of the index */
};

/* Masks are of an address' first half, little-endian; shifts those of a product to a bit. */
struct glb_deny6 {
	const uint64_t *large; /* bits of large networks */
	struct glb_deny_index index;
	const struct glb_deny_range6 *ranges; /* NULL: none */
	uint32_t large_shift, shift;
	uint32_t large_count, mask_count; /* lengths in use */
	uint64_t large_masks[2], masks[4];
};

struct glb_deny {
	struct glb_deny4 v4;
	struct glb_deny6 v6;
	struct glb_deny_prefix *prefixes; /* in the order of the file; not for workers */
	uint32_t prefix_count;
	char digest[GLB_DENY_DIGEST_LEN];
	struct glb_arena arena; /* of what workers read */
	unsigned int refs;	/* atomic */
};

/*
 * Computes a list of prefixes, of which any may overlap or be equal; none is fine. May take
 * milliseconds.
 *
 * Returns 0 and sets *out, to be released with glb_deny_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_deny_make(struct glb_deny **out, const struct glb_deny_prefix *prefixes,
				uint32_t count);

/* One more share of it, to be released with glb_deny_free(). NULL remains NULL. Any thread. */
struct glb_deny *glb_deny_share(struct glb_deny *deny);

/* Releases a share, and all with the last one. NULL is fine. Any thread. */
void glb_deny_free(struct glb_deny *deny);

/*
 * The longest prefix that denies an address, the first in the file of equal ones; or NULL. Looks at
 * all of them: not for workers. `deny` may be NULL.
 */
const struct glb_deny_prefix *glb_deny_find(const struct glb_deny *deny,
					    const struct glb_addr *addr);

GLB_INLINE bool glb_deny_is_set(const uint64_t *bits, uint64_t bit)
{
	return bits[bit / 64] >> bit % 64 & 1;
}

/* The slot of a bit that is set. */
GLB_INLINE struct glb_deny_slot glb_deny_slot(const struct glb_deny_index *index, uint64_t bit)
{
	const uint64_t below = index->bits[bit / 64] & ((1ULL << bit % 64) - 1);

	return index->slots[index->ranks[bit / 64] + (uint32_t)__builtin_popcountll(below)];
}

/* The bit of an IPv4 address. */
GLB_INLINE uint64_t glb_deny4_bit(const struct glb_deny4 *deny, uint32_t addr)
{
	return addr >> deny->shift;
}

/* Is an IPv4 address denied, whose bit is set? */
GLB_INLINE bool glb_deny4_has(const struct glb_deny4 *deny, uint64_t bit, uint32_t addr)
{
	const struct glb_deny_slot slot = glb_deny_slot(&deny->index, bit);
	const struct glb_deny_range4 *range = deny->ranges + slot.at;

	for (uint32_t rest = slot.count; rest > 1; rest -= rest / 2)
		range += range[rest / 2].first <= addr ? rest / 2 : 0;
	return (range->first <= addr) & (addr <= range->last);
}

/* The bit of an IPv6 network: the first half of an address, masked, little-endian. */
GLB_INLINE uint64_t glb_deny6_bit(uint64_t net, uint32_t shift)
{
	return net * GLB_DENY_FACTOR >> shift;
}

/* Is an IPv6 address denied, by a prefix of the network with this bit, which is set? */
GLB_INLINE bool glb_deny6_has(const struct glb_deny6 *deny, uint64_t bit, glb_addr6 addr)
{
	const struct glb_deny_slot slot = glb_deny_slot(&deny->index, bit);
	const struct glb_deny_range6 *range = deny->ranges + slot.at;

	for (uint32_t rest = slot.count; rest > 1; rest -= rest / 2)
		range += range[rest / 2].first <= addr ? rest / 2 : 0;
	return (range->first <= addr) & (addr <= range->last);
}

GLB_INLINE bool glb_denies4(const struct glb_deny4 *deny, uint32_t addr)
{
	const uint64_t bit = glb_deny4_bit(deny, addr);

	return glb_deny_is_set(deny->index.bits, bit) && glb_deny4_has(deny, bit, addr);
}

/* Both halves are little-endian. */
GLB_INLINE bool glb_denies6(const struct glb_deny6 *deny, uint64_t le0, uint64_t le1)
{
	const glb_addr6 addr = (glb_addr6)GLB_BE64(GLB_LE64(le0)) << 64 | GLB_BE64(GLB_LE64(le1));
	uint64_t bits[4];
	uint32_t set = 0;

	for (uint32_t m = 0; m < deny->mask_count; m++) { /* no branch that may be mispredicted */
		bits[m] = glb_deny6_bit(le0 & deny->masks[m], deny->shift);
		set |= (uint32_t)glb_deny_is_set(deny->index.bits, bits[m]) << m;
	}
	for (; set; set &= set - 1)
		if (glb_deny6_has(deny, bits[__builtin_ctz(set)], addr))
			return true;
	return false;
}

/* Is the address in these bytes, 4 or 16, denied? */
GLB_INLINE bool glb_denies(const struct glb_deny *deny, const uint8_t *addr, uint8_t version)
{
	return version == 4 ? glb_denies4(&deny->v4, glb_load_be32(addr))
			    : glb_denies6(&deny->v6, glb_load_le64(addr), glb_load_le64(addr + 8));
}

#endif
