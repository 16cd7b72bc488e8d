/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "traffic.h"

/*
 * Buffers lie as far apart as in a DPDK mempool: 64 bytes of the pool, 128 of the mbuf, 128 of
 * headroom, 2,048 of the frame. That is an odd number of cache lines, so that headers spread over
 * all sets of the caches. At 2,048 bytes all of them would share a few sets, and a store would seem
 * to overlap loads from other buffers that have the same address in their page.
 */
enum {
	RING = 512,
	HEADROOM = 128,
	FRAME_AT = 64 + 128 + HEADROOM,
	BUFFER_LEN = FRAME_AT + 2048,
	BACKENDS = 16,
};
_Static_assert(BUFFER_LEN % 128 == 64, "an odd number of cache lines");

/* What is not said. */
static struct subject with_defaults(const struct subject *subject)
{
	struct subject all = *subject;

	all.frame_len = subject->frame_len ? subject->frame_len : 64;
	all.flows = subject->flows ? subject->flows : 256;
	all.tables = subject->tables ? subject->tables : 1;
	all.binds = subject->binds ? subject->binds : 1;
	return all;
}

struct glb_bind traffic_bind(unsigned int table, unsigned int bind, bool ipv6)
{
	struct glb_addr addr = {{192, (uint8_t)table, (uint8_t)(bind >> 8), (uint8_t)bind}, 4};

	if (ipv6)
		addr = (struct glb_addr){{0x20, 1, 0xd, 0xb8, [13] = (uint8_t)table,
					  (uint8_t)(bind >> 8), (uint8_t)bind},
					 6};
	return (struct glb_bind){.addr = addr,
				 .prefix_len = ipv6 ? 128 : 32,
				 .proto = GLB_PROTO_TCP,
				 .port_first = 443,
				 .port_last = 443};
}

static bool has_ipv6(const struct subject *subject)
{
	return subject->kind == TRAFFIC_IPV6 || subject->kind == TRAFFIC_IPV6_ERROR ||
	       subject->kind == TRAFFIC_MIX;
}

static bool has_ipv4(const struct subject *subject)
{
	return !has_ipv6(subject) || subject->kind == TRAFFIC_MIX;
}

static void fill_binds(struct glb_table_spec *table, unsigned int t, const struct subject *subject)
{
	table->binds = calloc(2 * (size_t)subject->binds, sizeof(*table->binds));
	if (!table->binds)
		abort();
	for (unsigned int b = 0; b < subject->binds; b++) {
		if (has_ipv4(subject))
			table->binds[table->bind_count++] = traffic_bind(t, b, false);
		if (has_ipv6(subject))
			table->binds[table->bind_count++] = traffic_bind(t, b, true);
	}
}

static void fill_backends(struct glb_table_spec *table, unsigned int t, bool ipv6)
{
	table->backend_count = BACKENDS;
	table->backends = calloc(BACKENDS, sizeof(*table->backends));
	if (!table->backends)
		abort();
	for (uint8_t b = 0; b < BACKENDS; b++) {
		struct glb_addr addr = {{10, (uint8_t)t, 0, b}, 4};

		if (ipv6)
			addr = (struct glb_addr){{0xfd, [14] = (uint8_t)t, b}, 6};
		table->backends[b] =
			(struct glb_backend){.addr = addr, .state = GLB_ACTIVE, .healthy = true};
	}
}

static struct glb_generation *make_generation(const struct subject *subject, enum glb_isa isa)
{
	const struct glb_settings settings = {
		.src_addr = {{10, 255, 0, 1}, 4},
		.src_addr6 = {{0xfd, [15] = 1}, 6},
		.hash_fields = subject->all_fields ? GLB_HASH_FIELDS_ALL : GLB_HASH_SRC_ADDR,
		.udp_checksum = subject->udp_checksum,
		.isa = (uint8_t)isa,
		.ports = {{.gateway_mac = {2, 1}, .mac = {2, 2}, .mtu = 1500}},
	};
	struct glb_spec spec = {.table_count = subject->tables};
	struct glb_generation *gen;
	struct glb_tables tables;

	spec.tables = calloc(spec.table_count, sizeof(*spec.tables));
	if (!spec.tables)
		abort();
	for (unsigned int t = 0; t < spec.table_count; t++) {
		struct glb_table_spec *table = &spec.tables[t];

		table->hops = subject->hops;
		memset(table->hash_key, (int)t + 1, sizeof(table->hash_key));
		memset(table->seed, (int)t + 7, sizeof(table->seed));
		fill_binds(table, t, subject);
		fill_backends(table, t, subject->underlay6);
	}
	if (glb_tables_build(&tables, &spec, NULL, NULL) ||
	    glb_generation_make(&gen, 1, &settings, &tables, NULL))
		abort();
	glb_spec_free(&spec);
	return gen;
}

/* The frames of all flows. */
static void fill_heads(struct traffic *traffic, const struct subject *subject)
{
	for (uint32_t flow = 0; flow < traffic->flows; flow++) {
		uint8_t *head = traffic->heads + (size_t)flow * TRAFFIC_HEAD_LEN;
		struct frame frame;

		traffic_frame(&frame, subject, flow);
		memcpy(head, frame.head, TRAFFIC_HEAD_LEN);
		traffic->lens[flow] = frame.len;
		for (unsigned int i = TRAFFIC_HEAD_LEN / 2; i < TRAFFIC_HEAD_LEN; i++)
			traffic->long_heads |= head[i] != 0;
	}
}

void traffic_start(struct traffic *traffic, const struct subject *subject, enum glb_isa isa)
{
	const struct subject all = with_defaults(subject);

	*traffic = (struct traffic){.subject = subject, .flows = all.flows};
	traffic->gen = make_generation(&all, isa);
	traffic->buffers = aligned_alloc(4096, (size_t)RING * BUFFER_LEN);
	traffic->heads = aligned_alloc(64, (size_t)all.flows * TRAFFIC_HEAD_LEN);
	traffic->lens = calloc(all.flows, sizeof(*traffic->lens));
	if (!traffic->buffers || !traffic->heads || !traffic->lens)
		abort();
	memset(traffic->buffers, 0, (size_t)RING * BUFFER_LEN);
	fill_heads(traffic, &all);
}

void traffic_stop(struct traffic *traffic)
{
	glb_generation_free(traffic->gen);
	free(traffic->buffers);
	free(traffic->heads);
	free(traffic->lens);
}

void traffic_refill(struct traffic *traffic, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint32_t flow = traffic->next % traffic->flows;
		const uint8_t *head = traffic->heads + (size_t)flow * TRAFFIC_HEAD_LEN;
		uint8_t *frame =
			traffic->buffers + (size_t)(traffic->next % RING) * BUFFER_LEN + FRAME_AT;

		traffic->next++;
		memcpy(frame, head, TRAFFIC_HEAD_LEN / 2);
		if (traffic->long_heads)
			memcpy(frame + TRAFFIC_HEAD_LEN / 2, head + TRAFFIC_HEAD_LEN / 2,
			       TRAFFIC_HEAD_LEN / 2);
		traffic->packets[i] = (struct glb_packet){
			.data = frame, .len = traffic->lens[flow], .headroom = HEADROOM};
	}
}
