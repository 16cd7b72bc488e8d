/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An image of one table has 537,648 bytes, nearly all of them rows: too much for a corpus, and too
 * much for a fuzzer to find its way in. So the input is a list of changes to a good image of table
 * 1 of tests/unit/fixture.h, 5 bytes each: where (2 bytes), which part (1 byte: header and lists,
 * rows, length) and what (2 bytes).
 */
#include <errno.h>
#include <string.h>

#include <glb/image.h>

#include "fixture.h"
#include "fuzz.h"

enum { IMAGE_LEN = GLB_IMAGE_HEADER_LEN + GLB_IMAGE_TABLE_LEN };
enum { CHANGE_LEN = 5, ROWS_AT = GLB_IMAGE_HEADER_LEN + 13336 };

static const uint8_t *good_image(void)
{
	static uint8_t image[IMAGE_LEN];
	struct glb_spec spec = {&fixture_spec.tables[1], 1};
	struct glb_tables tables;

	if (!image[0]) {
		PROMISE(!glb_tables_build(&tables, &spec, NULL));
		glb_image_write(image, &tables);
		glb_tables_free(&tables);
	}
	return image;
}

/* Applies one change; returns the length the image has then. */
static size_t change(uint8_t *image, size_t len, const uint8_t *input)
{
	uint32_t where = (uint32_t)input[0] << 8 | input[1];
	uint16_t what = (uint16_t)(input[3] << 8 | input[4]);

	switch (input[2] % 3) {
	case 0:
		glb_store_be16(image + where % (ROWS_AT - 1), what);
		break;
	case 1:
		glb_store_be16(image + ROWS_AT + where * 8 + what % 2 * 4, what);
		break;
	default:
		return (where | (size_t)what << 16) % (len + 1);
	}
	return len;
}

/* What was taken must be safe to forward with, and the same when written and read once more. */
static void check_tables(struct glb_tables *tables)
{
	static uint8_t written[IMAGE_LEN];
	static uint8_t again_written[IMAGE_LEN];
	struct glb_generation *gen;
	struct glb_tables again;

	const struct glb_table *table = tables->tables[0];

	PROMISE(tables->count == 1 && table->spec.backend_count && table->spec.bind_count);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		PROMISE(table->rows[r].hops[0] < table->spec.backend_count &&
			table->rows[r].hops[1] < table->spec.backend_count);
	glb_image_write(written, tables);
	PROMISE(!glb_image_read(&again, written, sizeof(written), NULL));
	glb_image_write(again_written, &again);
	PROMISE(!memcmp(written, again_written, sizeof(written)));
	glb_tables_free(&again);

	int err = glb_generation_make(&gen, 1, &fixture_settings, tables, NULL);

	PROMISE(!err || err == -ENOTSUP); /* an IPv6 backend */
	if (!err)
		glb_generation_free(gen);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	static uint8_t image[IMAGE_LEN];
	size_t image_len = IMAGE_LEN;
	struct glb_tables tables;
	struct glb_diag diag = {{0}};

	memcpy(image, good_image(), IMAGE_LEN);
	for (; len >= CHANGE_LEN; input += CHANGE_LEN, len -= CHANGE_LEN)
		image_len = change(image, image_len, input);

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
