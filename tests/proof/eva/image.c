/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What glb/image.h promises of glb_image_read(), of any file that is alone in its memory: cut
 * anywhere, as long as its tables are or a byte longer, and with any bytes. Tables are made small
 * by the target: of 2 rows, and of at most 2 backends and binds; or have all their rows (FULL). A
 * count is one of those that are valid, or any of those that are not.
 */
#include <errno.h>
#include <string.h>

#include <glb/image.h>

#include "proof.h"

enum { HEADER = 24, V3_HEAD = 96, ENTRY = 28, V2_BINDS = 4 + MOST * 24 };
enum { V2_TABLE = V2_BINDS + 4 + MOST * 28 + 16 + GLB_ROWS * 8 };

/* What a target goes through. */
enum { ALL, CUT, COUNTED, FULL };

struct file {
	uint8_t *bytes;
	uint32_t len;
	uint32_t version;
};

/* --- What the reader is given: memory that fails, too --- */

int glb_place_make(struct glb_place *out, unsigned int places)
{
	void *base = malloc(GLB_PLACE_LEN);

	//@ check places: 1 <= places <= 2;
	if (!base)
		return -ENOMEM;
	*out = (struct glb_place){NULL, base};
	return 0;
}

bool glb_place_beside(struct glb_place *out, const struct glb_place *other)
{
	(void)out;
	//@ check other: \valid_read(other);
	return false; /* then glb_place_make() is called, which takes another one */
}

void glb_place_free(struct glb_place *place)
{
	free(place->base);
	place->base = NULL;
}

char *strdup(const char *text)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t len = 0;

	while (bytes[len])
		len++;

	char *copy = malloc(len + 1);

	if (copy)
		memcpy(copy, text, len + 1);
	return copy;
}

size_t strnlen(const char *text, size_t longest)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t len = 0;

	while (len < longest && bytes[len])
		len++;
	return len;
}

/* Of at most two. */
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	void **all = base;

	//@ check few: count <= 2 && size == sizeof(void *);
	if (count == 2 && compare(&all[0], &all[1]) > 0) {
		void *first = all[0];

		all[0] = all[1];
		all[1] = first;
	}
}

/* --- Any file --- */

/* What is counted at the start of a table. */
struct counts {
	uint32_t backends, binds, hops;
};

static const struct counts least = {1, 1, 2};
static const struct counts more_binds = {1, 2, 2};

static uint32_t table_len(uint32_t version, const struct counts *n)
{
	if (version == 2)
		return V2_TABLE;
	return n->backends > 2 || n->binds > 2 || n->hops > GLB_HOPS_MAX
		       ? V3_HEAD
		       : V3_HEAD + (n->backends + n->binds) * ENTRY + n->hops * GLB_ROWS * 2;
}

static void put(const struct file *file, uint32_t at, uint32_t value)
{
	if (at + 4 <= file->len)
		glb_store_le32(file->bytes + at, value);
}

static void put_counts(const struct file *file, uint32_t at, const struct counts *n)
{
	put(file, at, n->backends);
	put(file, at + (file->version == 2 ? V2_BINDS : 4), n->binds);
	if (file->version == 3)
		put(file, at + 8, n->hops);
}

/* A table without a name, or with one of a byte: the others are gone through in one case only. */
static void put_short_name(const struct file *file, uint32_t table_at)
{
	uint32_t at = table_at + 32 + 1;

	if (file->version == 3 && at + 63 <= file->len)
		memset(file->bytes + at, 0, 63);
}

/* A file of this many tables, the first of which counts this much. False: there is no memory. */
static bool any_bytes(struct file *file, uint32_t tables, const struct counts *first)
{
	file->bytes = malloc(file->len);
	if (!file->bytes)
		return false;
	ANY_BYTES(file->bytes, file->len);
	put(file, 4, file->version);
	put(file, 8, tables);
	put_counts(file, HEADER, first);
	if (first->backends != 1 || first->binds != 1 || first->hops != GLB_HOPS_MAX)
		put_short_name(file, HEADER);
	if (tables == 2) {
		put_counts(file, HEADER + table_len(file->version, first), &least);
		put_short_name(file, HEADER + table_len(file->version, first));
	}
	return true;
}

/* One table, cut anywhere. */
static void cut(uint32_t version)
{
	uint32_t len = ANY32(0, HEADER + table_len(version, &more_binds) - 1);
	//@ split len;
	;
	struct file file = {.len = len, .version = version};
	struct glb_tables read;
	struct glb_diag diag;

	if (!any_bytes(&file, 1, &more_binds))
		return;

	int err = glb_image_read(&read, file.bytes, len, &diag);
	uint32_t count = glb_image_count(file.bytes, len);

	//@ check cut: err == -EINVAL || err == -ENOTSUP || err == -ENOMEM;
	//@ check count_of_cut: count <= 1;
	if (glb_image_detect(file.bytes, len)) {
		//@ check detected: len >= 4;
	}
}

static void check_rows(const struct glb_row *rows, uint32_t backends)
{
	for (uint32_t i = 0; i < GLB_ROWS * GLB_HOPS_MAX; i++) {
		uint16_t hop = rows[i / GLB_HOPS_MAX].hops[i % GLB_HOPS_MAX];

		//@ check hop: hop < backends;
	}
}

/* Is what was read what the data path relies on? */
static void check_table(const struct glb_table *table, const struct counts *n)
{
	//@ check backends: table->spec.backend_count == n->backends;
	//@ check binds: table->spec.bind_count == n->binds;
	//@ check hops: table->hop_count == n->hops;
	check_rows(table->rows, n->backends);
}

/* As many bytes as the tables take, or one more. */
static void whole(uint32_t version, uint32_t tables, const struct counts *first)
{
	uint32_t more = ANY32(0, 1);
	//@ split more;
	;
	struct file file = {.len = HEADER + more, .version = version};
	struct glb_tables read;

	if (tables == 1 || tables == 2)
		file.len += table_len(version, first) * tables;
	if (!any_bytes(&file, tables, first))
		return;

	int err = glb_image_read(&read, file.bytes, file.len, NULL);

	//@ check err: err == 0 || err == -EINVAL || err == -ENOTSUP || err == -ENOMEM;
	if (err) {
		//@ check untouched: !\initialized(&read.count) && !\initialized(&read.tables);
		return;
	}
	//@ check count: read.count == tables && 1 <= tables <= 2 && more == 0;
	check_table(read.tables[tables - 1], first);
	glb_tables_free(&read);
}

/* One table with any counts, valid or not. */
static void counted(uint32_t version)
{
	uint32_t backends = ANY32(0, 3);
	//@ split backends;
	;
	uint32_t binds = ANY32(0, 3);
	//@ split binds;
	;
	uint32_t hops = version == 2 ? 2 : ANY32(0, GLB_HOPS_MAX + 1);
	//@ split hops;
	;
	struct counts first = {
		.backends = backends > 2 ? ANY32(3, UINT32_MAX) : backends,
		.binds = binds > 2 ? ANY32(3, UINT32_MAX) : binds,
		.hops = hops > GLB_HOPS_MAX ? ANY32(GLB_HOPS_MAX + 1, UINT32_MAX) : hops,
	};

	whole(version, 1, &first);
}

/* A table with all its rows. */
static void full(uint32_t version)
{
	struct counts first = {2, 2, 2};
	uint32_t hops = version == 2 ? 2 : ANY32(2, GLB_HOPS_MAX);
	//@ split hops;
	;
	first.hops = hops;
	whole(version, 1, &first);
}

int main(void)
{
	uint32_t version = ANY32(VERSION_LEAST, VERSION_MOST);
	//@ split version;
	;
	if (PART == FULL) {
		full(version);
		return 0;
	}
	uint32_t tables = ANY32(0, 3);
	//@ split tables;
	;
	if (version == 1 || version == 4) /* none that there is */
		whole(version == 1 ? ANY32(0, 1) : ANY32(4, UINT32_MAX), 1, &least);
	else if (tables != 1)
		whole(version, tables > 2 ? ANY32(3, UINT32_MAX) : tables, &least);
	else if (PART == CUT || (PART == ALL && ANY(0, 1)))
		cut(version);
	else
		counted(version);
	return 0;
}
