/* SPDX-License-Identifier: BSD-3-Clause */
#include <glb/token_bucket.h>

static const uint64_t reply_cost = 1000000000;

static uint8_t hash_bucket(uint64_t a, uint64_t b)
{
	uint64_t mix = a * 0x9e3779b97f4a7c15;

	mix = (mix ^ mix >> 32 ^ b) * 0xd6e8feb86659fd93;
	return (uint8_t)(mix >> 56);
}

static uint8_t addr_bucket(const uint8_t *addr, uint32_t len)
{
	uint8_t bytes[16] = {0};

	__builtin_memcpy(bytes, addr, len);
	return hash_bucket(glb_load_le64(bytes), glb_load_le64(bytes + 8));
}

struct glb_shares glb_shares_of(const uint8_t *src, const uint8_t *dst, uint8_t version,
				uint32_t table)
{
	bool v4 = version == 4;

	return (struct glb_shares){.bucket = {
					   [GLB_SHARE_TABLE] = (uint8_t)table,
					   [GLB_SHARE_VIP] = addr_bucket(dst, v4 ? 4 : 16),
					   [GLB_SHARE_CLIENT] = addr_bucket(
						   src, v4 ? GLB_CLIENT_LEN4 : GLB_CLIENT_LEN6),
				   }};
}

/* Gives back what time has brought. */
static void refill(struct glb_token_bucket *bucket, uint32_t per_second, uint64_t now_ns)
{
	if (now_ns < bucket->at_ns)
		return;

	uint64_t elapsed = now_ns - bucket->at_ns;
	/* a second refills any bucket: longer ones would overflow */
	uint64_t back = elapsed < reply_cost ? elapsed * per_second : UINT64_MAX;

	bucket->at_ns = now_ns;
	bucket->spent = back < bucket->spent ? bucket->spent - back : 0;
}

static bool has_room(const struct glb_token_bucket *bucket, uint64_t burst)
{
	return bucket->spent + reply_cost <= burst * reply_cost;
}

static uint32_t part_of(uint32_t whole, unsigned int shift)
{
	return whole >> shift ? whole >> shift : 1;
}

bool glb_token_buckets_take(struct glb_token_buckets *buckets, uint32_t per_second,
			    const struct glb_shares *shares, uint64_t now_ns)
{
	static const uint8_t shifts[] = {
#define GLB_SHARE_SHIFT(name, shift) shift,
		GLB_SHARES(GLB_SHARE_SHIFT)
#undef GLB_SHARE_SHIFT
	};
	uint32_t burst = per_second < GLB_ICMP_REPLY_BURST ? per_second : GLB_ICMP_REPLY_BURST;
	struct glb_token_bucket *own[GLB_SHARE_COUNT];
	bool within = true;

	for (unsigned int s = 0; s < GLB_SHARE_COUNT; s++) {
		own[s] = &buckets->shares[s][shares->bucket[s]];
		refill(own[s], part_of(per_second, shifts[s]), now_ns);
		within &= has_room(own[s], part_of(burst, shifts[s]));
	}
	refill(&buckets->all, per_second, now_ns);
	if (!has_room(&buckets->all, within ? burst + (burst + 1) / 2 : burst))
		return false;
	buckets->all.spent += reply_cost;
	for (unsigned int s = 0; within && s < GLB_SHARE_COUNT; s++)
		own[s]->spent += reply_cost;
	return true;
}
