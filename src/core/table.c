/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/rendezvous.h>

static void *copy_of(const void *bytes, size_t len)
{
	void *copy = malloc(len ? len : 1);

	return copy ? memcpy(copy, bytes, len) : NULL;
}

static int copy_spec(struct glb_table_spec *out, const struct glb_table_spec *spec)
{
	struct glb_table_spec copy = *spec;

	copy.name = spec->name ? copy_of(spec->name, strlen(spec->name) + 1) : NULL;
	copy.backends = copy_of(spec->backends, spec->backend_count * sizeof(*spec->backends));
	copy.binds = copy_of(spec->binds, spec->bind_count * sizeof(*spec->binds));
	*out = copy;
	return (spec->name && !copy.name) || !copy.backends || !copy.binds ? -ENOMEM : 0;
}

static int check_spec(const struct glb_table_spec *spec, unsigned int index, struct glb_diag *diag)
{
	unsigned int usable = 0;

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
	for (unsigned int i = 0; i < spec->backend_count; i++)
		usable += glb_backend_usable(&spec->backends[i]);
	if (!usable) {
		glb_diag(diag, "$.tables[%u].backends: not one usable (%u listed, all inactive)",
			 index, spec->backend_count);
		return -EINVAL;
	}
	return 0;
}

static int build_table(struct glb_table **out, const struct glb_table_spec *spec)
{
	struct glb_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	if (copy_spec(&table->spec, spec)) {
		glb_table_spec_clear(&table->spec);
		free(table);
		return -ENOMEM;
	}
	glb_rendezvous(table->rows, &table->spec);
	*out = table;
	return 0;
}

void glb_tables_free(struct glb_tables *tables)
{
	for (unsigned int i = 0; i < tables->count; i++) {
		if (tables->tables[i])
			glb_table_spec_clear(&tables->tables[i]->spec);
		free(tables->tables[i]);
	}
	free(tables->tables);
	*tables = (struct glb_tables){0};
}

int glb_tables_build(struct glb_tables *out, const struct glb_spec *spec, struct glb_diag *diag)
{
	struct glb_tables tables = {0};
	int err = 0;

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
			err = build_table(&tables.tables[i], &spec->tables[i]);
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
