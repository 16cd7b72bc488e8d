/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/balance.h>
#include <glb/check.h>
#include <glb/rendezvous.h>

#include "places.h"

/* From this number on, tables are built in parallel; below it, the rows of each are. */
enum { MANY_TABLES = 16 };

/* Rows can be worked out for tables that may not be served: mixed versions, or zones that move too
 * much. */
static void keep_first_of_building(void *arg, const struct glb_finding *finding)
{
	if (finding->kind != GLB_FOUND_MIXED && finding->kind != GLB_FOUND_ZONE_MISSING &&
	    finding->kind != GLB_FOUND_ZONE_HOPS)
		glb_keep_first(arg, finding);
}

static int check_spec(const struct glb_table_spec *spec, unsigned int index, struct glb_diag *diag)
{
	struct glb_first_finding first = {0};
	const struct glb_check check = {keep_first_of_building, &first, index};
	int err = glb_check_table(&check, spec);

	return err ? err : glb_refuse_first(&first, diag);
}

/* The known table that has the most in common with a spec: the one with its seed, if any. */
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

/* Fills in everything of a table but its spec. Returns 0 or -errno. */
static int rank_table(struct glb_table *table, const struct glb_building *how, glb_run_fn *run)
{
	const struct glb_table *known = find_known(how->known, &table->spec);
	struct glb_ranking ranking = {.run = run, .isa = how->isa};
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
	table->unhealthy = glb_count_unhealthy(table->rows, table->ranking, &table->spec);
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

/* Do both specs produce the same table, including names? */
static bool table_is_same(const struct glb_table_spec *a, const struct glb_table_spec *b)
{
	return same_text(a->name, b->name) &&
	       !memcmp(a->hash_key, b->hash_key, sizeof(a->hash_key)) &&
	       !memcmp(a->seed, b->seed, sizeof(a->seed)) && a->zones_len == b->zones_len &&
	       same_bytes(a->zones, b->zones, a->zones_len) && glb_table_spec_equal(a, b);
}

/* The known table that a spec would produce, usually at the same index; NULL if there is none. */
static struct glb_table *find_same(const struct glb_tables *known, const struct glb_spec *spec,
				   unsigned int index)
{
	for (unsigned int i = 0; known && i < known->count; i++) {
		struct glb_table *table = known->tables[(index + i) % known->count];

		if (table->ranked && table_is_same(&table->spec, &spec->tables[index]))
			return table;
	}
	return NULL;
}

size_t glb_tables_len_of(unsigned int count)
{
	return count * (sizeof(struct glb_table) + GLB_ROWS_LEN);
}

size_t glb_tables_len(const struct glb_spec *spec, const struct glb_tables *known)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < spec->table_count; i++)
		count += !find_same(known, spec, i);
	return glb_tables_len_of(count);
}

static struct glb_table *share(struct glb_table *table)
{
	if (table)
		(void)__atomic_fetch_add(&table->refs, 1, __ATOMIC_RELAXED);
	return table;
}

int glb_tables_share(struct glb_tables *out, const struct glb_tables *tables)
{
	struct glb_tables list = {calloc(tables->count + 1, sizeof(*list.tables)), tables->count};

	if (!list.tables)
		return -ENOMEM;
	for (unsigned int i = 0; i < list.count; i++)
		list.tables[i] = share(tables->tables[i]);
	*out = list;
	return 0;
}

void glb_tables_free(struct glb_tables *tables)
{
	for (unsigned int i = 0; i < tables->count; i++) {
		struct glb_table *table = tables->tables[i];

		if (!table || __atomic_sub_fetch(&table->refs, 1, __ATOMIC_ACQ_REL))
			continue;
		glb_table_spec_clear(&table->spec);
		for (unsigned int c = 0; c < GLB_ROW_COPIES_MAX; c++)
			glb_place_free(&table->copies[c]);
		free(table);
	}
	free(tables->tables);
	*tables = (struct glb_tables){0};
}

/* The tables of a spec that are not known and have to be built. */
struct missing {
	const struct glb_building *how;
	glb_run_fn *run; /* for the rows of a table */
	struct glb_table **tables;
	unsigned int count;
	int err; /* atomic */
};

static void rank_missing(void *arg, unsigned int part)
{
	struct missing *missing = arg;
	int err = rank_table(missing->tables[part], missing->how, missing->run);

	if (err)
		__atomic_store_n(&missing->err, err, __ATOMIC_RELAXED);
}

static int rank_all_missing(struct missing *missing)
{
	glb_run_fn *run = missing->how->run;

	if (run && missing->count >= MANY_TABLES) {
		run(rank_missing, missing, missing->count);
	} else {
		missing->run = run;
		for (unsigned int i = 0; i < missing->count && !missing->err; i++)
			rank_missing(missing, i);
	}
	return missing->err;
}

/* Creates the tables of a list that are not shared, with copies of their specs. Returns 0 or
 * -ENOMEM. */
static int make_missing(struct missing *missing, const struct glb_tables *tables,
			const struct glb_spec *spec)
{
	struct places places = {.known = missing->how->known};

	for (unsigned int i = 0; i < tables->count; i++)
		places.wanted += !tables->tables[i];
	missing->tables = calloc(places.wanted + 1, sizeof(*missing->tables));
	if (!missing->tables)
		return -ENOMEM;
	for (unsigned int i = 0; i < tables->count; i++) {
		struct glb_table **table = &tables->tables[i];

		if (*table)
			continue;
		if (places_make_table(table, &places) ||
		    glb_table_spec_copy(&(*table)->spec, &spec->tables[i]))
			return -ENOMEM;
		missing->tables[missing->count++] = *table;
	}
	return 0;
}

/* Fills in an empty list with the tables of a spec. Those that are known were checked before. */
static int build_tables(struct glb_tables *tables, const struct glb_spec *spec,
			const struct glb_building *how, struct glb_diag *diag)
{
	struct missing missing = {.how = how};
	int err = 0;

	tables->tables = calloc(spec->table_count, sizeof(*tables->tables));
	if (!tables->tables)
		return -ENOMEM;
	tables->count = spec->table_count;
	for (unsigned int i = 0; i < tables->count && !err; i++) {
		tables->tables[i] = share(find_same(how->known, spec, i));
		if (!tables->tables[i])
			err = check_spec(&spec->tables[i], i, diag);
	}
	if (!err)
		err = make_missing(&missing, tables, spec);
	if (!err)
		err = rank_all_missing(&missing);
	free(missing.tables);
	return err;
}

int glb_tables_build_how(struct glb_tables *out, const struct glb_spec *spec,
			 const struct glb_building *how, struct glb_diag *diag)
{
	struct glb_first_finding first = {0};
	struct glb_tables tables = {0};
	int err = glb_isa_check(how->isa, diag);

	glb_check_table_count(&(struct glb_check){glb_keep_first, &first, 0}, spec->table_count);
	if (!err)
		err = glb_refuse_first(&first, diag);
	if (err)
		return err;
	err = build_tables(&tables, spec, how, diag);
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
