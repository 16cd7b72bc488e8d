/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/balance.h>
#include <glb/rendezvous.h>

static int check_spec(const struct glb_table_spec *spec, unsigned int index, struct glb_diag *diag)
{
	if (spec->backend_count > GLB_BACKENDS_MAX || spec->bind_count > GLB_BINDS_MAX) {
		glb_diag(diag, "$.tables[%u]: %u backends and %u binds, at most %d and %d fit",
			 index, spec->backend_count, spec->bind_count, GLB_BACKENDS_MAX,
			 GLB_BINDS_MAX);
		return -E2BIG;
	}
	if (!spec->bind_count) {
		glb_diag(diag, "$.tables[%u].binds: empty, no packet would ever match", index);
		return -EINVAL;
	}
	if (!glb_usable_count(spec)) {
		glb_diag(diag, "$.tables[%u].backends: not one usable (%u listed, all inactive)",
			 index, spec->backend_count);
		return -EINVAL;
	}
	if (spec->max_load && (spec->hops < 3 || glb_zones_differ(spec))) {
		glb_diag(diag, "$.tables[%u].max_load: needs 3 or 4 hops, and backends of one zone",
			 index);
		return -EINVAL;
	}
	return 0;
}

/* The table built before that has the most in common with a spec: the one of its seed, if any. */
static const struct glb_table *find_known(const struct glb_tables *known,
					  const struct glb_table_spec *spec)
{
	for (unsigned int i = 0; known && i < known->count; i++) {
		const struct glb_table *table = known->tables[i];

		if (table->ranked && !memcmp(table->spec.seed, spec->seed, sizeof(spec->seed)))
			return table;
	}
	return NULL;
}

static int rank_table(struct glb_table *table, const struct glb_building *how)
{
	const struct glb_table *known = find_known(how->known, &table->spec);
	struct glb_ranking ranking = {.run = how->run, .isa = how->isa};
	int err;

	if (known) {
		ranking.old_ranked = known->ranking;
		ranking.old = &known->spec;
	}
	err = glb_rank_rows_how(table->ranking, &table->spec, &ranking);
	if (err)
		return err;
	table->ranked = true;
	table->hop_count = (uint8_t)glb_row_hop_count(&table->spec);
	glb_order_rows(table->rows, table->ranking, &table->spec);
	return table->spec.max_load ? glb_balance_rows(table->rows, table->ranking, &table->spec)
				    : 0;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_bytes(const char *a, const char *b, size_t len)
{
	return !len || !memcmp(a, b, len);
}

/* Do both specs make the same table, down to its names? */
static bool is_same(const struct glb_table_spec *a, const struct glb_table_spec *b)
{
	return same_text(a->name, b->name) &&
	       !memcmp(a->hash_key, b->hash_key, sizeof(a->hash_key)) &&
	       !memcmp(a->seed, b->seed, sizeof(a->seed)) && a->zones_len == b->zones_len &&
	       same_bytes(a->zones, b->zones, a->zones_len) && glb_table_spec_equal(a, b);
}

static struct glb_table *find_same(const struct glb_tables *known,
				   const struct glb_table_spec *spec)
{
	for (unsigned int i = 0; known && i < known->count; i++)
		if (known->tables[i]->ranked && is_same(&known->tables[i]->spec, spec))
			return known->tables[i];
	return NULL;
}

size_t glb_tables_len(const struct glb_spec *spec, const struct glb_tables *known)
{
	size_t count = 0;

	for (unsigned int i = 0; i < spec->table_count; i++)
		count += !find_same(known, &spec->tables[i]);
	return count * sizeof(struct glb_table);
}

static int build_table(struct glb_table **out, const struct glb_table_spec *spec,
		       const struct glb_building *how)
{
	struct glb_table *table = find_same(how->known, spec);

	if (table) {
		(void)__atomic_fetch_add(&table->sharers, 1, __ATOMIC_RELAXED);
		*out = table;
		return 0;
	}
	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	if (glb_table_spec_copy(&table->spec, spec) || rank_table(table, how)) {
		glb_table_spec_clear(&table->spec);
		free(table);
		return -ENOMEM;
	}
	*out = table;
	return 0;
}

void glb_tables_free(struct glb_tables *tables)
{
	for (unsigned int i = 0; i < tables->count; i++) {
		struct glb_table *table = tables->tables[i];

		if (!table || __atomic_fetch_sub(&table->sharers, 1, __ATOMIC_ACQ_REL))
			continue;
		glb_table_spec_clear(&table->spec);
		free(table);
	}
	free(tables->tables);
	*tables = (struct glb_tables){0};
}

int glb_tables_build_how(struct glb_tables *out, const struct glb_spec *spec,
			 const struct glb_building *how, struct glb_diag *diag)
{
	struct glb_tables tables = {0};
	int err = glb_isa_check(how->isa, diag);

	if (err)
		return err;
	if (!spec->table_count) {
		glb_diag(diag, "$.tables: empty, there is nothing to serve");
		return -EINVAL;
	}
	tables.tables = calloc(spec->table_count, sizeof(*tables.tables));
	if (!tables.tables)
		err = -ENOMEM;

	for (unsigned int i = 0; i < spec->table_count && !err; i++) {
		tables.count = i + 1;
		err = check_spec(&spec->tables[i], i, diag);
		if (!err)
			err = build_table(&tables.tables[i], &spec->tables[i], how);
	}
	if (err) {
		if (err == -ENOMEM)
			glb_diag(diag, "out of memory");
		glb_tables_free(&tables);
		return err;
	}
	*out = tables;
	return 0;
}

int glb_tables_build(struct glb_tables *out, const struct glb_spec *spec,
		     const struct glb_tables *known, struct glb_diag *diag)
{
	return glb_tables_build_how(out, spec, &(struct glb_building){.known = known}, diag);
}
