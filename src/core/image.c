/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/image.h>

enum {
	MAGIC = 0x44424c47, /* "GLBD" */
	VERSION = 2,
	BACKEND_LEN = 24,
	BIND_LEN = 28,
	ROW_LEN = 8,
	BACKENDS_AT = 4, /* offsets in a table */
	BIND_COUNT_AT = BACKENDS_AT + GLB_BACKENDS_MAX * BACKEND_LEN,
	BINDS_AT = BIND_COUNT_AT + 4,
	HASH_KEY_AT = BINDS_AT + GLB_BINDS_MAX * BIND_LEN,
	ROWS_AT = HASH_KEY_AT + GLB_SIPHASH_KEY_LEN,
	FAMILY_IPV4 = 1,
	FAMILY_IPV6 = 2,
	STATE_FILLING = 0,
	STATE_ACTIVE = 1,
	STATE_DRAINING = 2, /* or inactive */
};
_Static_assert(ROWS_AT + GLB_ROWS * ROW_LEN == GLB_IMAGE_TABLE_LEN, "layout of a table");

static void write_addr(uint8_t *out, const struct glb_addr *addr)
{
	glb_store_le32(out, addr->version == 4 ? FAMILY_IPV4 : FAMILY_IPV6);
	memcpy(out + 4, addr->bytes, 16);
}

static void write_backend(uint8_t *out, const struct glb_backend *backend)
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
}

static void write_table(uint8_t *out, const struct glb_table *table)
{
	const struct glb_table_spec *spec = &table->spec;

	glb_store_le32(out, spec->backend_count);
	for (unsigned int i = 0; i < spec->backend_count; i++)
		write_backend(out + BACKENDS_AT + i * BACKEND_LEN, &spec->backends[i]);
	glb_store_le32(out + BIND_COUNT_AT, spec->bind_count);
	for (unsigned int i = 0; i < spec->bind_count; i++)
		write_bind(out + BINDS_AT + i * BIND_LEN, &spec->binds[i]);
	memcpy(out + HASH_KEY_AT, spec->hash_key, GLB_SIPHASH_KEY_LEN);
	for (unsigned int r = 0; r < GLB_ROWS; r++) {
		glb_store_le32(out + ROWS_AT + r * ROW_LEN, table->rows[r].hops[0]);
		glb_store_le32(out + ROWS_AT + r * ROW_LEN + 4, table->rows[r].hops[1]);
	}
}

void glb_image_write(uint8_t *out, const struct glb_tables *tables)
{
	memset(out, 0, glb_image_len(tables->count));
	glb_store_le32(out, MAGIC);
	glb_store_le32(out + 4, VERSION);
	glb_store_le32(out + 8, tables->count);
	glb_store_le32(out + 12, GLB_ROWS);
	glb_store_le32(out + 16, GLB_BACKENDS_MAX);
	glb_store_le32(out + 20, GLB_BINDS_MAX);
	for (unsigned int i = 0; i < tables->count; i++)
		write_table(out + glb_image_len(i), tables->tables[i]);
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

static bool read_backend(struct glb_backend *backend, const uint8_t *in)
{
	static const enum glb_state states[] = {GLB_FILLING, GLB_ACTIVE, GLB_DRAINING};
	uint16_t state = glb_load_le16(in + 20);
	uint16_t health = glb_load_le16(in + 22);

	if (!read_addr(&backend->addr, in) || state > STATE_DRAINING || health > 1)
		return false;
	backend->state = states[state];
	backend->healthy = health;
	return true;
}

static bool read_bind(struct glb_bind *bind, const uint8_t *in)
{
	uint16_t prefix_len = glb_load_le16(in + 20);

	if (!read_addr(&bind->addr, in) || prefix_len > (bind->addr.version == 4 ? 32 : 128))
		return false;
	bind->prefix_len = (uint8_t)prefix_len;
	bind->port_first = glb_load_le16(in + 22);
	bind->port_last = glb_load_le16(in + 24);
	bind->proto = in[26];
	return bind->port_first <= bind->port_last &&
	       (bind->proto == GLB_PROTO_TCP || bind->proto == GLB_PROTO_UDP);
}

static int read_lists(struct glb_table_spec *spec, const uint8_t *in, struct glb_diag *diag)
{
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (!read_backend(&spec->backends[i], in + BACKENDS_AT + i * BACKEND_LEN)) {
			glb_diag(diag, "backend %u: impossible family, state or health", i);
			return -EINVAL;
		}
	for (unsigned int i = 0; i < spec->bind_count; i++)
		if (!read_bind(&spec->binds[i], in + BINDS_AT + i * BIND_LEN)) {
			glb_diag(diag, "bind %u: impossible family, prefix, ports or protocol", i);
			return -EINVAL;
		}
	return 0;
}

static int read_rows(struct glb_table *table, const uint8_t *in, struct glb_diag *diag)
{
	for (unsigned int r = 0; r < GLB_ROWS; r++) {
		for (unsigned int hop = 0; hop < GLB_ROW_HOPS; hop++) {
			uint32_t backend = glb_load_le32(in + ROWS_AT + r * ROW_LEN + hop * 4);

			if (backend >= table->spec.backend_count) {
				glb_diag(diag, "row %u names backend %u of %u", r, backend,
					 table->spec.backend_count);
				return -EINVAL;
			}
			table->rows[r].hops[hop] = (uint16_t)backend;
		}
	}
	return 0;
}

/* Fills a zeroed table; the caller releases it also on failure. */
static int read_table(struct glb_table *table, const uint8_t *in, struct glb_diag *diag)
{
	uint32_t backend_count = glb_load_le32(in);
	uint32_t bind_count = glb_load_le32(in + BIND_COUNT_AT);

	if (!backend_count || backend_count > GLB_BACKENDS_MAX) {
		glb_diag(diag, "%u backends, expected 1 to %d", backend_count, GLB_BACKENDS_MAX);
		return -EINVAL;
	}
	if (!bind_count || bind_count > GLB_BINDS_MAX) {
		glb_diag(diag, "%u binds, expected 1 to %d", bind_count, GLB_BINDS_MAX);
		return -EINVAL;
	}
	table->spec.backends = calloc(backend_count, sizeof(*table->spec.backends));
	table->spec.binds = calloc(bind_count, sizeof(*table->spec.binds));
	if (!table->spec.backends || !table->spec.binds)
		return -ENOMEM;
	table->spec.backend_count = backend_count;
	table->spec.bind_count = bind_count;
	memcpy(table->spec.hash_key, in + HASH_KEY_AT, GLB_SIPHASH_KEY_LEN);

	int err = read_lists(&table->spec, in, diag);

	return err ? err : read_rows(table, in, diag);
}

static int check_header(const uint8_t *bytes, size_t len, struct glb_diag *diag)
{
	if (len < GLB_IMAGE_HEADER_LEN || !glb_image_detect(bytes, len)) {
		glb_diag(diag, "not a table image");
		return -EINVAL;
	}
	if (glb_load_le32(bytes + 4) != VERSION) {
		glb_diag(diag, "image version %u, expected %d", glb_load_le32(bytes + 4), VERSION);
		return -ENOTSUP;
	}
	if (glb_load_le32(bytes + 12) != GLB_ROWS ||
	    glb_load_le32(bytes + 16) != GLB_BACKENDS_MAX ||
	    glb_load_le32(bytes + 20) != GLB_BINDS_MAX) {
		glb_diag(diag, "image of %u rows, %u backends, %u binds; expected %d, %d, %d",
			 glb_load_le32(bytes + 12), glb_load_le32(bytes + 16),
			 glb_load_le32(bytes + 20), GLB_ROWS, GLB_BACKENDS_MAX, GLB_BINDS_MAX);
		return -ENOTSUP;
	}

	uint32_t count = glb_load_le32(bytes + 8);

	if (!count) {
		glb_diag(diag, "no table in it, there is nothing to serve");
		return -EINVAL;
	}
	if (len != glb_image_len(count)) {
		glb_diag(diag, "%zu bytes, expected %zu for %u tables", len, glb_image_len(count),
			 count);
		return -EINVAL;
	}
	return 0;
}

int glb_image_read(struct glb_tables *out, const uint8_t *bytes, size_t len, struct glb_diag *diag)
{
	struct glb_tables tables = {0};
	int err = check_header(bytes, len, diag);

	if (err)
		return err;

	uint32_t count = glb_load_le32(bytes + 8);

	tables.tables = calloc(count, sizeof(*tables.tables));
	if (!tables.tables)
		err = -ENOMEM;
	for (uint32_t i = 0; i < count && !err; i++) {
		struct glb_diag reason = {{0}};

		tables.tables[i] = calloc(1, sizeof(**tables.tables));
		tables.count = i + 1;
		if (!tables.tables[i])
			err = -ENOMEM;
		else
			err = read_table(tables.tables[i], bytes + glb_image_len(i), &reason);
		if (err)
			glb_diag(diag, "table %u: %.400s", i, reason.text);
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
