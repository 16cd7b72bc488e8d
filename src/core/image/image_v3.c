/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_parts.h"

/* Version 3: as many entries as there are; offsets within a table. */
enum {
	V3_BACKEND_LEN = ENTRY_BACKEND_LEN + 4,
	V3_BACKEND_COUNT_AT = 0,
	V3_BIND_COUNT_AT = 4,
	V3_HOP_COUNT_AT = 8,
	V3_ZERO_AT = 12,
	V3_HASH_KEY_AT = 16,
	V3_NAME_AT = 32,
	V3_NAME_LEN = 64,
	V3_BACKENDS_AT = 96,
};

/* As in version 2, plus a value for inactive and the server ID. */
static void write_v3_backend(uint8_t *out, const struct glb_backend *backend)
{
	glb_put_backend(out, backend);
	if (backend->state == GLB_INACTIVE)
		glb_store_le16(out + 20, STATE_INACTIVE);
	glb_store_le16(out + ENTRY_BACKEND_LEN, backend->has_server_id);
	glb_store_le16(out + ENTRY_BACKEND_LEN + 2, backend->server_id);
}

static size_t v3_binds_at(size_t backend_count)
{
	return V3_BACKENDS_AT + backend_count * V3_BACKEND_LEN;
}

static size_t v3_rows_at(size_t backend_count, size_t bind_count)
{
	return v3_binds_at(backend_count) + bind_count * ENTRY_BIND_LEN;
}

size_t glb_image_v3_len(size_t backend_count, size_t bind_count, size_t hop_count)
{
	return v3_rows_at(backend_count, bind_count) + GLB_ROWS * hop_count * 2;
}

void glb_image_v3_write(uint8_t *out, const struct glb_table *table)
{
	const struct glb_table_spec *spec = &table->spec;
	uint8_t *rows = out + v3_rows_at(spec->backend_count, spec->bind_count);

	glb_store_le32(out + V3_BACKEND_COUNT_AT, spec->backend_count);
	glb_store_le32(out + V3_BIND_COUNT_AT, spec->bind_count);
	glb_store_le32(out + V3_HOP_COUNT_AT, table->hop_count);
	memcpy(out + V3_HASH_KEY_AT, spec->hash_key, GLB_SIPHASH_KEY_LEN);
	if (spec->name)
		memcpy(out + V3_NAME_AT, spec->name, strnlen(spec->name, V3_NAME_LEN - 1));
	for (unsigned int i = 0; i < spec->backend_count; i++)
		write_v3_backend(out + V3_BACKENDS_AT + i * V3_BACKEND_LEN, &spec->backends[i]);
	glb_put_binds(out + v3_binds_at(spec->backend_count), spec);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		for (unsigned int hop = 0; hop < table->hop_count; hop++, rows += 2)
			glb_store_le16(rows, table->rows[r].hops[hop]);
}

static bool read_server_id(struct glb_backend *backend, const uint8_t *in)
{
	uint16_t has = glb_load_le16(in);
	uint16_t server_id = glb_load_le16(in + 2);

	if (has > 1 || (!has && server_id))
		return false;
	backend->has_server_id = has;
	backend->server_id = server_id;
	return true;
}

static int read_v3_backends(struct glb_table_spec *spec, const uint8_t *in, struct glb_diag *diag)
{
	for (unsigned int i = 0; i < spec->backend_count; i++, in += V3_BACKEND_LEN) {
		struct glb_backend *backend = &spec->backends[i];

		if (!glb_get_backend(backend, in, STATE_INACTIVE) ||
		    !read_server_id(backend, in + ENTRY_BACKEND_LEN)) {
			glb_diag(diag, "backend %u: impossible family, state, health or server ID",
				 i);
			return -EINVAL;
		}
	}
	return 0;
}

/* Backends of two versions may be in a table that is not served: the rows show whether they are
 * used.
 */
static void keep_first_of_backends(void *arg, const struct glb_finding *finding)
{
	if (finding->kind != GLB_FOUND_MIXED)
		glb_keep_first(arg, finding);
}

static int check_v3_backends(const struct glb_table_spec *spec, struct glb_diag *diag)
{
	struct glb_first_finding first = {0};
	const struct glb_check check = {keep_first_of_backends, &first, 0};
	int err = glb_check_backends(&check, spec);

	return err ? err : glb_refuse_entry(&first, diag);
}

static int read_name(struct glb_table_spec *spec, const uint8_t *in, struct glb_diag *diag)
{
	size_t len = strnlen((const char *)in, V3_NAME_LEN);
	uint8_t rest = len < V3_NAME_LEN ? 0 : 1;

	for (size_t at = len; at < V3_NAME_LEN; at++)
		rest |= in[at];
	if (rest) {
		glb_diag(diag, "bytes behind its name");
		return -EINVAL;
	}
	if (!len)
		return 0;
	spec->name = strdup((const char *)in);
	return spec->name ? 0 : -ENOMEM;
}

/* Reads hop i, counted over all rows. */
static int read_image_hop(struct glb_table *table, uint32_t i, uint16_t backend,
			  struct glb_diag *diag)
{
	uint32_t row = i / table->hop_count;
	int err = glb_get_hop(table, row, i % table->hop_count, backend, diag);

	if (err || glb_backend_usable(&table->spec.backends[backend]))
		return err;
	glb_diag(diag, "row %u names backend %u, which is inactive", row, backend);
	return -EINVAL;
}

/* The counts at the start of a table. */
struct counts {
	uint32_t backends;
	uint32_t binds;
	uint32_t hops; /* per row */
};

static int read_counts(struct counts *counts, const uint8_t *in, struct glb_diag *diag)
{
	counts->backends = glb_load_le32(in + V3_BACKEND_COUNT_AT);
	counts->binds = glb_load_le32(in + V3_BIND_COUNT_AT);
	counts->hops = glb_load_le32(in + V3_HOP_COUNT_AT);

	int err = glb_check_count(counts->backends, GLB_BACKENDS_MAX, "backends", diag);

	if (!err)
		err = glb_check_count(counts->binds, GLB_BINDS_MAX, "binds", diag);
	if (!err && (counts->hops < 2 || counts->hops > GLB_HOPS_MAX)) {
		glb_diag(diag, "%u hops a row, expected 2 to %d", counts->hops, GLB_HOPS_MAX);
		err = -EINVAL;
	}
	if (!err && glb_load_le32(in + V3_ZERO_AT)) {
		glb_diag(diag, "%u where a zero should be", glb_load_le32(in + V3_ZERO_AT));
		err = -EINVAL;
	}
	return err;
}

int glb_image_v3_read(struct glb_table *table, struct glb_cursor *cur, struct glb_diag *diag)
{
	const uint8_t *in = glb_take(cur, V3_BACKENDS_AT);
	struct counts counts;

	if (!in) {
		glb_diag(diag, "cut short");
		return -EINVAL;
	}

	int err = read_counts(&counts, in, diag);

	if (err)
		return err;

	const uint8_t *backends = glb_take(cur, counts.backends * V3_BACKEND_LEN);
	const uint8_t *binds = glb_take(cur, counts.binds * ENTRY_BIND_LEN);
	const uint8_t *rows = glb_take(cur, GLB_ROWS * counts.hops * 2);

	if (!backends || !binds || !rows) {
		glb_diag(diag, "cut short");
		return -EINVAL;
	}
	memcpy(table->spec.hash_key, in + V3_HASH_KEY_AT, GLB_SIPHASH_KEY_LEN);
	table->hop_count = (uint8_t)counts.hops;
	err = read_name(&table->spec, in + V3_NAME_AT, diag);
	if (!err)
		err = glb_make_lists(table, counts.backends, counts.binds);
	if (!err)
		err = read_v3_backends(&table->spec, backends, diag);
	if (!err)
		err = check_v3_backends(&table->spec, diag);
	if (!err)
		err = glb_get_binds(&table->spec, binds, true, diag);
	for (uint32_t i = 0; i < GLB_ROWS * counts.hops && !err; i++)
		err = read_image_hop(table, i, glb_load_le16(rows + (size_t)i * 2), diag);
	return err;
}
