/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "core/rank/weight.h"
#include "naive_table.h"

/*
 * As small as can be, because sorting is most of the work. Two backends of one cost would have to
 * be ordered by rank; that does not happen in 2^40 rows, and would be seen when rows are compared.
 */
struct rated {
	uint64_t cost;
	uint16_t backend;
};

struct naive {
	const struct glb_table_spec *spec;
	struct rated *rated;
	struct glb_weight_log log;
	bool weighted;
};

static int compare(const void *left, const void *right)
{
	const struct rated *a = left;
	const struct rated *b = right;

	return (a->cost > b->cost) - (a->cost < b->cost);
}

static uint32_t weight_of(const struct glb_backend *backend)
{
	return backend->weight ? backend->weight : GLB_WEIGHT_DEFAULT;
}

/* The hash of row seed and address. */
static uint64_t rank_of(const struct naive *naive, uint64_t row_seed, const struct glb_addr *addr)
{
	size_t len = addr->version == 4 ? 4 : 16;
	uint8_t input[8 + 16];

	glb_store_le64(input, row_seed);
	memcpy(input + 8, addr->bytes, len);
	return GLB_BE64(GLB_LE64(glb_siphash(naive->spec->seed, input, 8 + len)));
}

static unsigned int rate_all(const struct naive *naive, uint32_t number)
{
	unsigned int n = 0;
	uint8_t input[4];
	uint64_t row_seed;

	glb_store_be32(input, number);
	row_seed = glb_siphash(naive->spec->seed, input, sizeof(input));
	for (unsigned int i = 0; i < naive->spec->backend_count; i++) {
		const struct glb_backend *backend = &naive->spec->backends[i];

		if (!glb_backend_usable(backend))
			continue;

		uint64_t rank = rank_of(naive, row_seed, &backend->addr);

		if (naive->weighted)
			rank = glb_weight_cost(&naive->log, rank, weight_of(backend));
		naive->rated[n++] = (struct rated){rank, (uint16_t)i};
	}
	return n;
}

/* Moves the first from another zone than the first's to the second place. */
static void regard_zones(const struct naive *naive, unsigned int count)
{
	const struct glb_backend *backends = naive->spec->backends;
	struct rated *rated = naive->rated;

	for (unsigned int i = 1; i < count; i++) {
		if (backends[rated[i].backend].zone != backends[rated[0].backend].zone) {
			struct rated other = rated[i];

			memmove(&rated[2], &rated[1], (i - 1) * sizeof(*rated));
			rated[1] = other;
			return;
		}
	}
}

static struct glb_row rank_row(const struct naive *naive, uint32_t number)
{
	unsigned int count = rate_all(naive, number);
	unsigned int hops = glb_row_hop_count(naive->spec);
	struct glb_row row = {{0}};

	qsort(naive->rated, count, sizeof(*naive->rated), compare);
	regard_zones(naive, count);
	for (unsigned int hop = 0; hop < hops; hop++)
		row.hops[hop] = naive->rated[hop < count ? hop : 0].backend;
	return row;
}

int naive_rank_rows(struct glb_row *ranked, const struct glb_table_spec *spec)
{
	struct naive naive = {
		.spec = spec,
		.rated = calloc(spec->backend_count, sizeof(*naive.rated)),
	};

	if (!naive.rated)
		return -ENOMEM;
	for (unsigned int i = 1; i < spec->backend_count; i++)
		naive.weighted |= weight_of(&spec->backends[i]) != weight_of(&spec->backends[0]);
	if (naive.weighted)
		glb_weight_log_init(&naive.log);
	for (uint32_t row = 0; row < GLB_ROWS; row++)
		ranked[row] = rank_row(&naive, row);
	free(naive.rated);
	return 0;
}
