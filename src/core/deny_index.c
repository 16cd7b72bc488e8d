/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/deny_index.h"

enum {
	INDEX4_MIN = 16,  /* bits of networks */
	INDEX4_MAX = 20,  /* 128 KiB, so that processors can keep them near */
	INDEX4_SPARE = 6, /* 32 to 64 networks a range, so that most have none */
	LARGE6_MAX = 17,  /* 16 KiB */
	INDEX6_MIN = 10,
	INDEX6_MAX = 22,
	INDEX6_SPARE = 5, /* as many bits of one length, and each address has several */
};

/* The number of bits of the number of a bit. */
static uint32_t index_len(uint32_t nets, uint32_t spare, uint32_t least, uint32_t most)
{
	const uint32_t len = spare + (nets ? 32 - (uint32_t)__builtin_clz(nets) : 0);

	return len < least ? least : len < most ? len : most;
}

/* --- IPv6: a range in each network that it is looked for by --- */

/* A range, and the bit of its network. */
struct entry {
	uint32_t bit;
	struct deny_range range;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *one = a;
	const struct entry *other = b;

	if (one->bit != other->bit)
		return one->bit < other->bit ? -1 : 1;
	return (one->range.first > other->range.first) - (one->range.first < other->range.first);
}

static uint64_t high_half(glb_addr6 addr)
{
	return (uint64_t)(addr >> 64);
}

/* Bits of the networks that an IPv6 range, which is a prefix, is looked for by. */
static uint32_t net_len(const struct deny_range *range)
{
	const uint64_t differ = high_half(range->first ^ range->last);
	const uint32_t len = differ ? (uint32_t)__builtin_clzll(differ) : 64;

	return len < 28 ? 16 : len < 48 ? 32 : len < 64 ? 48 : 64;
}

/* The first half of an address as workers load it. */
static uint64_t le_half(uint64_t high)
{
	return GLB_LE64(GLB_BE64(high));
}

/* Number of networks of a length that a range has addresses of. */
static uint64_t count_nets(const struct deny_range *range, uint32_t len)
{
	const uint64_t first = high_half(range->first) >> (64 - len);

	return (high_half(range->last) >> (64 - len)) - first + 1;
}

static void note_mask(uint64_t *masks, uint32_t *count, uint64_t mask)
{
	for (uint32_t m = 0; m < *count; m++)
		if (masks[m] == mask)
			return;
	masks[(*count)++] = mask;
}

/* Notes the lengths of the networks of a range. */
static void note_masks(struct glb_deny6 *deny, uint32_t len)
{
	const uint32_t large = len == 16 ? 16 : 32;

	note_mask(deny->masks, &deny->mask_count, le_half(~0ULL << (64 - len)));
	note_mask(deny->large_masks, &deny->large_count, le_half(~0ULL << (64 - large)));
}

/* The entries of all ranges, sorted by bit, to be freed; NULL: out of memory. */
static struct entry *make_entries(struct glb_deny6 *deny, uint32_t *count,
				  const struct deny_ranges *ranges)
{
	struct entry *entries;
	uint64_t nets = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < ranges->count6; i++)
		nets += count_nets(&ranges->v6[i], net_len(&ranges->v6[i]));
	entries = malloc((nets + 1) * sizeof(*entries)); /* never of no bytes */
	for (uint32_t i = 0; i < ranges->count6 && entries; i++) {
		const struct deny_range *range = &ranges->v6[i];
		const uint32_t len = net_len(range);
		uint64_t net = high_half(range->first) >> (64 - len);

		note_masks(deny, len);
		for (uint64_t left = count_nets(range, len); left; left--, net++)
			entries[n++] = (struct entry){
				(uint32_t)glb_deny6_bit(le_half(net << (64 - len)), deny->shift),
				*range};
	}
	if (entries && n)
		qsort(entries, n, sizeof(*entries), compare_entries);
	*count = n;
	return entries;
}

static uint32_t count_slots6(const struct entry *entries, uint32_t count)
{
	uint32_t slots = 0;

	for (uint32_t i = 0; i < count; i++)
		slots += !i || entries[i].bit != entries[i - 1].bit;
	return slots;
}

/* --- IPv4: the ranges of each network --- */

/* The slots of all networks, most of them with a count of 0, by bit; to be freed. NULL: out of
 * memory.
 */
static struct glb_deny_slot *make_slots4(uint32_t *count, const struct deny_ranges *ranges,
					 uint32_t shift)
{
	struct glb_deny_slot *slots = calloc((size_t)1 << (32 - shift), sizeof(*slots));

	*count = 0;
	for (uint32_t i = 0; i < ranges->count4 && slots; i++) {
		const uint32_t last = (uint32_t)(ranges->v4[i].last >> shift);

		for (uint32_t net = (uint32_t)(ranges->v4[i].first >> shift); net <= last; net++) {
			struct glb_deny_slot *slot = &slots[net];

			*count += !slot->count;
			if (!slot->count++)
				slot->at = i;
		}
	}
	return slots;
}

/* --- Both --- */

/* The parts of the arena. */
struct deny_layout {
	uint64_t *large6, *bits4, *bits6;
	uint32_t *ranks4, *ranks6;
	struct glb_deny_slot *slots4, *slots6;
	struct glb_deny_range4 *ranges4;
	struct glb_deny_range6 *ranges6;
};

/* What they have to hold. */
struct deny_sizes {
	size_t bits4, ranges4, slots4;
	size_t large6, bits6, ranges6, slots6;
};

/* Divides an arena into its parts, or adds up their sizes: see glb_arena_take(). */
static struct deny_layout deny_lay_out(struct glb_arena *arena, const struct deny_sizes *sizes)
{
	return (struct deny_layout){
		.large6 = glb_arena_take(arena, sizes->large6 / 8),
		.bits4 = glb_arena_take(arena, sizes->bits4 / 8),
		.bits6 = glb_arena_take(arena, sizes->bits6 / 8),
		.ranks4 = glb_arena_take(arena, sizes->bits4 / 64 * sizeof(uint32_t)),
		.ranks6 = glb_arena_take(arena, sizes->bits6 / 64 * sizeof(uint32_t)),
		.slots4 = glb_arena_take(arena, sizes->slots4 * sizeof(struct glb_deny_slot)),
		.slots6 = glb_arena_take(arena, sizes->slots6 * sizeof(struct glb_deny_slot)),
		.ranges4 = glb_arena_take(arena, sizes->ranges4 * sizeof(struct glb_deny_range4)),
		.ranges6 = glb_arena_take(arena, sizes->ranges6 * sizeof(struct glb_deny_range6)),
	};
}

static void set_bit(uint64_t *bits, uint64_t bit)
{
	bits[bit / 64] |= 1ULL << bit % 64;
}

static void fill_ranks(uint32_t *ranks, const uint64_t *bits, size_t count)
{
	uint32_t rank = 0;

	for (size_t word = 0; word < count / 64; word++) {
		ranks[word] = rank;
		rank += (uint32_t)__builtin_popcountll(bits[word]);
	}
}

static void fill_large6(const struct glb_deny6 *deny, uint64_t *bits,
			const struct deny_ranges *ranges)
{
	for (uint32_t i = 0; i < ranges->count6; i++) {
		const struct deny_range *range = &ranges->v6[i];
		const uint32_t len = net_len(range) == 16 ? 16 : 32;
		uint64_t net = high_half(range->first) >> (64 - len);

		for (uint64_t left = count_nets(range, len); left; left--, net++)
			set_bit(bits, glb_deny6_bit(le_half(net << (64 - len)), deny->large_shift));
	}
}

static void fill4(struct glb_deny4 *deny, const struct deny_layout *parts,
		  const struct glb_deny_slot *slots, const struct deny_ranges *ranges)
{
	const uint32_t bits = 1U << (32 - deny->shift);
	uint32_t used = 0;

	for (uint32_t i = 0; i < ranges->count4; i++)
		parts->ranges4[i] = (struct glb_deny_range4){(uint32_t)ranges->v4[i].first,
							     (uint32_t)ranges->v4[i].last};
	for (uint32_t bit = 0; bit < bits; bit++) {
		if (!slots[bit].count)
			continue;
		set_bit(parts->bits4, bit);
		parts->slots4[used++] = slots[bit];
	}
	fill_ranks(parts->ranks4, parts->bits4, bits);
	deny->index = (struct glb_deny_index){parts->bits4, parts->ranks4, parts->slots4};
	deny->ranges = ranges->count4 ? parts->ranges4 : NULL;
}

static void fill6(struct glb_deny6 *deny, const struct deny_layout *parts,
		  const struct entry *entries, const struct deny_sizes *sizes,
		  const struct deny_ranges *ranges)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < sizes->ranges6; i++) {
		const uint32_t bit = entries[i].bit;

		parts->ranges6[i] =
			(struct glb_deny_range6){entries[i].range.first, entries[i].range.last};
		if (!i || bit != entries[i - 1].bit)
			parts->slots6[used++] = (struct glb_deny_slot){.at = i};
		parts->slots6[used - 1].count++;
		set_bit(parts->bits6, bit);
	}
	fill_ranks(parts->ranks6, parts->bits6, sizes->bits6);
	fill_large6(deny, parts->large6, ranges);
	deny->large = parts->large6;
	deny->index = (struct glb_deny_index){parts->bits6, parts->ranks6, parts->slots6};
	deny->ranges = sizes->ranges6 ? parts->ranges6 : NULL;
}

int deny_index(struct glb_deny *deny, const struct deny_ranges *ranges)
{
	const uint32_t index4 = index_len(ranges->count4, INDEX4_SPARE, INDEX4_MIN, INDEX4_MAX);
	const uint32_t large6 = index_len(ranges->count6, INDEX6_SPARE, INDEX6_MIN, LARGE6_MAX);
	const uint32_t index6 = index_len(ranges->count6, INDEX6_SPARE, INDEX6_MIN, INDEX6_MAX);
	uint32_t slot_count4 = 0, entry_count = 0;
	struct glb_deny_slot *slots4 = make_slots4(&slot_count4, ranges, 32 - index4);
	struct entry *entries;
	struct deny_sizes sizes;
	struct deny_layout parts;
	struct glb_arena size = {0};
	int err = -ENOMEM;

	deny->v4 = (struct glb_deny4){.shift = 32 - index4};
	deny->v6 = (struct glb_deny6){.large_shift = 64 - large6, .shift = 64 - index6};
	entries = make_entries(&deny->v6, &entry_count, ranges);
	if (slots4 && entries) {
		sizes = (struct deny_sizes){.bits4 = (size_t)1 << index4,
					    .ranges4 = ranges->count4,
					    .slots4 = slot_count4,
					    .large6 = (size_t)1 << large6,
					    .bits6 = (size_t)1 << index6,
					    .ranges6 = entry_count,
					    .slots6 = count_slots6(entries, entry_count)};
		(void)deny_lay_out(&size, &sizes);
		err = glb_arena_make(&deny->arena, size.used);
	}
	if (!err) {
		memset(deny->arena.base, 0, size.used);
		parts = deny_lay_out(&deny->arena, &sizes);
		fill4(&deny->v4, &parts, slots4, ranges);
		fill6(&deny->v6, &parts, entries, &sizes, ranges);
	}
	free(slots4);
	free(entries);
	return err;
}
