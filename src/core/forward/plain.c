/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packets that nearly all are: untagged, TCP or UDP, whole, without IPv4 options or IPv6
 * extension headers, to an exact bind, towards backends of the generation's plain_version.
 * forward.c would make the same of them in several times as many steps.
 */
#include <string.h>

#include "plain.h"
#include "plain_take.h"
#include "plain_write.h"
#include "plain_write6.h"

/* Fills in the words to be hashed. */
static void write_messages(struct plain *plain, const struct burst *burst)
{
	const struct message_plan plan = burst->plan;
	struct messages *messages = &plain->messages;
	uint64_t *last = messages->words[plan.word_count - 1];
	const uint32_t count = messages->count;

	messages->word_count = plan.word_count;
	for (uint32_t n = 0; n < count && burst->version == 4; n++)
		messages->words[0][n] = (plain->addrs[0][n] >> plan.addr_at * 8 & plan.addr_mask) |
					(plain->ports[n] >> plan.port_shift & plan.port_mask_first)
						<< plan.port_at |
					plan.len_first;
	for (uint32_t w = 0; w < plan.addr_words && burst->version == 6; w++)
		memcpy(messages->words[w], plain->addrs[plan.addr_at / 8 + w],
		       sizeof(messages->words[w]));
	for (uint32_t n = 0; n < count && (plan.word_count > 1 || burst->version == 6); n++)
		last[n] =
			(plain->ports[n] >> plan.port_shift & plan.port_mask_last) | plan.len_last;
}

static void find_rows(struct plain *plain)
{
	const struct messages *messages = &plain->messages;

#pragma GCC unroll 4
	for (uint32_t n = 0; n < messages->count; n++) {
		plain->rows[n] = &plain->routes[n]->rows[glb_row_index(messages->hashes[n])];
		__builtin_prefetch(plain->rows[n]);
	}
}

/* The addresses of many backends, or IPv6 templates, may not be in a near cache. */
GLB_INLINE void ask_for_hops(const struct plain *plain, uint8_t outer)
{
	for (uint32_t n = 0; n < plain->messages.count; n++) {
		const struct glb_route *route = plain->routes[n];
		const struct glb_row *row = plain->rows[n];

		for (unsigned int hop = 0; hop < route->row_hops; hop++)
			__builtin_prefetch(outer == 4 ? (void *)&route->addrs[row->hops[hop]]
						      : &route->outers[row->hops[hop]]);
	}
}

static void find_hops(struct plain *plain)
{
	for (uint32_t n = 0; n < plain->messages.count; n++) {
		const struct glb_route *route = plain->routes[n];
		const struct glb_row *row = plain->rows[n];
		const uint32_t *addrs = route->addrs;

		plain->firsts[n] = GLB_LE32(addrs[row->hops[0]]);
		plain->seconds[n] = GLB_LE32(addrs[row->hops[1]]);
		plain->pkts[n]->backend = route->first_backend + row->hops[0];
	}
}

static void count_hops(struct plain *plain, const struct glb_generation *gen)
{
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++)
		plain->listed[n] = gen->listed_hops;
	for (uint32_t n = 0; n < count && !gen->listed_hops; n++)
		plain->listed[n] = plain->routes[n]->listed_hops;
}

/* Sums the addresses of the hops behind the second. */
static void sum_more_hops(struct plain *plain)
{
	for (uint32_t n = 0; n < plain->messages.count; n++) {
		const struct glb_route *route = plain->routes[n];

		plain->hop_sums[n] = 0;
		for (unsigned int hop = 2; hop < route->row_hops; hop++)
			plain->hop_sums[n] +=
				lane_fold(GLB_LE32(route->addrs[plain->rows[n]->hops[hop]]));
	}
}

/* Here and below, `outer` is the version of the proxies, and a constant. */
GLB_INLINE void list_hops(struct plain *plain, const struct glb_generation *gen, uint8_t outer)
{
	if (gen->many_backends)
		ask_for_hops(plain, outer);
	if (outer == 4)
		find_hops(plain);
	else
		find_hops6(plain);
	count_hops(plain, gen);
	if (!gen->many_hops)
		memset(plain->hop_sums, 0, sizeof(plain->hop_sums));
	else if (outer == 4)
		sum_more_hops(plain);
	else
		sum_more_hops6(plain);
}

GLB_INLINE void make_headers(struct plain *plain, const struct burst *burst, uint8_t version,
			     uint8_t outer)
{
	make_fields(plain, burst, version, outer);
	if (outer == 4)
		make_words(plain, burst, version);
	else
		make_words6(plain, burst, version);
}

GLB_INLINE void encapsulate(struct plain *plain, const struct burst *burst, uint8_t outer)
{
	list_hops(plain, burst->gen, outer);
	sum_inners(plain, burst);
	if (burst->version == 4)
		make_headers(plain, burst, 4, outer);
	else
		make_headers(plain, burst, 6, outer);
	make_packets(plain, burst->gen->settings.trim_padding, outer);
	if (outer == 4)
		write_frames(plain, burst);
	else
		write_frames6(plain, burst);
}

static void forward_plain(struct plain *plain, const struct burst *burst)
{
	const bool ipv6 = burst->gen->plain_version == 6;

	if (ipv6)
		ask_for_room6(plain, burst);
	write_messages(plain, burst);
	messages_hash(&plain->messages);
	find_rows(plain);
	if (ipv6)
		encapsulate(plain, burst, 6);
	else
		encapsulate(plain, burst, 4);
}

/* Works out what is the same for all packets to IPv4 proxies, and below, to IPv6 ones. */
static void start_outer(struct burst *burst)
{
	const uint8_t *src = burst->gen->settings.src_addr.bytes;
	uint8_t ip[16] = {[0] = 4 << 4 | GLB_IPV4_LEN / 4,
			  [6] = 0x40, /* do not fragment */
			  [8] = GLB_OUTER_TTL,
			  [9] = GLB_PROTO_UDP};

	memcpy(ip + 12, src, 4);
	burst->word0 = glb_load_le64(ip);
	burst->word1 = glb_load_le64(ip + 8);
	burst->ip_sum = GLB_LE16(glb_sum_fold(glb_sum(0, ip, sizeof(ip))));
	burst->pseudo_sum = GLB_LE16(glb_sum_fold(glb_sum(GLB_BE16(GLB_PROTO_UDP), src, 4)));
}

static void start_outer6(struct burst *burst)
{
	const uint8_t *src = burst->gen->settings.src_addr6.bytes;

	burst->pseudo_sum = GLB_LE16(glb_sum_fold(glb_sum(GLB_BE16(GLB_PROTO_UDP), src, 16)));
}

/* Works out what is the same for all packets of a version. */
static void start(struct burst *burst)
{
	const struct glb_generation *gen = burst->gen;

	burst->plan = message_plan(burst->version, gen->settings.hash_fields);
	if (gen->plain_version == 6)
		start_outer6(burst);
	else
		start_outer(burst);
}

/* The address that no client has. */
static void start_own(struct burst *burst)
{
	const struct glb_settings *settings = &burst->gen->settings;
	const struct glb_addr *own =
		burst->version == 4 ? &settings->src_addr : &settings->src_addr6;

	burst->own[0] = glb_load_le64(own->bytes);
	burst->own[1] = glb_load_le64(own->bytes + 8);
}

/* Forwards the plain ones of n packets that were read; returns how many are not, and which. */
GLB_INLINE unsigned int forward_read(struct plain *plain, struct burst *burst, unsigned int n,
				     struct glb_packet **others)
{
	const uint8_t version = burst->version;
	unsigned int other_count = 0;

	start_own(burst);
	if (version == 4)
		judge_ipv4(plain, burst, n);
	else
		judge_ipv6(plain, burst, n);
	plain->messages.count = n;
	if (!find_routes(plain, burst, n, version))
		other_count = compact(plain, burst, n, others);
	if (other_count < n) {
		start(burst);
		forward_plain(plain, burst);
	}
	return other_count;
}

/* Of a whole burst. The version is a constant where this is inlined, and below. */
GLB_INLINE unsigned int forward_all(struct plain *plain, struct burst *burst, unsigned int n,
				    struct glb_packet **others, uint8_t version)
{
	burst->version = version;
	for (unsigned int i = 0; i < n; i++) {
		if (version == 4)
			read_ipv4(plain, i, &burst->pkts[i]);
		else
			read_ipv6(plain, i, &burst->pkts[i]);
	}
	return forward_read(plain, burst, n, others);
}

/* Of the n packets that the other version left over. */
GLB_INLINE unsigned int forward_others(struct plain *plain, struct burst *burst, unsigned int n,
				       struct glb_packet **others, uint8_t version)
{
	burst->version = version;
	for (unsigned int i = 0; i < n; i++) {
		if (version == 4)
			read_ipv4(plain, i, others[i]);
		else
			read_ipv6(plain, i, others[i]);
	}
	return forward_read(plain, burst, n, others);
}

/* Where frames go to another address of the port than its own, nearly all do. */
static uint64_t choose_mac(const struct glb_generation *gen, const struct glb_packet *first)
{
	const struct glb_ingress *ingress = &gen->ingress[first->port];
	uint64_t head = first->len < GLB_ETHER_LEN ? ingress->mac : glb_load_le64(first->data);

	return ingress_takes(gen, first->port, head) ? head : ingress->mac;
}

unsigned int FORWARD_ISA_NAME(plain)(const struct glb_generation *gen, struct glb_packet *pkts,
				     unsigned int n, struct glb_packet **others)
{
	struct plain plain;
	struct burst
		burst; /* field by field: start() writes most of it, so zeros would be wasted */
	unsigned int left;

	burst.gen = gen;
	burst.exact = binds_exact(gen->binds);
	burst.egress = &gen->egress[pkts->port];
	burst.pkts = pkts;
	burst.outer_len_max = gen->outer_len_max;
	burst.other_version = false;
	burst.mac = choose_mac(gen, pkts);
	burst.mac_mask = gen->ingress[pkts->port].mask;
	start_misfit(&burst, pkts->port);
	if (burst.egress->outer_max < gen->outer_len_max) { /* nothing may leave unseen */
		for (unsigned int i = 0; i < n; i++)
			others[i] = &pkts[i];
		return n;
	}
	burst.ip_len_max = burst.egress->outer_max - gen->outer_len_max;

	/* most bursts are of one version; it goes first */
	if (pkts->len > GLB_ETHER_LEN && pkts->data[GLB_ETHER_LEN] >> 4 == 6) {
		left = forward_all(&plain, &burst, n, others, 6);
		return burst.other_version ? forward_others(&plain, &burst, left, others, 4) : left;
	}
	left = forward_all(&plain, &burst, n, others, 4);
	return burst.other_version ? forward_others(&plain, &burst, left, others, 6) : left;
}
