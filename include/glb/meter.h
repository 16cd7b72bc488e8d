/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May one more packet go to a VIP now?
 *
 * A meter limits how many packets per second a director forwards to an address, or to all addresses
 * of a prefix together. It is a token bucket that all workers share, so the limit is that of the
 * director, however its flows are spread over the workers. It knows nothing about flows or clients:
 * whatever exceeds the rate is dropped.
 *
 * A bucket is one word, the time at which it will be full again (the generic cell rate algorithm of
 * ITU-T I.371, as virtual scheduling). Workers take the tokens of a burst in one atomic step.
 */
#ifndef GLB_METER_H
#define GLB_METER_H

#include <glb/spec.h>

enum {
	GLB_METERS_MAX = 256,
	GLB_METER_RATE_MAX = 100000000, /* packets per second */
	GLB_METER_BURST_MAX = 10000000, /* packets */
	GLB_METER_TICKS_PER_NS = 256,
};
_Static_assert(GLB_METER_BURST_MAX * 1000000000ULL * GLB_METER_TICKS_PER_NS < UINT64_MAX / 4,
	       "times are compared modulo 2^64");

/* What the operator wants. */
struct glb_meter_rule {
	struct glb_addr vip; /* host bits are ignored */
	uint8_t prefix_len;
	uint32_t packets_per_second; /* 1 to GLB_METER_RATE_MAX */
	uint32_t burst; /* packets that may follow on each other at once: 1 to GLB_METER_BURST_MAX
			 */
};

/*
 * What workers write of a meter. Meters of one prefix have the same in all sets that are made one
 * after the other, so a reload neither fills a bucket nor resets a counter.
 */
struct glb_meter_bucket {
	uint64_t full_at; /* in ticks, modulo 2^64 */
	uint64_t passed;  /* packets */
	uint64_t dropped;
	unsigned int refs;
} __attribute__((aligned(64))); /* of which all are atomic */
_Static_assert(sizeof(struct glb_meter_bucket) == 64, "one cache line");

struct glb_meter {
	struct glb_meter_bucket *bucket;
	uint64_t cost; /* of a packet, in ticks */
	uint64_t room; /* of the bucket, in ticks */
	struct glb_meter_rule rule;
};

/* An entry of the index. */
struct glb_meter_slot {
	uint64_t vip[2]; /* masked, little-endian; IPv4: the first is the address */
	uint16_t kind;	 /* glb_meter_kind() */
	uint16_t number; /* of the meter, from 1; 0: no entry */
};

/* A length of prefixes that some meter has. */
struct glb_meter_len {
	uint64_t mask[2];
	uint16_t kind;
};

/* Immutable, except the buckets and `refs`. */
struct glb_meters {
	struct glb_meter *meters; /* in the order of the rules */
	uint32_t count;
	uint32_t len_count[2];		   /* IPv4, IPv6 */
	struct glb_meter_len lens[2][129]; /* the longest first */
	uint32_t slot_mask;		   /* number of slots - 1 */
	struct glb_meter_slot *slots;	   /* by hash; others follow in the next free slots */
	unsigned int refs;		   /* atomic */
};

/*
 * Makes a set of meters.
 *
 * rules   `count` of them, at most GLB_METERS_MAX, no two of the same prefix
 * before  a set whose buckets are kept where it has a meter of the same prefix, or NULL; must not
 *         be released meanwhile
 *
 * Returns 0 and sets *out, to be released with glb_meters_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_meters_make(struct glb_meters **out, const struct glb_meter_rule *rules,
				  uint32_t count, const struct glb_meters *before);

/* One more share of it, to be released with glb_meters_free(). NULL remains NULL. Any thread. */
struct glb_meters *glb_meters_share(struct glb_meters *meters);

/* Releases a share, and all with the last one. NULL is fine. Any thread. */
void glb_meters_free(struct glb_meters *meters);

/* Are these rules about the same prefix? */
bool glb_meter_rules_equal(const struct glb_meter_rule *a, const struct glb_meter_rule *b);

/* Identifies prefixes of an IP version and length. */
GLB_INLINE uint16_t glb_meter_kind(uint8_t version, uint32_t prefix_len)
{
	return (uint16_t)((uint32_t)version << 8 | prefix_len);
}

GLB_INLINE uint32_t glb_meter_hash(const uint64_t vip[2], uint16_t kind)
{
	return (uint32_t)(((vip[0] ^ kind) * 0x9e3779b97f4a7c15 ^ vip[1] * 0xd6e8feb86659fd93) >>
			  40);
}

/*
 * The number of the meter of a VIP, that with the longest prefix, from 1; or 0. The address is as
 * loaded little-endian: of IPv4 in the first word, with the second 0.
 */
GLB_INLINE uint32_t glb_meters_find(const struct glb_meters *meters, const uint64_t vip[2],
				    uint8_t version)
{
	const unsigned int v = version == 6;

	for (uint32_t l = 0; l < meters->len_count[v]; l++) {
		const struct glb_meter_len *len = &meters->lens[v][l];
		const uint64_t key[2] = {vip[0] & len->mask[0], vip[1] & len->mask[1]};

		for (uint32_t s = glb_meter_hash(key, len->kind);; s++) {
			const struct glb_meter_slot *slot = &meters->slots[s & meters->slot_mask];

			if (!slot->number)
				break;
			if (slot->vip[0] == key[0] && slot->vip[1] == key[1] &&
			    slot->kind == len->kind)
				return slot->number;
		}
	}
	return 0;
}

/* The meter of a VIP given by its 4 or 16 bytes, followed by zeros up to 16; or NULL. */
GLB_INLINE const struct glb_meter *glb_meters_of(const struct glb_meters *meters,
						 const uint8_t vip[16], uint8_t version)
{
	const uint64_t words[2] = {glb_load_le64(vip), glb_load_le64(vip + 8)};
	const uint32_t number = glb_meters_find(meters, words, version);

	return number ? &meters->meters[number - 1] : NULL;
}

/*
 * Takes tokens for up to `wanted` packets, at most 64, and counts those that have one and those
 * that have none. Returns how many have.
 *
 * now_ns  of a monotonic clock that all workers share; one that is a little behind that of another
 *         gets nothing more. May wrap. After a jump of seconds the bucket is full
 */
uint32_t glb_meter_take(const struct glb_meter *meter, uint32_t wanted, uint64_t now_ns);

/* Would a packet be dropped now? Any thread. */
bool glb_meter_is_exhausted(const struct glb_meter *meter, uint64_t now_ns);

/* Packets of a meter so far; any thread. */
GLB_INLINE uint64_t glb_meter_passed(const struct glb_meter *meter)
{
	return __atomic_load_n(&meter->bucket->passed, __ATOMIC_RELAXED);
}

GLB_INLINE uint64_t glb_meter_dropped(const struct glb_meter *meter)
{
	return __atomic_load_n(&meter->bucket->dropped, __ATOMIC_RELAXED);
}

#endif
