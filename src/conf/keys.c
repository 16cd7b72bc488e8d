/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/keys.h"

static bool is_zeros(const uint8_t key[GLB_SIPHASH_KEY_LEN])
{
	static const uint8_t zeros[GLB_SIPHASH_KEY_LEN];

	return !memcmp(key, zeros, sizeof(zeros));
}

void key_read(uint8_t out[GLB_SIPHASH_KEY_LEN], const struct conf_value *table, const char *name)
{
	struct conf_value value;
	const char *text;

	if (conf_member(&value, table, name) || conf_string(&text, &value))
		return;
	if (!key_parse(out, text)) /* never print it: it is secret */
		(void)conf_refuse(&value, "is not 32 hexadecimal digits");
	else if (is_zeros(out))
		conf_warn(&value, "is all zeros, which is not a secret: head -c 16 /dev/urandom | "
				  "xxd -p makes one");
}

struct seed {
	const uint8_t *key;
	uint32_t table;
};

static int compare_seeds(const void *left, const void *right)
{
	const struct seed *a = left;
	const struct seed *b = right;
	int key = memcmp(a->key, b->key, GLB_SIPHASH_KEY_LEN);

	return key ? key : (a->table > b->table) - (a->table < b->table);
}

static int compare_keys(const void *key, const void *seed)
{
	return memcmp(key, ((const struct seed *)seed)->key, GLB_SIPHASH_KEY_LEN);
}

static void warn_key(const struct conf_value *tables, uint32_t table, const char *name,
		     uint32_t other)
{
	struct conf_value object = conf_element(tables, table);
	struct conf_value other_object = conf_element(tables, other);
	char place[CONF_PLACE_LEN_MAX];
	struct conf_value value;
	struct conf_value seed;

	(void)conf_find(&value, &object, name);
	(void)conf_find(&seed, &other_object, "seed");
	conf_warn(&value, "is the same as %s in line %u: take one of its own",
		  conf_place(place, &seed), conf_line(&seed));
}

/* Finds equal seeds: sorted, they are adjacent, in table order. */
static void check_sorted(const struct glb_spec *spec, const struct seed *seeds,
			 const struct conf_value *tables)
{
	const struct seed *first = seeds;

	for (uint32_t i = 1; i < spec->table_count; i++) {
		if (memcmp(first->key, seeds[i].key, GLB_SIPHASH_KEY_LEN) != 0)
			first = &seeds[i];
		else if (!is_zeros(first->key))
			warn_key(tables, seeds[i].table, "seed", first->table);
	}
	for (uint32_t t = 0; t < spec->table_count; t++) {
		const uint8_t *key = spec->tables[t].hash_key;
		const struct seed *found = is_zeros(key) ? NULL
							 : bsearch(key, seeds, spec->table_count,
								   sizeof(*seeds), compare_keys);

		while (found && found > seeds && !compare_keys(key, found - 1))
			found--;
		if (found)
			warn_key(tables, t, "hash_key", found->table);
	}
}

int keys_warn(const struct glb_spec *spec, const struct conf_value *tables)
{
	struct seed *seeds = calloc(spec->table_count + 1, sizeof(*seeds));

	if (!seeds)
		return -ENOMEM;
	for (uint32_t t = 0; t < spec->table_count; t++)
		seeds[t] = (struct seed){spec->tables[t].seed, t};
	qsort(seeds, spec->table_count, sizeof(*seeds), compare_seeds);
	check_sorted(spec, seeds, tables);
	free(seeds);
	return 0;
}
