/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include <glb/hash.h>

#include "course.h"
#include "memory.h"

const uint8_t course_field_sets[FIELD_SETS] = {
	GLB_HASH_SRC_ADDR | GLB_HASH_SRC_PORT,
	GLB_HASH_FIELDS_ALL,
};

static struct pool *make_pool(const struct glb_table_spec *spec)
{
	struct pool *pool = need(sizeof(*pool));

	for (unsigned int i = 0; i < spec->backend_count; i++) {
		const struct glb_backend *backend = &spec->backends[i];
		uint16_t proxy = course_proxy(&backend->addr);

		pool->reachable[proxy] = glb_backend_usable(backend) && backend->healthy;
		if (glb_backend_serves(backend))
			pool->proxies[pool->count++] = proxy;
	}
	return pool;
}

static void fill_pool(struct pool *pool)
{
	struct maglev_permutation permutations[PROXIES_MAX];

	for (unsigned int i = 0; i < pool->count; i++)
		permutations[i] = maglev_permutation_of(pool->proxies[i], MAGLEV_SIZE);
	maglev_fill(pool->maglev, MAGLEV_SIZE, permutations, pool->count);
	for (unsigned int i = 0; i < MAGLEV_SIZE; i++)
		pool->maglev[i] = pool->proxies[pool->maglev[i]];
	pool->ring = ring_make(pool->proxies, pool->count);
}

/* Rows name backends by their place in the spec, which another version may give to another one. */
static void copy_rows(struct version *version, const struct glb_table *table)
{
	version->rows = need(GLB_ROWS_LEN);
	version->hop_count = table->hop_count;
	for (unsigned int row = 0; row < GLB_ROWS; row++)
		for (unsigned int hop = 0; hop < table->hop_count; hop++)
			version->rows[row].hops[hop] = course_proxy(
				&table->spec.backends[table->rows[row].hops[hop]].addr);
}

static void build(struct course *course, struct version *version, const struct glb_table_spec *spec)
{
	struct glb_table_spec copy = *spec;
	struct glb_tables tables;
	struct glb_diag diag;
	int err = glb_table_spec_copy(&version->spec, spec);

	if (!err)
		err = glb_tables_build(&tables, &(struct glb_spec){&copy, 1}, &course->known,
				       &diag);
	if (err) {
		fprintf(stderr, "a version of the table is not built: %s\n", diag.text);
		abort();
	}
	copy_rows(version, tables.tables[0]);
	version->pool = make_pool(spec);
	if (course->compared)
		fill_pool(version->pool);
	glb_tables_free(&course->known);
	course->known = tables;
}

static unsigned int version_of(struct course *course, const struct glb_table_spec *spec)
{
	for (unsigned int i = 0; i < course->version_count; i++)
		if (glb_table_spec_equal(&course->versions[i].spec, spec))
			return i;
	if (course->version_count == COURSE_VERSIONS_MAX)
		abort();
	build(course, &course->versions[course->version_count], spec);
	return course->version_count++;
}

void course_put(struct course *course, const struct glb_table_spec *spec, struct course_step step)
{
	if (course->step_count == COURSE_STEPS_MAX)
		abort();
	step.version = version_of(course, spec);
	course->steps[course->step_count++] = step;
}

unsigned int course_hops(uint16_t out[GLB_WIRE_HOPS_MAX], const struct course *course,
			 const struct course_step *step, const uint64_t *hashes)
{
	const struct version *version = &course->versions[step->version];
	const struct glb_row *row = &version->rows[glb_row_index(hashes[step->fields])];
	unsigned int count = version->hop_count;

	memcpy(out, row->hops, sizeof(row->hops));
	if (step->alt_fields == FIELDS_NONE)
		return count;
	row = &version->rows[glb_row_index(hashes[step->alt_fields])];
	memcpy(out + count, row->hops, count * sizeof(*out));
	return 2 * count;
}

void course_free(struct course *course)
{
	for (unsigned int i = 0; i < course->version_count; i++) {
		glb_table_spec_clear(&course->versions[i].spec);
		free(course->versions[i].rows);
		ring_free(course->versions[i].pool->ring);
		free(course->versions[i].pool);
	}
	glb_tables_free(&course->known);
	*course = (struct course){0};
}
