/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/hash.h>

#include "draw.h"
#include "flows.h"
#include "memory.h"
#include "script.h"

/* In ticks. */
static double draw_life(uint64_t *random)
{
	double life = draw_below(random, 10) < 6 ? draw_lognormal(random, 5, 1.5)
						 : draw_pareto(random, 1.2, 60, LONGEST_S);

	return fmin(life, LONGEST_S) * TICKS_PER_S;
}

static uint32_t draw_pause(uint64_t *random, bool idle)
{
	double pause = draw_exponential(random, idle ? 30 : 5);

	return 1 + (uint32_t)(fmin(pause, 75) * TICKS_PER_S);
}

static double mean_life(void)
{
	enum { SAMPLES = 20000 };
	uint64_t random = 1;
	double sum = 0;

	for (unsigned int i = 0; i < SAMPLES; i++)
		sum += draw_life(&random);
	return sum / SAMPLES;
}

void flows_start(struct flows *flows, unsigned int count, uint32_t end, uint64_t seed,
		 const uint8_t *hash_key)
{
	double mean = mean_life();

	*flows = (struct flows){.random = seed * 0xd1342543de82ef95 | 1, .end = end};
	memcpy(flows->hash_key, hash_key, sizeof(flows->hash_key));
	flows->rate = count / (end + mean);
	flows->next_arrival = -(double)LONGEST_S * TICKS_PER_S;
	flows->capacity = (uint32_t)(flows->rate * mean * 1.5) + 4096;
	flows->all = need(flows->capacity * sizeof(*flows->all));
	flows->used = 1; /* flow 0 is none */
	flows->calendar = need(end * sizeof(*flows->calendar));
}

void flows_free(struct flows *flows)
{
	free(flows->all);
	free(flows->calendar);
}

static struct flow *take_flow(struct flows *flows)
{
	uint32_t at = flows->free;

	if (at)
		flows->free = flows->all[at].next;
	else if (flows->used < flows->capacity)
		at = flows->used++;
	else
		abort(); /* half as many more than expected */
	flows->live++;
	return &flows->all[at];
}

void flows_hash(uint64_t hashes[FIELD_SETS], const uint8_t *hash_key, uint32_t client,
		uint16_t port)
{
	struct glb_flow flow = {
		.src = {11, (uint8_t)(client >> 16), (uint8_t)(client >> 8), (uint8_t)client},
		.dst = {192, 0, 2, 1},
		.src_port = port,
		.dst_port = 443,
		.version = 4,
		.proto = GLB_PROTO_TCP,
	};

	for (unsigned int set = 0; set < FIELD_SETS; set++)
		hashes[set] = glb_flow_hash(hash_key, course_field_sets[set], &flow);
}

static struct flow *begin_flow(struct flows *flows, uint32_t ends_at)
{
	struct flow *flow = take_flow(flows);

	*flow = (struct flow){.number = ++flows->started, .ends_at = ends_at};
	flow->idle = draw_below(&flows->random, 10) < 3;
	flow->ecmp = (uint32_t)(draw(&flows->random) >> 32);
	flows_hash(flow->hashes, flows->hash_key, draw_below(&flows->random, 1 << 24),
		   (uint16_t)(1024 + draw_below(&flows->random, 64512)));
	memset(flow->owner, 0xff, sizeof(flow->owner));
	return flow;
}

struct flow *flows_old(struct flows *flows)
{
	while (flows->next_arrival < 0) {
		double left = flows->next_arrival + draw_life(&flows->random);

		flows->next_arrival += draw_exponential(&flows->random, 1 / flows->rate);
		if (left > 0)
			return begin_flow(flows, (uint32_t)left);
	}
	return NULL;
}

struct flow *flows_arrival(struct flows *flows, uint32_t tick)
{
	if (flows->next_arrival >= tick + 1.0)
		return NULL;
	flows->next_arrival += draw_exponential(&flows->random, 1 / flows->rate);
	return begin_flow(flows, tick + (uint32_t)draw_life(&flows->random));
}

struct flow *flows_due(struct flows *flows, uint32_t tick)
{
	uint32_t at = flows->calendar[tick];

	if (!at)
		return NULL;
	flows->calendar[tick] = flows->all[at].next;
	__builtin_prefetch(&flows->all[flows->all[at].next]);
	return &flows->all[at];
}

static uint32_t pause_of(struct flows *flows, struct flow *flow, uint32_t tick)
{
	if (flow->waiting)
		return (uint32_t)TICKS_PER_S << flow->tries++;
	flow->tries = 0;

	uint32_t pause = draw_pause(&flows->random, flow->idle);

	return tick + pause < flow->ends_at || flow->ends_at <= tick ? pause : flow->ends_at - tick;
}

void flows_go_on(struct flows *flows, struct flow *flow, uint32_t tick)
{
	uint32_t next = tick + pause_of(flows, flow, tick);

	if (next >= flows->end)
		return; /* silent until all is over */
	flow->next = flows->calendar[next];
	flows->calendar[next] = (uint32_t)(flow - flows->all);
}

void flows_end(struct flows *flows, struct flow *flow)
{
	flow->next = flows->free;
	flows->free = (uint32_t)(flow - flows->all);
	flows->live--;
}
