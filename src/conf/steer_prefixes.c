/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/steer_prefixes.h"

/* By version and address; of two at one address the shorter one first, so that a prefix comes
 * before its parts, and of equal ones the first in the file. */
static int address_order(const void *one, const void *other)
{
	const struct steer_prefix *a = one;
	const struct steer_prefix *b = other;
	int order = a->addr.version - b->addr.version;

	if (!order)
		order = memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
	if (!order)
		order = a->len - b->len;
	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static int file_order(const void *one, const void *other)
{
	const struct steer_prefix *a = one;
	const struct steer_prefix *b = other;

	return (a->order > b->order) - (a->order < b->order);
}

static bool prefix_has(const struct steer_prefix *prefix, const struct steer_prefix *part)
{
	struct glb_addr network = addr_network(&part->addr, prefix->len);

	return prefix->len <= part->len && glb_addr_equal(&network, &prefix->addr);
}

/* Drops what is part of another prefix. Returns how many are left. */
static uint32_t drop_parts(struct steer_prefix *prefixes, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (!kept || !prefix_has(&prefixes[kept - 1], &prefixes[i]))
			prefixes[kept++] = prefixes[i];
	return kept;
}

int steer_prefixes(struct steer_prefix **out, uint32_t *count, const struct glb_tables *tables)
{
	struct steer_prefix *prefixes;
	size_t all = 0;
	uint32_t at = 0;

	for (unsigned int t = 0; t < tables->count; t++)
		all += tables->tables[t]->spec.bind_count;
	prefixes = calloc(all + 1, sizeof(*prefixes));
	if (!prefixes)
		return -ENOMEM;
	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;

		for (unsigned int b = 0; b < spec->bind_count; b++) {
			const struct glb_bind *bind = &spec->binds[b];

			prefixes[at].addr = addr_network(&bind->addr, bind->prefix_len);
			prefixes[at].len = bind->prefix_len;
			prefixes[at].order = at;
			at++;
		}
	}
	qsort(prefixes, at, sizeof(*prefixes), address_order);
	*count = drop_parts(prefixes, at);
	qsort(prefixes, *count, sizeof(*prefixes), file_order);
	*out = prefixes;
	return 0;
}

const char *steer_prefix_text(char out[PREFIX_TEXT_LEN], const struct steer_prefix *prefix)
{
	return prefix_text(out, &prefix->addr, prefix->len);
}
