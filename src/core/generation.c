/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/generation.h>

/*
 * The rows decide which backends are in use, not their state: in a table read from an image an
 * inactive backend looks like a draining one.
 */
static void mark_used(bool used[GLB_BACKENDS_MAX], const struct glb_table *table)
{
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		for (unsigned int hop = 0; hop < table->hop_count; hop++)
			used[table->rows[r].hops[hop]] = true;
}

static int check_underlay(const struct glb_tables *tables, struct glb_diag *diag)
{
	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;
		bool used[GLB_BACKENDS_MAX] = {false};

		mark_used(used, tables->tables[t]);
		for (unsigned int b = 0; b < spec->backend_count; b++) {
			if (spec->backends[b].addr.version == 4 || !used[b])
				continue;
			glb_diag(diag,
				 "$.tables[%u].backends[%u].ip: an IPv6 backend cannot be reached: "
				 "the outer packet is IPv4 only",
				 t, b);
			return -ENOTSUP;
		}
	}
	return 0;
}

static struct glb_outer *make_outers(const struct glb_table_spec *spec, const uint8_t *src_addr,
				     uint8_t hop_count)
{
	struct glb_outer *outers =
		aligned_alloc(sizeof(*outers), spec->backend_count * sizeof(*outers));

	for (unsigned int b = 0; outers && b < spec->backend_count; b++)
		glb_outer_init(&outers[b], src_addr, spec->backends[b].addr.bytes, hop_count);
	return outers;
}

static int make_routes(struct glb_generation *gen, const uint8_t *src_addr,
		       const struct glb_tables *tables)
{
	gen->routes = calloc(tables->count, sizeof(*gen->routes));
	if (!gen->routes)
		return -ENOMEM;
	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table *table = tables->tables[t];
		unsigned int rows = gen->alt_hash_fields ? 2 : 1;
		unsigned int listed = rows * table->hop_count - 1;

		gen->routes[t] = (struct glb_route){
			.rows = table->rows,
			.hash_key = table->spec.hash_key,
			.outers = make_outers(&table->spec, src_addr, (uint8_t)listed),
			.row_hops = table->hop_count,
			.listed_hops = (uint8_t)listed,
		};
		if (!gen->routes[t].outers)
			return -ENOMEM;
	}
	return 0;
}

static void free_routes(struct glb_route *routes, unsigned int count)
{
	for (unsigned int t = 0; routes && t < count; t++)
		free(routes[t].outers);
	free(routes);
}

void glb_generation_free(struct glb_generation *gen)
{
	if (!gen)
		return;
	free_routes(gen->routes, gen->tables.count);
	glb_binds_free(gen->binds);
	glb_tables_free(&gen->tables);
	free(gen);
}

int glb_generation_make(struct glb_generation **out, uint64_t number,
			const struct glb_settings *settings, struct glb_tables *tables,
			struct glb_diag *diag)
{
	int err = check_underlay(tables, diag);

	if (err)
		return err;

	struct glb_generation *gen = calloc(1, sizeof(*gen));

	if (!gen) {
		glb_diag(diag, "out of memory");
		return -ENOMEM;
	}
	gen->number = number;
	gen->hash_fields = settings->hash_fields;
	gen->alt_hash_fields = settings->alt_hash_fields;
	gen->forward_echo = settings->forward_echo;
	for (unsigned int p = 0; p < GLB_PORTS_MAX; p++) {
		memcpy(gen->l2[p], settings->gateway_mac, GLB_MAC_LEN);
		memcpy(gen->l2[p] + GLB_MAC_LEN, settings->port_macs[p], GLB_MAC_LEN);
	}

	err = glb_binds_build(&gen->binds, tables);
	if (!err)
		err = make_routes(gen, settings->src_addr, tables);
	if (err) {
		free_routes(gen->routes, tables->count);
		glb_binds_free(gen->binds);
		free(gen);
		glb_diag(diag, "out of memory");
		return err;
	}
	gen->tables = *tables;
	*tables = (struct glb_tables){0};
	*out = gen;
	return 0;
}
