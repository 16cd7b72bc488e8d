/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/siphash.h>

#include "core/deny_index.h"

static glb_addr6 addr_number(const struct glb_addr *addr)
{
	if (addr->version == 4)
		return glb_load_be32(addr->bytes);
	return (glb_addr6)GLB_BE64(glb_load64(addr->bytes)) << 64 |
	       GLB_BE64(glb_load64(addr->bytes + 8));
}

static struct deny_range range_of(const struct glb_deny_prefix *prefix)
{
	const unsigned int host_len = (prefix->addr.version == 4 ? 32U : 128U) - prefix->prefix_len;
	const glb_addr6 hosts = host_len < 128 ? ((glb_addr6)1 << host_len) - 1 : ~(glb_addr6)0;
	const glb_addr6 first = addr_number(&prefix->addr) & ~hosts;

	return (struct deny_range){first, first | hosts};
}

/* Of those that begin alike the longest first. */
static int compare_ranges(const void *a, const void *b)
{
	const struct deny_range *one = a;
	const struct deny_range *other = b;

	if (one->first != other->first)
		return one->first < other->first ? -1 : 1;
	return (one->last < other->last) - (one->last > other->last);
}

/* Sorts the ranges of prefixes, and leaves out those that are within another: two prefixes overlap
 * in no other way. Returns how many are left. */
static uint32_t keep_outermost(struct deny_range *ranges, uint32_t count)
{
	uint32_t kept = 0;

	if (count)
		qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (uint32_t i = 0; i < count; i++)
		if (!kept || ranges[i].first > ranges[kept - 1].last)
			ranges[kept++] = ranges[i];
	return kept;
}

/* The ranges of prefixes, in `room` for as many. */
static struct deny_ranges ranges_of(struct deny_range *room, const struct glb_deny_prefix *prefixes,
				    uint32_t count)
{
	struct deny_ranges ranges = {.v4 = room};
	struct deny_range *v6 = room;
	uint32_t n4 = 0, n6 = 0;

	for (uint32_t i = 0; i < count; i++)
		v6 += prefixes[i].addr.version == 4;
	for (uint32_t i = 0; i < count; i++) {
		if (prefixes[i].addr.version == 4)
			room[n4++] = range_of(&prefixes[i]);
		else
			v6[n6++] = range_of(&prefixes[i]);
	}
	ranges.count4 = keep_outermost(room, n4);
	ranges.count6 = keep_outermost(v6, n6);
	ranges.v6 = v6;
	return ranges;
}

static void absorb_addr6(struct glb_siphash *hash, glb_addr6 addr)
{
	glb_siphash_word(hash, (uint64_t)(addr >> 64));
	glb_siphash_word(hash, (uint64_t)addr);
}

/* Absorbs ranges, those that touch as one. */
static void absorb_ranges(struct glb_siphash *hash, const struct deny_range *ranges, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!i || ranges[i - 1].last + 1 != ranges[i].first)
			absorb_addr6(hash, ranges[i].first);
		if (i + 1 == count || ranges[i].last + 1 != ranges[i + 1].first)
			absorb_addr6(hash, ranges[i].last);
	}
}

/* Of which addresses are denied: neither order nor overlaps of prefixes matter. */
static void make_digest(char out[GLB_DENY_DIGEST_LEN], const struct deny_ranges *ranges)
{
	static const uint8_t key[GLB_SIPHASH_KEY_LEN] = "glb deny digest";
	static const char digits[] = "0123456789abcdef";
	struct glb_siphash hash = glb_siphash_start(key);
	uint64_t sum;

	absorb_ranges(&hash, ranges->v4, ranges->count4);
	glb_siphash_word(&hash, 6);
	absorb_ranges(&hash, ranges->v6, ranges->count6);
	sum = glb_siphash_finish(hash);
	for (unsigned int i = 0; i < GLB_DENY_DIGEST_LEN - 1; i++)
		out[i] = digits[sum >> (60 - 4 * i) & 0xf];
}

/* Fills in everything but the prefixes. Returns 0 or -ENOMEM. */
static int deny_fill(struct glb_deny *deny)
{
	struct deny_range *room = malloc((deny->prefix_count + (size_t)1) * sizeof(*room));
	struct deny_ranges ranges;
	int err;

	if (!room)
		return -ENOMEM;
	ranges = ranges_of(room, deny->prefixes, deny->prefix_count);
	make_digest(deny->digest, &ranges);
	err = deny_index(deny, &ranges);
	free(room);
	return err;
}

int glb_deny_make(struct glb_deny **out, const struct glb_deny_prefix *prefixes, uint32_t count)
{
	struct glb_deny *deny = calloc(1, sizeof(*deny));
	int err = -ENOMEM;

	if (!deny)
		return err;
	deny->refs = 1;
	deny->prefix_count = count;
	deny->prefixes = calloc(count + (size_t)1, sizeof(*prefixes)); /* never of no bytes */
	if (deny->prefixes) {
		for (uint32_t i = 0; i < count; i++)
			deny->prefixes[i] = prefixes[i];
		err = deny_fill(deny);
	}
	if (err) {
		free(deny->prefixes);
		free(deny);
		return err;
	}
	*out = deny;
	return 0;
}

struct glb_deny *glb_deny_share(struct glb_deny *deny)
{
	if (deny)
		(void)__atomic_fetch_add(&deny->refs, 1, __ATOMIC_RELAXED);
	return deny;
}

void glb_deny_free(struct glb_deny *deny)
{
	if (!deny || __atomic_sub_fetch(&deny->refs, 1, __ATOMIC_ACQ_REL))
		return;
	glb_arena_free(&deny->arena);
	free(deny->prefixes);
	free(deny);
}

const struct glb_deny_prefix *glb_deny_find(const struct glb_deny *deny,
					    const struct glb_addr *addr)
{
	const struct glb_deny_prefix *found = NULL;
	const glb_addr6 number = addr_number(addr);

	for (uint32_t i = 0; deny && i < deny->prefix_count; i++) {
		const struct glb_deny_prefix *prefix = &deny->prefixes[i];
		const struct deny_range range = range_of(prefix);

		if (prefix->addr.version == addr->version && range.first <= number &&
		    number <= range.last && (!found || prefix->prefix_len > found->prefix_len))
			found = prefix;
	}
	return found;
}
