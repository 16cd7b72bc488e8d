/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An image of one table has 537,648 bytes, nearly all of them rows: too much for a corpus, and too
 * much for a fuzzer to find its way in. So the input is a list of changes to a good image of table
 * 1 of tests/unit/fixture.h, 5 bytes each: where (2 bytes), which part (1 byte: header and lists,
 * rows, length) and what (2 bytes). With a byte to spare at its end the image is one of version 3.
 */
#include <errno.h>
#include <string.h>

#include <glb/image.h>

#include "fixture.h"
#include "fuzz.h"

enum { CHANGE_LEN = 5, IMAGE_LEN_MAX = 1 << 20 };

/* A good image, and where the rows of its only table begin: they are its end. */
struct image {
	uint8_t bytes[IMAGE_LEN_MAX];
	size_t len;
	size_t rows_at;
	unsigned int row_len;
};

static const struct image *good_image(bool third)
{
	static struct image images[2];
	struct image *image = &images[third];
	struct glb_table_spec table = fixture_spec.tables[1];
	struct glb_backend backends[4];
	struct glb_bind binds[3];
	struct glb_tables tables;

	if (image->len)
		return image;
	if (third) {
		memcpy(backends, table.backends, sizeof(backends));
		memcpy(binds, table.binds, sizeof(binds));
		table.backends = backends;
		table.binds = binds;
		table.hops = 3;
		backends[1].has_server_id = backends[3].has_server_id = true;
		backends[3].server_id = 0x1234;
		backends[2].state = GLB_INACTIVE;
		binds[1].proto = GLB_PROTO_UDP;
		binds[1].quic = true;
	}
	PROMISE(!glb_tables_build(&tables, &(struct glb_spec){&table, 1}, NULL, NULL));
	PROMISE(glb_image_len(&tables) <= IMAGE_LEN_MAX);
	image->len = glb_image_len(&tables);
	image->row_len = third ? 6 : 8;
	image->rows_at = image->len - (size_t)GLB_ROWS * image->row_len;
	glb_image_write(image->bytes, &tables);
	glb_tables_free(&tables);
	return image;
}

/* Applies one change; returns the length the image has then. */
static size_t change(uint8_t *bytes, size_t len, const struct image *good, const uint8_t *input)
{
	uint32_t where = (uint32_t)input[0] << 8 | input[1];
	uint16_t what = (uint16_t)(input[3] << 8 | input[4]);

	switch (input[2] % 3) {
	case 0:
		glb_store_be16(bytes + where % (good->rows_at - 1), what);
		break;
	case 1:
		glb_store_be16(bytes + good->rows_at + where * good->row_len + what % 2 * 4, what);
		break;
	default:
		return (where | (size_t)what << 16) % (len + 1);
	}
	return len;
}

/* Every server ID leads to one usable backend, and only UDP is asked for one. */
static void check_servers(const struct glb_table_spec *spec)
{
	static uint16_t servers[GLB_SERVER_IDS];
	bool any = glb_server_ids(servers, spec);

	for (unsigned int b = 0; b < spec->backend_count && any; b++) {
		const struct glb_backend *backend = &spec->backends[b];

		if (backend->has_server_id && glb_backend_usable(backend))
			PROMISE(servers[backend->server_id] == b);
	}
	for (unsigned int b = 0; b < spec->bind_count; b++)
		PROMISE(!spec->binds[b].quic || spec->binds[b].proto == GLB_PROTO_UDP);
}

/* What was taken must be safe to forward with, and the same when written and read once more. */
static void check_tables(struct glb_tables *tables)
{
	static uint8_t written[IMAGE_LEN_MAX];
	static uint8_t again_written[IMAGE_LEN_MAX];
	size_t len = glb_image_len(tables);
	struct glb_generation *gen;
	struct glb_tables again;

	const struct glb_table *table = tables->tables[0];

	PROMISE(tables->count == 1 && table->spec.backend_count && table->spec.bind_count);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		for (unsigned int hop = 0; hop < GLB_HOPS_MAX; hop++)
			PROMISE(table->rows[r].hops[hop] < table->spec.backend_count);
	check_servers(&table->spec);
	PROMISE(len <= IMAGE_LEN_MAX);
	glb_image_write(written, tables);
	PROMISE(!glb_image_read(&again, written, len, NULL));
	PROMISE(glb_image_len(&again) == len);
	glb_image_write(again_written, &again);
	PROMISE(!memcmp(written, again_written, len));
	glb_tables_free(&again);

	int err = glb_generation_make(&gen, 1, &fixture_settings, tables, NULL);

	PROMISE(!err || err == -ENOTSUP); /* an IPv6 backend */
	if (!err)
		glb_generation_free(gen);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	static uint8_t image[IMAGE_LEN_MAX];
	const struct image *good = good_image(len % CHANGE_LEN == 1);
	size_t image_len = good->len;
	struct glb_tables tables;
	struct glb_diag diag = {{0}};

	memcpy(image, good->bytes, good->len);
	for (; len >= CHANGE_LEN; input += CHANGE_LEN, len -= CHANGE_LEN)
		image_len = change(image, image_len, good, input);

	/* A buffer of exactly that length, so that sanitizers notice reading on. */
	uint8_t *cut = malloc(image_len ? image_len : 1);

	PROMISE(cut);
	memcpy(cut, image, image_len);

	int err = glb_image_read(&tables, cut, image_len, &diag);

	free(cut);
	PROMISE(!err == !diag.text[0]);
	PROMISE(!err || err == -EINVAL || err == -ENOTSUP);
	if (!err) {
		check_tables(&tables);
		glb_tables_free(&tables);
	}
	return 0;
}
