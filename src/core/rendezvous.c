/* SPDX-License-Identifier: BSD-3-Clause */
#include <glb/rendezvous.h>

/* A backend's address, cut into the SipHash words that follow the row seed. */
struct candidate {
	uint64_t word; /* IPv6: first 8 bytes */
	uint64_t last; /* IPv6: second 8 bytes; IPv4: the address */
	uint16_t backend;
	bool v6;
};

static struct candidate candidate_of(const struct glb_backend *backend, unsigned int index)
{
	bool v6 = backend->addr.version == 6;

	return (struct candidate){
		.word = v6 ? glb_load_le64(backend->addr.bytes) : 0,
		.last = v6 ? glb_load_le64(backend->addr.bytes + 8)
			   : glb_load_le32(backend->addr.bytes),
		.backend = (uint16_t)index,
		.v6 = v6,
	};
}

static uint64_t rank_of(struct glb_siphash row_state, const struct candidate *c)
{
	uint64_t digest;

	if (c->v6) {
		glb_siphash_word(&row_state, c->word);
		glb_siphash_word(&row_state, c->last);
		digest = glb_siphash_end(row_state, 0, 8 + 16);
	} else {
		digest = glb_siphash_end(row_state, c->last, 8 + 4);
	}
	return GLB_BE64(GLB_LE64(digest)); /* the little-endian digest read as a big-endian number */
}

/* The state all candidates of a row share: the row's seed absorbed. */
static struct glb_siphash row_state_of(const uint8_t *seed, uint32_t row)
{
	struct glb_siphash state = glb_siphash_start(seed);
	uint8_t be[4];

	glb_store_be32(be, row);
	glb_siphash_word(&state, glb_siphash(seed, be, sizeof(be)));
	return state;
}

/* Two smallest ranks; on a tie the backend listed first. */
static struct glb_row two_best(struct glb_siphash state, const struct candidate *c, unsigned int n)
{
	uint64_t best = rank_of(state, &c[0]);
	uint64_t next = UINT64_MAX;
	struct glb_row row = {.hops = {c[0].backend, c[0].backend}};

	for (unsigned int i = 1; i < n; i++) {
		uint64_t rank = rank_of(state, &c[i]);

		if (rank < best) {
			next = best;
			row.hops[1] = row.hops[0];
			best = rank;
			row.hops[0] = c[i].backend;
		} else if (rank < next || row.hops[1] == row.hops[0]) {
			next = rank;
			row.hops[1] = c[i].backend;
		}
	}
	return row;
}

/* See "yields" in rendezvous.h. */
static bool yields(const struct glb_backend *first, const struct glb_backend *second)
{
	return (first->state == GLB_DRAINING || !first->healthy) && second->state == GLB_ACTIVE;
}

static struct glb_row swapped(struct glb_row row)
{
	return (struct glb_row){.hops = {row.hops[1], row.hops[0]}};
}

void glb_rendezvous(struct glb_row *rows, const struct glb_table_spec *spec)
{
	struct candidate candidates[GLB_BACKENDS_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (glb_backend_usable(&spec->backends[i]))
			candidates[n++] = candidate_of(&spec->backends[i], i);

	for (uint32_t r = 0; r < GLB_ROWS; r++) {
		struct glb_row row = two_best(row_state_of(spec->seed, r), candidates, n);
		const struct glb_backend *first = &spec->backends[row.hops[0]];
		const struct glb_backend *second = &spec->backends[row.hops[1]];

		rows[r] = yields(first, second) ? swapped(row) : row;
	}
}
