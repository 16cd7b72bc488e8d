/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include <glb/balance.h>
#include <glb/rendezvous.h>

enum { FAR = UINT32_MAX }; /* distance: unreachable */

/* What a backend has, and its limit. */
struct load {
	int32_t excess; /* rows it is first in, minus its limit; 0 if it takes no new flows */
	uint32_t distance;
};

struct balance {
	struct glb_row *rows;
	const struct glb_row *ranked;
	struct load *loads; /* by backend */
	unsigned int last;  /* last place of a ranking */
	uint32_t beyond;    /* total number of rows beyond limits */
};

/* What is shared out among the backends that take new flows. */
struct shares {
	uint64_t rows;
	uint64_t weight;
};

/* `rows`: the number of rows that each backend is first in. */
static struct shares shares_of(const struct glb_table_spec *spec, const uint32_t *rows)
{
	struct shares shares = {0, 0};

	for (unsigned int i = 0; i < spec->backend_count; i++) {
		if (!glb_backend_serves(&spec->backends[i]))
			continue;
		shares.rows += rows[i];
		shares.weight += glb_backend_weight(&spec->backends[i]);
	}
	return shares;
}

static void count_rows(uint32_t *count, const struct glb_row *rows)
{
	for (uint32_t row = 0; row < GLB_ROWS; row++)
		count[rows[row].hops[0]]++;
}

/* See balance.h. Rows are in units of 2^-16 where they are fractional. */
static uint32_t limit_of(const struct glb_table_spec *spec, const struct glb_backend *backend,
			 const struct shares *shares)
{
	size_t addr_len = backend->addr.version == 4 ? 4 : 16;
	uint64_t part = glb_siphash(spec->seed, backend->addr.bytes, addr_len) & 0xffff;
	uint64_t share = shares->rows * glb_backend_weight(backend);
	uint64_t most = ((share * spec->max_load) << 16) / (100 * shares->weight);
	uint64_t least = share / shares->weight + 1;
	uint64_t limit = most > part ? (most - part) >> 16 : 0;

	return (uint32_t)(limit > least ? limit : least);
}

static void set_limits(struct balance *balance, const struct glb_table_spec *spec)
{
	uint32_t rows[GLB_BACKENDS_MAX] = {0};
	struct shares shares;

	count_rows(rows, balance->rows);
	shares = shares_of(spec, rows);
	for (unsigned int i = 0; i < spec->backend_count; i++) {
		struct load *load = &balance->loads[i];

		if (!glb_backend_serves(&spec->backends[i]))
			continue; /* neither beyond a limit nor below it */
		load->excess =
			(int32_t)rows[i] - (int32_t)limit_of(spec, &spec->backends[i], &shares);
		if (load->excess > 0)
			balance->beyond += (uint32_t)load->excess;
	}
}

/* For a row whose first two hops take new flows; for others, the second never has room. */
static bool has_choice(const struct balance *balance, uint32_t row)
{
	return balance->rows[row].hops[1] != balance->ranked[row].hops[balance->last];
}

static void swap_hops(struct balance *balance, uint32_t row)
{
	uint16_t *hops = balance->rows[row].hops;
	uint16_t first = hops[0];
	struct load *from = &balance->loads[first];
	struct load *to = &balance->loads[hops[1]];

	balance->beyond -= to->excess < 0;
	from->excess--;
	to->excess++;
	hops[0] = hops[1];
	hops[1] = first;
}

/* Moves rows to second hops that have room. */
static void give_away(struct balance *balance)
{
	for (uint32_t row = 0; row < GLB_ROWS && balance->beyond; row++) {
		const uint16_t *hops = balance->rows[row].hops;

		if (balance->loads[hops[0]].excess > 0 && balance->loads[hops[1]].excess < 0 &&
		    has_choice(balance, row))
			swap_hops(balance, row);
	}
}

/* Updates the distances from all rows; false if none was shortened. */
static bool shorten(struct balance *balance)
{
	bool any = false;

	for (uint32_t row = 0; row < GLB_ROWS; row++) {
		const uint16_t *hops = balance->rows[row].hops;
		const struct load *second = &balance->loads[hops[1]];
		struct load *first = &balance->loads[hops[0]];

		if (second->distance == FAR || first->distance <= second->distance + 1 ||
		    !has_choice(balance, row))
			continue;
		first->distance = second->distance + 1;
		any = true;
	}
	return any;
}

static void measure_distances(struct balance *balance, unsigned int backend_count)
{
	for (unsigned int i = 0; i < backend_count; i++) {
		struct load *load = &balance->loads[i];

		load->distance = load->excess < 0 ? 0 : FAR;
	}
	while (shorten(balance))
		;
}

/* Moves rows along chains of second hops; false if none was moved. */
static bool hand_on(struct balance *balance)
{
	bool any = false;

	for (uint32_t row = 0; row < GLB_ROWS; row++) {
		const uint16_t *hops = balance->rows[row].hops;
		const struct load *first = &balance->loads[hops[0]];
		const struct load *second = &balance->loads[hops[1]];

		if (first->excess <= 0 || second->excess > 0 ||
		    second->distance >= first->distance || !has_choice(balance, row))
			continue;
		swap_hops(balance, row);
		any = true;
	}
	return any;
}

int glb_balance_rows(struct glb_row *rows, const struct glb_row *ranked,
		     const struct glb_table_spec *spec)
{
	struct balance balance = {
		.rows = rows,
		.ranked = ranked,
		.loads = calloc(spec->backend_count, sizeof(*balance.loads)),
		.last = glb_row_hop_count(spec) - 1,
	};
	bool moved = true;

	if (!balance.loads)
		return -ENOMEM;
	set_limits(&balance, spec);
	give_away(&balance);
	for (unsigned int i = 0; i < GLB_BALANCE_ROUNDS && balance.beyond && moved; i++) {
		measure_distances(&balance, spec->backend_count);
		moved = hand_on(&balance);
	}
	free(balance.loads);
	return 0;
}

bool glb_row_was_balanced(const struct glb_table *table, uint32_t row)
{
	const uint16_t *hops = table->rows[row].hops;
	const uint16_t *ranked = table->ranking[row].hops;

	if (!glb_backend_serves(&table->spec.backends[hops[0]]) ||
	    !glb_backend_serves(&table->spec.backends[hops[1]]) || hops[0] == hops[1])
		return false;
	while (*ranked != hops[0] && *ranked != hops[1])
		ranked++;
	return *ranked == hops[1];
}

double glb_peak_load(const struct glb_table *table)
{
	const struct glb_table_spec *spec = &table->spec;
	uint32_t rows[GLB_BACKENDS_MAX] = {0};
	struct shares shares;
	double peak = 0;

	count_rows(rows, table->rows);
	shares = shares_of(spec, rows);
	for (unsigned int i = 0; i < spec->backend_count; i++) {
		const struct glb_backend *backend = &spec->backends[i];
		double load = (double)(rows[i] * shares.weight) /
			      (double)(shares.rows * glb_backend_weight(backend));

		if (glb_backend_serves(backend) && load > peak)
			peak = load;
	}
	return peak;
}
