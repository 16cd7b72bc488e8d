/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include <glb/diff.h>
#include <glb/digest.h>

#include "conf/settings.h"
#include "conf/tables.h"
#include "director/effect.h"
#include "sys/log.h"
#include "sys/words.h"

enum { TABLES_MAX = 16 }; /* that are looked at in full: some 5 ms each */

/* "table web" or "table 3", without escapes: the log sees to them. */
static void put_title(FILE *out, const struct glb_table *table, unsigned int index)
{
	if (table->spec.name)
		(void)fprintf(out, "table %.200s: ", table->spec.name);
	else
		(void)fprintf(out, "table %u: ", index);
}

static const struct glb_addr *primary_of(const struct glb_table *table, uint32_t row)
{
	return &table->spec.backends[table->rows[row].hops[0]].addr;
}

static uint32_t count_changed_primaries(const struct glb_table *old, const struct glb_table *new)
{
	uint32_t changed = 0;

	for (uint32_t row = 0; row < GLB_ROWS; row++)
		changed += !glb_addr_equal(primary_of(old, row), primary_of(new, row));
	return changed;
}

static void put_loss(FILE *out, const struct glb_diff *diff)
{
	if (!diff->same_hash_key)
		(void)fprintf(out, "; another hash_key: every flow is on another row");
	else if (diff->lost)
		(void)fprintf(out, "; flows on up to %u row%s lost their path", diff->lost,
			      plural(diff->lost));
	else
		(void)fprintf(out, "; no row lost the path of its flows");
	if (diff->binds_gone)
		(void)fprintf(out, "; %u bind%s gone, with all flows", diff->binds_gone,
			      plural(diff->binds_gone));
	if (diff->servers_lost)
		(void)fprintf(out, "; %u server ID%s elsewhere", diff->servers_lost,
			      diff->servers_lost == 1 ? " leads" : "s lead");
}

/* 0 or -ENOMEM. */
static int put_change(FILE *out, const struct glb_table *old, const struct glb_table *new)
{
	char was[GLB_DIGEST_TEXT_LEN];
	char is[GLB_DIGEST_TEXT_LEN];
	bool ranked = old->ranked && new->ranked;
	struct glb_diff diff = {0};
	int err = ranked ? glb_diff_totals(&diff, old, new, false) : 0;
	uint32_t changed = ranked ? diff.changed_primary : count_changed_primaries(old, new);

	(void)fprintf(out, "digest %s, was %s; %u row%s with another primary", glb_digest(is, new),
		      glb_digest(was, old), changed, plural(changed));
	if (ranked)
		put_loss(out, &diff);
	(void)fputc('\0', out);
	return err;
}

/* A table that has not changed is shared, and mostly stands where it did. */
static bool is_shared(const struct glb_tables *a, const struct glb_tables *b, unsigned int table)
{
	return table < a->count && table < b->count && a->tables[table] == b->tables[table];
}

/* Where a table is in another state of all; images without names have nothing but their order. */
static int place_in(const struct glb_tables *tables, const struct glb_table *table,
		    unsigned int index)
{
	int found = tables_find(tables, table);
	bool by_order = found < 0 && index < tables->count &&
			(!table->ranked || !tables->tables[index]->ranked) &&
			(!table->spec.name || !tables->tables[index]->spec.name);

	return by_order ? (int)index : found;
}

/* 0 or -ENOMEM. */
static int put_changes(FILE *out, const struct glb_tables *old, const struct glb_tables *new)
{
	unsigned int changed = 0;
	int err = 0;

	for (unsigned int t = 0; t < old->count && !err; t++) {
		if (is_shared(old, new, t))
			continue;

		int index = place_in(new, old->tables[t], t);

		if (index >= 0 && new->tables[index] == old->tables[t])
			continue; /* the same at another place */
		if (changed++ >= TABLES_MAX)
			continue;
		put_title(out, old->tables[t], t);
		if (index < 0)
			(void)fprintf(out, "gone, with all its flows%c", 0);
		else
			err = put_change(out, old->tables[t], new->tables[index]);
	}
	for (unsigned int t = 0; t < new->count; t++) {
		char digest[GLB_DIGEST_TEXT_LEN];

		if (is_shared(old, new, t) || place_in(old, new->tables[t], t) >= 0 ||
		    changed++ >= TABLES_MAX)
			continue;
		put_title(out, new->tables[t], t);
		(void)fprintf(out, "new, digest %s%c", glb_digest(digest, new->tables[t]), 0);
	}
	if (changed > TABLES_MAX)
		(void)fprintf(out, "and %u more table%s changed%c", changed - TABLES_MAX,
			      plural(changed - TABLES_MAX), 0);
	return err;
}

char *effect_text(const struct glb_tables *old, const struct glb_tables *new)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;

	int err = put_changes(out, old, new);

	if (!fclose(out) && !err)
		return text;
	free(text);
	return NULL;
}

void effect_log_fields(const struct glb_settings *old, const struct glb_settings *new)
{
	char was[FIELDS_TEXT_LEN];
	char is[FIELDS_TEXT_LEN];

	if (old->hash_fields == new->hash_fields)
		return;
	log_warning("hash_fields: %s, were %s: every flow is on another row, and %s",
		    fields_text(is, new->hash_fields), fields_text(was, old->hash_fields),
		    new->alt_hash_fields == old->hash_fields
			    ? "still finds its proxy by alt_hash_fields"
			    : "most lost their path, as alt_hash_fields are not what they were");
}

void effect_log(const char *effect)
{
	if (effect && !*effect)
		log_info("no table changed");
	for (const char *line = effect; line && *line; line += strlen(line) + 1)
		log_info("%s", line);
}
