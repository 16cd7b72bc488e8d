/* SPDX-License-Identifier: BSD-3-Clause */
#include <glb/limit.h>

static const uint64_t answer_cost = 1000000000;

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

struct glb_shares glb_shares_of(const struct glb_flow *flow, uint32_t table)
{
	bool v4 = flow->version == 4;

	return (struct glb_shares){
		.bucket = {
			[GLB_SHARE_TABLE] = (uint8_t)table,
			[GLB_SHARE_VIP] = addr_bucket(flow->dst, sizeof(flow->dst)),
			[GLB_SHARE_CLIENT] =
				addr_bucket(flow->src, v4 ? GLB_CLIENT_LEN4 : GLB_CLIENT_LEN6),
		}};
}

/* Gives back what time has brought. */
static void refill(struct glb_budget *budget, uint32_t per_second, uint64_t now_ns)
{
	if (now_ns < budget->at_ns)
		return;

	uint64_t elapsed = now_ns - budget->at_ns;
	/* a second refills any budget: longer ones would overflow */
	uint64_t back = elapsed < answer_cost ? elapsed * per_second : UINT64_MAX;

	budget->at_ns = now_ns;
	budget->spent = back < budget->spent ? budget->spent - back : 0;
}

static bool has_room(const struct glb_budget *budget, uint64_t burst)
{
	return budget->spent + answer_cost <= burst * answer_cost;
}

static uint32_t part_of(uint32_t whole, unsigned int shift)
{
	return whole >> shift ? whole >> shift : 1;
}

bool glb_limit_take(struct glb_limit *limit, uint32_t per_second, const struct glb_shares *shares,
		    uint64_t now_ns)
{
	static const uint8_t shifts[] = {
#define GLB_SHARE_SHIFT(name, shift) shift,
		GLB_SHARES(GLB_SHARE_SHIFT)
#undef GLB_SHARE_SHIFT
	};
	uint32_t burst = per_second < GLB_ANSWER_BURST ? per_second : GLB_ANSWER_BURST;
	struct glb_budget *own[GLB_SHARE_COUNT];
	bool within = true;

	for (unsigned int s = 0; s < GLB_SHARE_COUNT; s++) {
		own[s] = &limit->shares[s][shares->bucket[s]];
		refill(own[s], part_of(per_second, shifts[s]), now_ns);
		within &= has_room(own[s], part_of(burst, shifts[s]));
	}
	refill(&limit->all, per_second, now_ns);
	if (!has_room(&limit->all, within ? burst + (burst + 1) / 2 : burst))
		return false;
	limit->all.spent += answer_cost;
	for (unsigned int s = 0; within && s < GLB_SHARE_COUNT; s++)
		own[s]->spent += answer_cost;
	return true;
}
