/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/settings.h"
#include "conf/tables.h"
#include "director/effect.h"
#include "sys/log_pairs.h"
#include "sys/words.h"
#include "sys/writer.h"

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

/* A slot for one more table; NULL if the table is only counted. The caller copies the name. */
static struct effect_table *add_table(struct effect *effect, enum effect_change change,
				      unsigned int index)
{
	struct effect_table *table;

	if (effect->changed++ >= EFFECT_TABLES_MAX)
		return NULL;
	table = &effect->tables[effect->count++];
	table->change = change;
	table->index = index;
	return table;
}

/* 0 or -ENOMEM. */
static int copy_name(struct effect_table *out, const struct glb_table *table)
{
	out->name = table->spec.name ? strdup(table->spec.name) : NULL;
	return out->name || !table->spec.name ? 0 : -ENOMEM;
}

/* 0 or -ENOMEM. */
static int effect_compare(struct effect_table *out, const struct glb_table *old,
			  const struct glb_table *new)
{
	int err = copy_name(out, old);

	(void)glb_digest(out->digest, new);
	(void)glb_digest(out->was, old);
	out->ranked = old->ranked && new->ranked;
	out->diff.changed_primary = out->ranked ? 0 : count_changed_primaries(old, new);
	if (!err && out->ranked)
		err = glb_diff_totals(&out->diff, old, new, false);
	return err;
}

/* An unchanged table is shared, and usually at the same index. */
static bool is_shared(const struct glb_tables *a, const struct glb_tables *b, unsigned int table)
{
	return table < a->count && table < b->count && a->tables[table] == b->tables[table];
}

/* Index of a table in another state; tables of images have no names and are matched by index. */
static int place_in(const struct glb_tables *tables, const struct glb_table *table,
		    unsigned int index)
{
	int found = tables_find(tables, table);
	bool by_order = found < 0 && index < tables->count &&
			(!table->ranked || !tables->tables[index]->ranked) &&
			(!table->spec.name || !tables->tables[index]->spec.name);

	return by_order ? (int)index : found;
}

/* Compares the old tables with the new ones. Returns 0 or -ENOMEM. */
static int add_old(struct effect *effect, const struct glb_tables *old,
		   const struct glb_tables *new)
{
	int err = 0;

	for (unsigned int t = 0; t < old->count && !err; t++) {
		struct effect_table *table;

		if (is_shared(old, new, t))
			continue;

		int index = place_in(new, old->tables[t], t);

		if (index >= 0 && new->tables[index] == old->tables[t])
			continue; /* the same table at another index */
		table = add_table(effect, index < 0 ? EFFECT_GONE : EFFECT_CHANGED,
				  index < 0 ? t : (unsigned int)index);
		if (!table)
			continue;
		if (index >= 0) {
			err = effect_compare(table, old->tables[t], new->tables[index]);
		} else {
			(void)glb_digest(table->was, old->tables[t]);
			err = copy_name(table, old->tables[t]);
		}
	}
	return err;
}

/* Adds tables that are new. Returns 0 or -ENOMEM. */
static int add_new(struct effect *effect, const struct glb_tables *old,
		   const struct glb_tables *new)
{
	int err = 0;

	for (unsigned int t = 0; t < new->count && !err; t++) {
		struct effect_table *table;

		if (is_shared(old, new, t) || place_in(old, new->tables[t], t) >= 0)
			continue;
		table = add_table(effect, EFFECT_NEW, t);
		if (!table)
			continue;
		(void)glb_digest(table->digest, new->tables[t]);
		err = copy_name(table, new->tables[t]);
	}
	return err;
}

struct effect *effect_make(const struct glb_tables *old, const struct glb_tables *new)
{
	struct effect *effect = calloc(1, sizeof(*effect));

	if (!effect)
		return NULL;
	if (!add_old(effect, old, new) && !add_new(effect, old, new))
		return effect;
	effect_free(effect);
	return NULL;
}

void effect_free(struct effect *effect)
{
	for (unsigned int t = 0; effect && t < effect->count; t++)
		free(effect->tables[t].name);
	free(effect);
}

/* Appends to a text of `at` bytes; the buffer is large enough for all of it. */
GLB_PRINTF(3, 4)
static void effect_put(char out[EFFECT_SUMMARY_LEN], size_t *at, const char *format, ...)
{
	va_list args;
	int more;

	va_start(args, format);
	more = vsnprintf(out + *at, EFFECT_SUMMARY_LEN - *at, format, args);
	va_end(args);
	*at += (size_t)more;
}

static void put_loss(char out[EFFECT_SUMMARY_LEN], size_t *at, const struct glb_diff *diff)
{
	if (!diff->same_hash_key)
		effect_put(out, at, "; another hash_key: every flow is on another row");
	else if (diff->lost)
		effect_put(out, at, "; flows on up to %u row%s lost their path", diff->lost,
			   plural(diff->lost));
	else
		effect_put(out, at, "; no row lost the path of its flows");
	if (diff->binds_gone)
		effect_put(out, at, "; %u bind%s gone, with all flows", diff->binds_gone,
			   plural(diff->binds_gone));
	if (diff->servers_lost)
		effect_put(out, at, "; %u server ID%s elsewhere", diff->servers_lost,
			   diff->servers_lost == 1 ? " leads" : "s lead");
}

const char *effect_summary(char out[EFFECT_SUMMARY_LEN], const struct effect_table *table)
{
	uint32_t changed = table->diff.changed_primary;
	size_t at = 0;

	switch (table->change) {
	case EFFECT_GONE:
		effect_put(out, &at, "gone, with all its flows");
		break;
	case EFFECT_NEW:
		effect_put(out, &at, "new, digest %s", table->digest);
		break;
	case EFFECT_CHANGED:
		effect_put(out, &at, "digest %s, was %s; %u row%s with another primary",
			   table->digest, table->was, changed, plural(changed));
		if (table->ranked)
			put_loss(out, &at, &table->diff);
		break;
	}
	return out;
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

/* "web" or "3", unescaped: the log escapes it. */
static const char *effect_title(char out[256], const struct effect_table *table)
{
	if (table->name)
		(void)snprintf(out, 256, "%.200s", table->name);
	else
		(void)snprintf(out, 256, "%u", table->index);
	return out;
}

static void log_table(const struct effect_table *table)
{
	struct log_pairs pairs = log_pairs_of("table_changed");
	char summary[EFFECT_SUMMARY_LEN];
	char name[256];

	log_pair(&pairs, "table", effect_title(name, table));
	log_event(LOG_LEVEL_INFO, &pairs, "table %s: %s", name, effect_summary(summary, table));
}

void effect_log(const struct effect *effect)
{
	if (!effect)
		return;
	if (!effect->changed)
		log_info("no table changed");
	for (unsigned int t = 0; t < effect->count; t++)
		log_table(&effect->tables[t]);
	if (effect->changed > effect->count)
		log_info("and %u more table%s changed", effect->changed - effect->count,
			 plural(effect->changed - effect->count));
}

/* Members about flows, if they are known for the table. */
static void write_diff(struct writer *w, const struct effect_table *table)
{
	const struct glb_diff *diff = &table->diff;

	write_uint(w, "changed_primary", diff->changed_primary);
	if (!table->ranked)
		return;
	write_bool(w, "same_hash_key", diff->same_hash_key);
	write_uint(w, "changed_rows", diff->changed_rows);
	write_uint(w, "rows_lost", diff->lost);
	write_uint(w, "binds_gone", diff->binds_gone);
	write_uint(w, "servers_lost", diff->servers_lost);
	write_bool(w, "loses_flows", glb_diff_loses(diff));
}

static void effect_write_table(struct writer *w, const struct effect_table *table)
{
	static const char *const changes[] = {
		[EFFECT_CHANGED] = "changed",
		[EFFECT_NEW] = "new",
		[EFFECT_GONE] = "gone",
	};
	char summary[EFFECT_SUMMARY_LEN];

	write_open(w, NULL, '{');
	write_uint(w, "table", table->index);
	write_string(w, "name", table->name);
	write_string(w, "change", changes[table->change]);
	write_string(w, "digest", table->digest[0] ? table->digest : NULL);
	write_string(w, "was", table->was[0] ? table->was : NULL);
	if (table->change == EFFECT_CHANGED)
		write_diff(w, table);
	write_string(w, "summary", effect_summary(summary, table));
	write_close(w, '}');
}

void effect_write(struct writer *w, const struct effect *effect)
{
	if (!effect) {
		write_string(w, "changes", NULL);
		return;
	}
	write_uint(w, "changed_tables", effect->changed);
	write_open(w, "changes", '[');
	for (unsigned int t = 0; t < effect->count; t++)
		effect_write_table(w, &effect->tables[t]);
	write_close(w, ']');
}
