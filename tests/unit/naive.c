/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/siphash.h>

#include "naive.h"

__extension__ typedef unsigned __int128 wide;

/* log2(1 + step / 4096) in units of 2^-56, a binary digit at a time. */
static uint64_t log2_of_step(uint64_t step)
{
	uint64_t digits = 0;
	uint64_t x = (4096 + step) << 51; /* 1.0 is 2^63 */

	if (step == 4096)
		return (uint64_t)1 << 56;
	for (uint64_t digit = (uint64_t)1 << 55; digit; digit >>= 1) {
		wide square = (wide)x * x;

		if (square >> 127) {
			digits += digit;
			x = (uint64_t)(square >> 64);
		} else {
			x = (uint64_t)(square >> 63);
		}
	}
	return digits;
}

uint64_t naive_cost(uint64_t rank, uint32_t weight)
{
	wide left = ((wide)1 << 64) - rank; /* from 1 to 2^64 */
	unsigned int power = 64;

	while (!(left >> power))
		power--;

	uint64_t fraction = (uint64_t)(left << (64 - power)); /* of left / 2^power, without the 1 */
	uint64_t low = log2_of_step(fraction / ((uint64_t)1 << 52));
	uint64_t high = log2_of_step(fraction / ((uint64_t)1 << 52) + 1);
	uint64_t between = fraction % ((uint64_t)1 << 52) >> 20; /* in units of 2^-32 */
	wide log2 = ((wide)power << 56) + low + ((wide)(high - low) * between >> 32);

	return (uint64_t)((((wide)64 << 56) - log2) / weight);
}

struct contender {
	uint64_t cost;
	uint64_t rank;
	uint16_t backend;
	uint16_t zone;
};

uint64_t naive_rank(const struct glb_table_spec *spec, uint32_t number, unsigned int backend)
{
	const struct glb_addr *addr = &spec->backends[backend].addr;
	uint8_t be[4] = {0, 0, (uint8_t)(number >> 8), (uint8_t)number};
	uint8_t message[8 + 16];
	size_t len = addr->version == 4 ? 4 : 16;
	uint8_t digest[8];
	uint64_t rank = 0;

	glb_store_le64(message, glb_siphash(spec->seed, be, sizeof(be)));
	memcpy(message + 8, addr->bytes, len);
	glb_store_le64(digest, glb_siphash(spec->seed, message, 8 + len));
	for (unsigned int i = 0; i < 8; i++)
		rank = rank << 8 | digest[i];
	return rank;
}

static int compare(const void *one, const void *other)
{
	const struct contender *a = one;
	const struct contender *b = other;

	if (a->cost != b->cost)
		return a->cost < b->cost ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->backend < b->backend ? -1 : 1;
}

/* All usable backends of a row, best first; to be freed. */
static struct contender *contenders_of(const struct glb_table_spec *spec, uint32_t number,
				       unsigned int *count)
{
	struct contender *list = calloc(spec->backend_count, sizeof(*list));

	*count = 0;
	for (unsigned int i = 0; list && i < spec->backend_count; i++) {
		const struct glb_backend *backend = &spec->backends[i];
		uint64_t rank = naive_rank(spec, number, i);

		if (backend->state == GLB_INACTIVE)
			continue;
		list[(*count)++] = (struct contender){
			.cost = naive_cost(rank, backend->weight ? backend->weight : 100),
			.rank = rank,
			.backend = (uint16_t)i,
			.zone = backend->zone,
		};
	}
	if (!list)
		abort();
	qsort(list, *count, sizeof(*list), compare);
	return list;
}

unsigned int naive_hop_count(const struct glb_table_spec *spec)
{
	unsigned int usable = 0;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		usable += spec->backends[i].state != GLB_INACTIVE;
	if (usable <= 2 || spec->hops <= 2)
		return 2;
	return spec->hops < usable ? spec->hops : usable;
}

/* Moves the first of another zone than the first's to the second place. */
static void separate_zones(struct contender *list, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++) {
		struct contender other = list[i];

		if (other.zone == list[0].zone)
			continue;
		memmove(&list[2], &list[1], (i - 1) * sizeof(*list));
		list[1] = other;
		return;
	}
}

struct glb_row naive_ranking(const struct glb_table_spec *spec, uint32_t number)
{
	struct glb_row row = {{0}};
	unsigned int count;
	struct contender *list = contenders_of(spec, number, &count);

	separate_zones(list, count);
	for (unsigned int hop = 0; hop < naive_hop_count(spec); hop++)
		row.hops[hop] = list[hop < count ? hop : 0].backend;
	free(list);
	return row;
}

/* 0 for a backend that takes new flows, 1 for one that keeps its own, 2 for one that is down. */
static unsigned int class_of(const struct glb_backend *backend)
{
	if (!backend->healthy)
		return 2;
	return backend->state == GLB_DRAINING;
}

struct glb_row naive_row(const struct glb_table_spec *spec, uint32_t number)
{
	struct glb_row row = naive_ranking(spec, number);
	const struct glb_backend *first = &spec->backends[row.hops[0]];
	const struct glb_backend *second = &spec->backends[row.hops[1]];
	bool swap = !spec->hops && class_of(first) != 0 && second->state == GLB_ACTIVE;

	for (unsigned int pass = 0; spec->hops && pass < GLB_HOPS_MAX; pass++)
		for (unsigned int hop = 0; hop + 1 < naive_hop_count(spec); hop++) {
			uint16_t left = row.hops[hop];
			uint16_t right = row.hops[hop + 1];

			if (class_of(&spec->backends[left]) <= class_of(&spec->backends[right]))
				continue;
			row.hops[hop] = right;
			row.hops[hop + 1] = left;
		}
	return swap ? (struct glb_row){.hops = {row.hops[1], row.hops[0]}} : row;
}

/* --- max_load --- */

static bool takes_flows(const struct glb_backend *backend)
{
	return backend->state != GLB_INACTIVE && class_of(backend) == 0;
}

static uint32_t weight_of(const struct glb_backend *backend)
{
	return backend->weight ? backend->weight : 100;
}

/* What a backend that takes new flows may be first on, of all rows that a backend takes. */
static uint32_t limit_of(const struct glb_table_spec *spec, unsigned int backend, uint32_t all)
{
	const struct glb_backend *one = &spec->backends[backend];
	uint64_t hash = glb_siphash(spec->seed, one->addr.bytes, one->addr.version == 4 ? 4 : 16);
	uint64_t total = 0;
	uint32_t limit = 0;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		total += takes_flows(&spec->backends[i]) ? weight_of(&spec->backends[i]) : 0;
	/* the largest that, with the part of a row, is within the share times max_load */
	while (((wide)(limit + 1) * 65536 + hash % 65536) * 100 * total <=
	       (wide)all * 65536 * weight_of(one) * spec->max_load)
		limit++;
	while ((wide)limit * total <= (wide)all * weight_of(one))
		limit++;
	return limit;
}

/* What a backend may have and has. */
struct burden {
	uint32_t limit;
	uint32_t rows;
	unsigned int distance;
};

enum { NOWHERE = 1000000 };

static bool may_swap(const struct glb_table_spec *spec, struct glb_row row, struct glb_row ranking)
{
	unsigned int last = naive_hop_count(spec) - 1;

	return takes_flows(&spec->backends[row.hops[0]]) &&
	       takes_flows(&spec->backends[row.hops[1]]) && ranking.hops[last] != row.hops[0] &&
	       ranking.hops[last] != row.hops[1];
}

static void swap(struct burden *burdens, struct glb_row *row)
{
	uint16_t first = row->hops[0];

	row->hops[0] = row->hops[1];
	row->hops[1] = first;
	burdens[row->hops[1]].rows--;
	burdens[row->hops[0]].rows++;
}

/* Distances by breadth: all backends at one before any at the next. */
static void find_distances(struct burden *burdens, const struct glb_row *rows,
			   const struct glb_row *rankings, const struct glb_table_spec *spec)
{
	bool any = true;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		burdens[i].distance =
			takes_flows(&spec->backends[i]) && burdens[i].rows < burdens[i].limit
				? 0
				: NOWHERE;
	for (unsigned int distance = 0; any; distance++) {
		any = false;
		for (uint32_t r = 0; r < GLB_ROWS; r++)
			if (burdens[rows[r].hops[1]].distance == distance &&
			    burdens[rows[r].hops[0]].distance == NOWHERE &&
			    may_swap(spec, rows[r], rankings[r])) {
				burdens[rows[r].hops[0]].distance = distance + 1;
				any = true;
			}
	}
}

static bool is_any_beyond(const struct burden *burdens, const struct glb_table_spec *spec)
{
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (takes_flows(&spec->backends[i]) && burdens[i].rows > burdens[i].limit)
			return true;
	return false;
}

void naive_balance(struct glb_row *rows, const struct glb_row *rankings,
		   const struct glb_table_spec *spec)
{
	struct burden *burdens = calloc(spec->backend_count, sizeof(*burdens));
	uint32_t all = 0;

	if (!burdens)
		abort();
	for (uint32_t r = 0; r < GLB_ROWS; r++) {
		burdens[rows[r].hops[0]].rows++;
		all += takes_flows(&spec->backends[rows[r].hops[0]]);
	}
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (takes_flows(&spec->backends[i]))
			burdens[i].limit = limit_of(spec, i, all);
	for (unsigned int round = 0; round <= 64 && is_any_beyond(burdens, spec); round++) {
		if (round)
			find_distances(burdens, rows, rankings, spec);
		for (uint32_t r = 0; r < GLB_ROWS; r++) {
			const struct burden *first = &burdens[rows[r].hops[0]];
			const struct burden *second = &burdens[rows[r].hops[1]];
			bool room = round ? second->rows <= second->limit &&
						    second->distance < first->distance
					  : second->rows < second->limit;

			if (first->rows > first->limit && room &&
			    may_swap(spec, rows[r], rankings[r]))
				swap(burdens, &rows[r]);
		}
	}
	free(burdens);
}
