/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/meter.h>

enum {
	NS_PER_SECOND = 1000000000,
	SLOTS_MIN = 4, /* so that one is free */
};

static const uint64_t ticks_per_second = (uint64_t)NS_PER_SECOND * GLB_METER_TICKS_PER_NS;

/* --- Tokens --- */

/*
 * Ticks of a bucket that are taken already. Up to a second too far ahead, the clock of another
 * worker is a little behind; farther, that time is past, or the clock was set.
 */
static uint64_t taken_of(uint64_t full_at, uint64_t now, uint64_t room)
{
	const uint64_t ahead = full_at - now;

	if (ahead <= room)
		return ahead;
	return ahead - room <= ticks_per_second ? room : 0;
}

/* How many of `wanted` packets, at most 64, do so many ticks pay for? */
static uint32_t affordable(uint64_t ticks, uint64_t cost, uint32_t wanted)
{
	uint32_t count = 0;

	if (ticks >= cost * wanted)
		return wanted;
	for (uint32_t step = 64; step; step /= 2)
		if (ticks >= cost * (count + step))
			count += step;
	return count;
}

uint32_t glb_meter_take(const struct glb_meter *meter, uint32_t wanted, uint64_t now_ns)
{
	struct glb_meter_bucket *bucket = meter->bucket;
	const uint64_t now = now_ns * GLB_METER_TICKS_PER_NS;
	uint64_t full_at = __atomic_load_n(&bucket->full_at, __ATOMIC_RELAXED);
	uint64_t taken;
	uint32_t count;

	do {
		taken = taken_of(full_at, now, meter->room);
		count = affordable(meter->room - taken, meter->cost, wanted);
	} while (count && !__atomic_compare_exchange_n(&bucket->full_at, &full_at,
						       now + taken + count * meter->cost, true,
						       __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (count)
		(void)__atomic_fetch_add(&bucket->passed, count, __ATOMIC_RELAXED);
	if (count < wanted)
		(void)__atomic_fetch_add(&bucket->dropped, wanted - count, __ATOMIC_RELAXED);
	return count;
}

bool glb_meter_is_exhausted(const struct glb_meter *meter, uint64_t now_ns)
{
	const uint64_t full_at = __atomic_load_n(&meter->bucket->full_at, __ATOMIC_RELAXED);
	const uint64_t taken = taken_of(full_at, now_ns * GLB_METER_TICKS_PER_NS, meter->room);

	return meter->room - taken < meter->cost;
}

/* --- Sets --- */

static struct glb_meter_len len_of(uint8_t version, uint32_t prefix_len)
{
	uint8_t bytes[16] = {0};

	for (uint32_t i = 0; i < prefix_len; i++)
		bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return (struct glb_meter_len){
		.mask = {glb_load_le64(bytes), glb_load_le64(bytes + 8)},
		.kind = glb_meter_kind(version, prefix_len),
	};
}

/* The entry of a rule. */
static struct glb_meter_slot meter_entry(const struct glb_meter_rule *rule, uint32_t number)
{
	const struct glb_meter_len len = len_of(rule->vip.version, rule->prefix_len);

	return (struct glb_meter_slot){
		.vip = {glb_load_le64(rule->vip.bytes) & len.mask[0],
			glb_load_le64(rule->vip.bytes + 8) & len.mask[1]},
		.kind = len.kind,
		.number = (uint16_t)number,
	};
}

bool glb_meter_rules_equal(const struct glb_meter_rule *a, const struct glb_meter_rule *b)
{
	const struct glb_meter_slot one = meter_entry(a, 0);
	const struct glb_meter_slot other = meter_entry(b, 0);

	return one.kind == other.kind && one.vip[0] == other.vip[0] && one.vip[1] == other.vip[1];
}

static void index_put(struct glb_meters *meters, const struct glb_meter_slot *entry)
{
	uint32_t at = glb_meter_hash(entry->vip, entry->kind) & meters->slot_mask;

	while (meters->slots[at].number)
		at = (at + 1) & meters->slot_mask;
	meters->slots[at] = *entry;
}

/* The lengths of prefixes of an IP version. */
static void list_lens(struct glb_meters *meters, uint8_t version)
{
	const unsigned int v = version == 6;
	bool found[129] = {false};

	for (uint32_t i = 0; i < meters->count; i++)
		if (meters->meters[i].rule.vip.version == version)
			found[meters->meters[i].rule.prefix_len] = true;
	for (uint32_t len = 128; len <= 128; len--)
		if (found[len])
			meters->lens[v][meters->len_count[v]++] = len_of(version, len);
}

/* The bucket of a rule: that of the meter before, or a full one. NULL: no memory. */
static struct glb_meter_bucket *meter_bucket(const struct glb_meter_rule *rule,
					     const struct glb_meters *before)
{
	struct glb_meter_bucket *bucket;

	for (uint32_t i = 0; before && i < before->count; i++) {
		bucket = before->meters[i].bucket;
		if (!glb_meter_rules_equal(rule, &before->meters[i].rule))
			continue;
		(void)__atomic_fetch_add(&bucket->refs, 1, __ATOMIC_RELAXED);
		return bucket;
	}
	bucket = aligned_alloc(sizeof(*bucket), sizeof(*bucket));
	if (bucket)
		*bucket = (struct glb_meter_bucket){.refs = 1};
	return bucket;
}

/* A rate that is no divisor of the ticks of a second is rounded down. */
static uint64_t cost_of(uint32_t packets_per_second)
{
	return (ticks_per_second + packets_per_second - 1) / packets_per_second;
}

/* Returns 0 or -ENOMEM, with as many meters as could be made. */
static int fill_meters(struct glb_meters *meters, const struct glb_meter_rule *rules,
		       uint32_t count, const struct glb_meters *before)
{
	for (uint32_t i = 0; i < count; i++) {
		struct glb_meter *meter = &meters->meters[i];
		const struct glb_meter_slot entry = meter_entry(&rules[i], i + 1);

		meter->bucket = meter_bucket(&rules[i], before);
		if (!meter->bucket)
			return -ENOMEM;
		meters->count++;
		meter->rule = rules[i];
		meter->cost = cost_of(rules[i].packets_per_second);
		meter->room = meter->cost * rules[i].burst;
		index_put(meters, &entry);
	}
	list_lens(meters, 4);
	list_lens(meters, 6);
	return 0;
}

int glb_meters_make(struct glb_meters **out, const struct glb_meter_rule *rules, uint32_t count,
		    const struct glb_meters *before)
{
	struct glb_meters *meters = calloc(1, sizeof(*meters));
	uint32_t slots = SLOTS_MIN;

	if (!meters)
		return -ENOMEM;
	while (slots < 2 * count)
		slots *= 2;
	meters->refs = 1;
	meters->slot_mask = slots - 1;
	meters->slots = calloc(slots, sizeof(*meters->slots));
	meters->meters = calloc(count + (size_t)1, sizeof(*meters->meters)); /* never of no bytes */
	if (!meters->slots || !meters->meters || fill_meters(meters, rules, count, before)) {
		glb_meters_free(meters);
		return -ENOMEM;
	}
	*out = meters;
	return 0;
}

struct glb_meters *glb_meters_share(struct glb_meters *meters)
{
	if (meters)
		(void)__atomic_fetch_add(&meters->refs, 1, __ATOMIC_RELAXED);
	return meters;
}

void glb_meters_free(struct glb_meters *meters)
{
	if (!meters || __atomic_sub_fetch(&meters->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (uint32_t i = 0; i < meters->count; i++) {
		struct glb_meter_bucket *bucket = meters->meters[i].bucket;

		if (!__atomic_sub_fetch(&bucket->refs, 1, __ATOMIC_ACQ_REL))
			free(bucket);
	}
	free(meters->meters);
	free(meters->slots);
	free(meters);
}
