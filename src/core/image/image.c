/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "core/places.h"
#include "image_parts.h"

enum {
	MAGIC = 0x44424c47, /* "GLBD" */
	HEADER_LEN = 24,
	FAMILY_IPV4 = 1,
	FAMILY_IPV6 = 2,
};

/* Version 2: room for 256 backends and binds; offsets within a table. */
enum {
	V2_BACKENDS_MAX = 256,
	V2_BINDS_MAX = 256,
	V2_ROW_HOPS = 2,
	V2_ROW_LEN = V2_ROW_HOPS * 4,
	V2_BACKENDS_AT = 4,
	V2_BIND_COUNT_AT = V2_BACKENDS_AT + V2_BACKENDS_MAX * ENTRY_BACKEND_LEN,
	V2_BINDS_AT = V2_BIND_COUNT_AT + 4,
	V2_HASH_KEY_AT = V2_BINDS_AT + V2_BINDS_MAX * ENTRY_BIND_LEN,
	V2_ROWS_AT = V2_HASH_KEY_AT + GLB_SIPHASH_KEY_LEN,
	V2_TABLE_LEN = V2_ROWS_AT + GLB_ROWS * V2_ROW_LEN,
};
_Static_assert(V2_TABLE_LEN == 537624, "the original's layout of a table");

static void write_addr(uint8_t *out, const struct glb_addr *addr)
{
	glb_store_le32(out, addr->version == 4 ? FAMILY_IPV4 : FAMILY_IPV6);
	memcpy(out + 4, addr->bytes, 16);
}

void glb_put_backend(uint8_t *out, const struct glb_backend *backend)
{
	static const uint16_t states[] = {
		[GLB_FILLING] = STATE_FILLING,
		[GLB_ACTIVE] = STATE_ACTIVE,
		[GLB_DRAINING] = STATE_DRAINING,
		[GLB_INACTIVE] = STATE_DRAINING,
	};

	write_addr(out, &backend->addr);
	glb_store_le16(out + 20, states[backend->state]);
	glb_store_le16(out + 22, backend->healthy);
}

static void write_bind(uint8_t *out, const struct glb_bind *bind)
{
	write_addr(out, &bind->addr);
	glb_store_le16(out + 20, bind->prefix_len);
	glb_store_le16(out + 22, bind->port_first);
	glb_store_le16(out + 24, bind->port_last);
	out[26] = bind->proto;
	out[ENTRY_QUIC_AT] = bind->quic; /* never in version 2 */
}

void glb_put_binds(uint8_t *out, const struct glb_table_spec *spec)
{
	for (unsigned int i = 0; i < spec->bind_count; i++)
		write_bind(out + i * ENTRY_BIND_LEN, &spec->binds[i]);
}

static void write_v2_table(uint8_t *out, const struct glb_table *table)
{
	const struct glb_table_spec *spec = &table->spec;

	glb_store_le32(out, spec->backend_count);
	glb_store_le32(out + V2_BIND_COUNT_AT, spec->bind_count);
	for (unsigned int i = 0; i < spec->backend_count; i++)
		glb_put_backend(out + V2_BACKENDS_AT + i * ENTRY_BACKEND_LEN, &spec->backends[i]);
	glb_put_binds(out + V2_BINDS_AT, spec);
	memcpy(out + V2_HASH_KEY_AT, spec->hash_key, GLB_SIPHASH_KEY_LEN);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		for (unsigned int hop = 0; hop < V2_ROW_HOPS; hop++)
			glb_store_le32(out + V2_ROWS_AT + r * V2_ROW_LEN + hop * 4,
				       table->rows[r].hops[hop]);
}

static bool mentions_quic(const struct glb_table_spec *spec)
{
	bool quic = false;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		quic |= spec->backends[i].has_server_id;
	for (unsigned int i = 0; i < spec->bind_count; i++)
		quic |= spec->binds[i].quic;
	return quic;
}

static bool fits_v2(const struct glb_table *table)
{
	return table->hop_count == V2_ROW_HOPS && table->spec.backend_count <= V2_BACKENDS_MAX &&
	       table->spec.bind_count <= V2_BINDS_MAX && !mentions_quic(&table->spec);
}

unsigned int glb_image_version(const struct glb_tables *tables)
{
	for (unsigned int i = 0; i < tables->count; i++)
		if (!fits_v2(tables->tables[i]))
			return 3;
	return 2;
}

static size_t table_len(const struct glb_table *table, unsigned int version)
{
	return version == 2 ? V2_TABLE_LEN
			    : glb_image_v3_len(table->spec.backend_count, table->spec.bind_count,
					       table->hop_count);
}

size_t glb_image_len_in(const struct glb_tables *tables, unsigned int version)
{
	size_t len = HEADER_LEN;

	for (unsigned int i = 0; i < tables->count; i++)
		len += table_len(tables->tables[i], version);
	return len;
}

size_t glb_image_len(const struct glb_tables *tables)
{
	return glb_image_len_in(tables, glb_image_version(tables));
}

void glb_image_write_in(uint8_t *out, const struct glb_tables *tables, unsigned int version)
{
	uint8_t *at = out + HEADER_LEN;

	memset(out, 0, glb_image_len_in(tables, version));
	glb_store_le32(out, MAGIC);
	glb_store_le32(out + 4, version);
	glb_store_le32(out + 8, tables->count);
	glb_store_le32(out + 12, GLB_ROWS);
	glb_store_le32(out + 16, version == 2 ? V2_BACKENDS_MAX : GLB_BACKENDS_MAX);
	glb_store_le32(out + 20, version == 2 ? V2_BINDS_MAX : GLB_BINDS_MAX);
	for (unsigned int i = 0; i < tables->count; i++) {
		const struct glb_table *table = tables->tables[i];

		(version == 2 ? write_v2_table : glb_image_v3_write)(at, table);
		at += table_len(table, version);
	}
}

void glb_image_write(uint8_t *out, const struct glb_tables *tables)
{
	glb_image_write_in(out, tables, glb_image_version(tables));
}

bool glb_image_detect(const uint8_t *bytes, size_t len)
{
	return len >= 4 && glb_load_le32(bytes) == MAGIC;
}

static bool read_addr(struct glb_addr *addr, const uint8_t *in)
{
	static const uint8_t zero[12];
	uint32_t family = glb_load_le32(in);

	if (family != FAMILY_IPV4 && family != FAMILY_IPV6)
		return false;
	if (family == FAMILY_IPV4 && memcmp(in + 8, zero, sizeof(zero)) != 0)
		return false;
	addr->version = family == FAMILY_IPV4 ? 4 : 6;
	memcpy(addr->bytes, in + 4, 16);
	return true;
}

bool glb_get_backend(struct glb_backend *backend, const uint8_t *in, uint16_t max_state)
{
	static const enum glb_state states[] = {
		[STATE_FILLING] = GLB_FILLING,
		[STATE_ACTIVE] = GLB_ACTIVE,
		[STATE_DRAINING] = GLB_DRAINING,
		[STATE_INACTIVE] = GLB_INACTIVE,
	};
	uint16_t state = glb_load_le16(in + 20);
	uint16_t health = glb_load_le16(in + 22);

	if (!read_addr(&backend->addr, in) || state > max_state || health > 1)
		return false;
	backend->state = states[state];
	backend->healthy = health;
	return true;
}

/* What cannot be said in a bind is in none either: glb_check_bind() finds both. */
static void image_read_bind(struct glb_bind *bind, const uint8_t *in)
{
	uint16_t prefix_len = glb_load_le16(in + 20);

	if (!read_addr(&bind->addr, in))
		bind->addr.version = 0;
	bind->prefix_len = prefix_len > UINT8_MAX ? UINT8_MAX : (uint8_t)prefix_len;
	bind->port_first = glb_load_le16(in + 22);
	bind->port_last = glb_load_le16(in + 24);
	bind->proto = in[26];
}

static int read_v2_backends(struct glb_table_spec *spec, const uint8_t *in, struct glb_diag *diag)
{
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (!glb_get_backend(&spec->backends[i], in + i * ENTRY_BACKEND_LEN,
				     STATE_DRAINING)) {
			glb_diag(diag, "backend %u: impossible family, state or health", i);
			return -EINVAL;
		}
	return 0;
}

int glb_refuse_entry(const struct glb_first_finding *first, struct glb_diag *diag)
{
	const struct glb_finding *finding = &first->finding;

	if (!first->found)
		return 0;
	switch (finding->kind) {
	case GLB_FOUND_BIND_QUIC:
		glb_diag(diag, "bind %u: impossible mark for QUIC", finding->index);
		break;
	case GLB_FOUND_SAME_ADDRESS:
		glb_diag(diag, "backends %u and %u have one address", finding->value,
			 finding->index);
		break;
	case GLB_FOUND_SAME_SERVER:
		glb_diag(diag, "backend %u: server ID %u is another one's", finding->index,
			 finding->other);
		break;
	case GLB_FOUND_NONE_USABLE:
		glb_diag(diag, "all of its %u backends are inactive", finding->value);
		break;
	default:
		glb_diag(diag, "bind %u: impossible family, prefix, ports or protocol",
			 finding->index);
		break;
	}
	return -EINVAL;
}

int glb_get_binds(struct glb_table_spec *spec, const uint8_t *in, bool quic, struct glb_diag *diag)
{
	struct glb_first_finding first = {0};
	const struct glb_check check = {glb_keep_first, &first, 0};

	for (unsigned int i = 0; i < spec->bind_count; i++, in += ENTRY_BIND_LEN) {
		image_read_bind(&spec->binds[i], in);
		spec->binds[i].quic = quic && in[ENTRY_QUIC_AT];
		glb_check_bind(&check, &spec->binds[i], i);
		if (quic && in[ENTRY_QUIC_AT] > 1)
			glb_keep_first(&first, &(struct glb_finding){.kind = GLB_FOUND_BIND_QUIC,
								     .index = i});
	}
	return glb_refuse_entry(&first, diag);
}

int glb_get_hop(struct glb_table *table, unsigned int row, unsigned int hop, uint32_t backend,
		struct glb_diag *diag)
{
	if (backend >= table->spec.backend_count) {
		glb_diag(diag, "row %u names backend %u of %u", row, backend,
			 table->spec.backend_count);
		return -EINVAL;
	}
	table->rows[row].hops[hop] = (uint16_t)backend;
	return 0;
}

int glb_make_lists(struct glb_table *table, uint32_t backend_count, uint32_t bind_count)
{
	table->spec.backends = calloc(backend_count, sizeof(*table->spec.backends));
	table->spec.binds = calloc(bind_count, sizeof(*table->spec.binds));
	if (!table->spec.backends || !table->spec.binds)
		return -ENOMEM;
	table->spec.backend_count = backend_count;
	table->spec.bind_count = bind_count;
	return 0;
}

int glb_check_count(uint32_t count, uint32_t max, const char *what, struct glb_diag *diag)
{
	if (count && count <= max)
		return 0;
	glb_diag(diag, "%u %s, expected 1 to %u", count, what, max);
	return -EINVAL;
}

/* Do all rows have the same primary? */
static bool has_one_primary(const uint8_t *rows)
{
	for (unsigned int r = 1; r < GLB_ROWS; r++)
		if (memcmp(rows, rows + r * V2_ROW_LEN, 4) != 0)
			return false;
	return true;
}

/*
 * If a table has a single usable backend, the original writes uninitialized memory as the second
 * hop: a backend of the previous table, or any value. As in our images, the backend then is its own
 * second hop.
 */
static int read_v2_rows(struct glb_table *table, const uint8_t *in, struct glb_diag *diag)
{
	bool alone = has_one_primary(in);
	int err = 0;

	table->hop_count = V2_ROW_HOPS;
	for (unsigned int r = 0; r < GLB_ROWS && !err; r++) {
		uint32_t first = glb_load_le32(in + r * V2_ROW_LEN);
		uint32_t second = glb_load_le32(in + r * V2_ROW_LEN + 4);

		if (alone && second >= table->spec.backend_count)
			second = first;
		err = glb_get_hop(table, r, 0, first, diag);
		if (!err)
			err = glb_get_hop(table, r, 1, second, diag);
	}
	return err;
}

/* The cursor is at a table. The caller releases the table even after a failure. */
static int read_v2_table(struct glb_table *table, struct glb_cursor *cur, struct glb_diag *diag)
{
	const uint8_t *in = glb_take(cur, V2_TABLE_LEN);

	if (!in) {
		glb_diag(diag, "cut short");
		return -EINVAL;
	}

	uint32_t backend_count = glb_load_le32(in);
	uint32_t bind_count = glb_load_le32(in + V2_BIND_COUNT_AT);
	int err = glb_check_count(backend_count, V2_BACKENDS_MAX, "backends", diag);

	if (!err)
		err = glb_check_count(bind_count, V2_BINDS_MAX, "binds", diag);
	if (!err)
		err = glb_make_lists(table, backend_count, bind_count);
	if (!err)
		err = read_v2_backends(&table->spec, in + V2_BACKENDS_AT, diag);
	if (!err)
		err = glb_get_binds(&table->spec, in + V2_BINDS_AT, false, diag);
	memcpy(table->spec.hash_key, in + V2_HASH_KEY_AT, GLB_SIPHASH_KEY_LEN);
	return err ? err : read_v2_rows(table, in + V2_ROWS_AT, diag);
}

static int refuse_version(uint32_t version, struct glb_diag *diag)
{
	glb_diag(diag, "image version %u, expected 2 or 3", version);
	return -ENOTSUP;
}

/* Reads the header at the cursor: version and number of tables. */
static int read_header(uint32_t *version, uint32_t *count, struct glb_cursor *cur,
		       struct glb_diag *diag)
{
	const uint8_t *header = glb_take(cur, HEADER_LEN);

	if (!header || !glb_image_detect(header, HEADER_LEN)) {
		glb_diag(diag, "not a table image");
		return -EINVAL;
	}
	*version = glb_load_le32(header + 4);
	*count = glb_load_le32(header + 8);
	if (*version != 2 && *version != 3)
		return refuse_version(*version, diag);

	uint32_t backends_max = *version == 2 ? V2_BACKENDS_MAX : GLB_BACKENDS_MAX;
	uint32_t binds_max = *version == 2 ? V2_BINDS_MAX : GLB_BINDS_MAX;

	if (glb_load_le32(header + 12) != GLB_ROWS || glb_load_le32(header + 16) != backends_max ||
	    glb_load_le32(header + 20) != binds_max) {
		glb_diag(diag, "image of %u rows, %u backends, %u binds; expected %u, %u, %u",
			 glb_load_le32(header + 12), glb_load_le32(header + 16),
			 glb_load_le32(header + 20), GLB_ROWS, backends_max, binds_max);
		return -ENOTSUP;
	}
	return 0;
}

/* Could the rest of the file contain this many tables? Checked before anything is allocated. */
static int check_table_count(uint32_t count, uint32_t version, size_t left, struct glb_diag *diag)
{
	size_t least = version == 2 ? V2_TABLE_LEN : glb_image_v3_len(1, 1, 2);

	if (!count) {
		glb_diag(diag, "no table in it, there is nothing to serve");
		return -EINVAL;
	}
	if (count > left / least || (version == 2 && count * least != left)) {
		glb_diag(diag, "%zu bytes, expected %s%zu, the number of tables being %u",
			 left + HEADER_LEN, version == 2 ? "" : "at least ",
			 count * least + HEADER_LEN, count);
		return -EINVAL;
	}
	return 0;
}

uint32_t glb_image_count(const uint8_t *bytes, size_t len)
{
	size_t most = len / glb_image_v3_len(1, 1, 2); /* tables of version 2 are larger */
	uint32_t count = len < HEADER_LEN ? 0 : glb_load_le32(bytes + 8);

	return count < most ? count : (uint32_t)most;
}

static int image_read_table(struct glb_table *table, uint32_t version, struct glb_cursor *cur,
			    struct glb_diag *diag)
{
	return version == 2 ? read_v2_table(table, cur, diag) : glb_image_v3_read(table, cur, diag);
}

static int read_tables(struct glb_tables *tables, uint32_t count, uint32_t version,
		       struct glb_cursor *cur, struct glb_diag *diag)
{
	struct places places = {.wanted = count};

	tables->tables = calloc(count, sizeof(*tables->tables));
	if (!tables->tables)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct glb_diag reason = {{0}};

		tables->count = i + 1;

		int err = places_make_table(&tables->tables[i], &places);

		if (!err)
			err = image_read_table(tables->tables[i], version, cur, &reason);
		if (err) {
			glb_diag(diag, "table %u: %.400s", i, reason.text);
			return err;
		}
	}
	if (cur->at != cur->end) {
		glb_diag(diag, "%zu bytes behind the last table", (size_t)(cur->end - cur->at));
		return -EINVAL;
	}
	return 0;
}

int glb_image_read(struct glb_tables *out, const uint8_t *bytes, size_t len, struct glb_diag *diag)
{
	struct glb_cursor cur = glb_cursor(bytes, len);
	struct glb_tables tables = {0};
	uint32_t version;
	uint32_t count;
	int err = read_header(&version, &count, &cur, diag);

	if (!err)
		err = check_table_count(count, version, (size_t)(cur.end - cur.at), diag);
	if (!err)
		err = read_tables(&tables, count, version, &cur, diag);
	if (err) {
		if (err == -ENOMEM)
			glb_diag(diag, "out of memory");
		glb_tables_free(&tables);
		return err;
	}
	*out = tables;
	return 0;
}
