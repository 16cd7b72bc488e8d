/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "conf/addr.h"
#include "director/backend_stats.h"
#include "sys/printable.h"

/* An item that has a slot: a table, or a backend of one. */
struct backend_stats_entry {
	struct glb_addr addr; /* version 0: this is a table */
	char *name;	      /* of a table */
	uint32_t table;	      /* the slot of a backend's table */
	uint32_t next;	      /* next in its hash chain; 0: none */
	uint32_t refs;	      /* by maps and, for a table, by entries of backends */
	/* value of the slot's counters when this entry got it */
	struct backend_stats_count base;
	/* of a table: packets of backends that lost their slots */
	struct backend_stats_count past;
};

/* Tables, backends and the rest: packets, then bytes. */
static const char *const names[] = {
#define NAME(name, sentence) #name,
	BACKEND_STATS_COUNTERS(NAME)
#undef NAME
};

/* Identifies an entry. */
struct backend_stats_key {
	const char *name; /* of a table; else NULL */
	const struct glb_addr *addr;
	uint32_t table;
};

int backend_stats_start(struct backend_stats *stats, unsigned int worker_count)
{
	*stats = (struct backend_stats){
		.entries = calloc(BACKEND_STATS_SLOTS, sizeof(*stats->entries)),
		.heads = calloc(BACKEND_STATS_SLOTS, sizeof(*stats->heads)),
		.used = 1,
		.worker_count = worker_count,
		.counts = calloc(worker_count, sizeof(struct backend_stats_count *)),
	};
	if (stats->entries && stats->heads && stats->counts)
		return 0;
	backend_stats_stop(stats);
	return -ENOMEM;
}

void backend_stats_stop(struct backend_stats *stats)
{
	for (uint32_t slot = 1; slot < stats->used && stats->entries; slot++)
		free(stats->entries[slot].name);
	free(stats->entries);
	free(stats->heads);
	free(stats->counts);
	*stats = (struct backend_stats){0};
}

static uint32_t *head_of(const struct backend_stats *stats, const struct backend_stats_key *key)
{
	static const uint8_t no_secret[GLB_SIPHASH_KEY_LEN];
	uint64_t hash =
		key->name ? glb_siphash(no_secret, (const uint8_t *)key->name, strlen(key->name))
			  : glb_siphash(no_secret, key->addr->bytes, sizeof(key->addr->bytes)) +
				    key->table;

	return &stats->heads[hash % BACKEND_STATS_SLOTS];
}

static bool is_of(const struct backend_stats_entry *entry, const struct backend_stats_key *key)
{
	if (key->name)
		return entry->name && !strcmp(entry->name, key->name);
	return !entry->name && entry->table == key->table &&
	       glb_addr_equal(&entry->addr, key->addr);
}

/* Sum of all workers' counters of a slot since its entry got it. */
static struct backend_stats_count counted(const struct backend_stats *stats, uint32_t slot)
{
	const struct backend_stats_count *base = &stats->entries[slot].base;
	struct backend_stats_count sum = {-base->packets, -base->bytes};

	for (unsigned int i = 0; i < stats->worker_count; i++) {
		const struct backend_stats_count *one = &stats->counts[i][slot];

		sum.packets += __atomic_load_n(&one->packets, __ATOMIC_RELAXED);
		sum.bytes += __atomic_load_n(&one->bytes, __ATOMIC_RELAXED);
	}
	return sum;
}

static void add_count(struct backend_stats_count *sum, struct backend_stats_count count)
{
	sum->packets += count.packets;
	sum->bytes += count.bytes;
}

/* Takes a slot from its entry: no map refers to it, so its counters do not change. */
static void evict(struct backend_stats *stats, uint32_t slot)
{
	struct backend_stats_entry *entry = &stats->entries[slot];
	const struct backend_stats_key key = {entry->name, &entry->addr, entry->table};
	struct backend_stats_count count = counted(stats, slot);
	uint32_t *link = head_of(stats, &key);

	stats->evictions++;
	while (*link != slot)
		link = &stats->entries[*link].next;
	*link = entry->next;
	if (!entry->name) {
		add_count(&stats->entries[entry->table].past, count);
		stats->entries[entry->table].refs--;
	}
	free(entry->name);
	add_count(&count, entry->base);
	*entry = (struct backend_stats_entry){.base = count};
}

/* Returns an unused slot; 0 if there is none. */
static uint32_t free_slot(struct backend_stats *stats)
{
	if (stats->used < BACKEND_STATS_SLOTS)
		return stats->used++;
	for (uint32_t i = 1; i < BACKEND_STATS_SLOTS && !stats->full; i++) {
		stats->hand = stats->hand % (BACKEND_STATS_SLOTS - 1) + 1;
		if (!stats->entries[stats->hand].refs) {
			evict(stats, stats->hand);
			return stats->hand;
		}
	}
	stats->full = true;
	return 0;
}

static uint32_t backend_stats_find(const struct backend_stats *stats,
				   const struct backend_stats_key *key)
{
	uint32_t slot = *head_of(stats, key);

	while (slot && !is_of(&stats->entries[slot], key))
		slot = stats->entries[slot].next;
	return slot;
}

/* Assigns a free slot to a key. If none is free, the key shares the slot of its table, which is 0
 * for a table. */
static int claim(uint32_t *out, struct backend_stats *stats, const struct backend_stats_key *key)
{
	char *name = key->name ? strdup(key->name) : NULL;
	bool listed = key->name || key->table; /* has its table a slot? */
	uint32_t slot = 0;

	if (key->name && !name)
		return -ENOMEM;
	if (listed)
		slot = free_slot(stats);
	if (!slot) {
		free(name);
		*out = key->table;
		return 0;
	}

	struct backend_stats_entry *entry = &stats->entries[slot];
	uint32_t *head = head_of(stats, key);

	entry->name = name;
	if (!name) {
		entry->addr = *key->addr;
		entry->table = key->table;
		stats->entries[key->table].refs++;
	}
	entry->next = *head;
	*head = *out = slot;
	return 0;
}

/*
 * Returns in *out the slot of a key, and takes a reference for a map. `before` is a hint, the slot
 * of the previous key: a search for each of 65,536 keys would take the control thread too long.
 * Returns 0 or -ENOMEM.
 */
static int hold(uint32_t *out, struct backend_stats *stats, const struct backend_stats_key *key,
		uint32_t before)
{
	uint32_t next = before + 1;
	bool is_next = next < stats->used && is_of(&stats->entries[next], key);
	uint32_t slot = is_next ? next : backend_stats_find(stats, key);
	int err = slot ? 0 : claim(&slot, stats, key);

	if (err)
		return err;
	stats->entries[slot].refs++;
	*out = slot;
	return 0;
}

/* Maps a table and its backends, the first of which has index `first` among all. Returns 0 or
 * -ENOMEM. */
static int map_table(struct backend_stats_map *map, const struct glb_table_spec *spec,
		     uint32_t index, uint32_t first)
{
	char number[16];
	struct backend_stats_key key = {.name = spec->name ? spec->name : number};
	uint32_t table;
	uint32_t slot;
	int err;

	(void)snprintf(number, sizeof(number), "%" PRIu32, index);
	err = hold(&table, map->stats, &key, 0);
	if (err)
		return err;
	map->slots[map->backend_count + index] = table;
	map->sharing += !table;
	key = (struct backend_stats_key){.table = table};
	slot = table;
	for (unsigned int b = 0; b < spec->backend_count; b++) {
		key.addr = &spec->backends[b].addr;
		err = hold(&slot, map->stats, &key, slot);
		if (err)
			return err;
		map->slots[first + b] = slot;
		map->sharing += slot == table;
	}
	return 0;
}

int backend_stats_map_make(struct backend_stats_map **out, struct backend_stats *stats,
			   const struct glb_tables *tables)
{
	struct backend_stats_map *map;
	size_t backend_count = 0;
	uint32_t first = 0;
	int err = 0;

	for (unsigned int t = 0; t < tables->count; t++)
		backend_count += tables->tables[t]->spec.backend_count;
	/* zeros are slot 0, so a partial map can be freed */
	map = calloc(1, sizeof(*map) + (backend_count + tables->count) * sizeof(*map->slots));
	if (!map)
		return -ENOMEM;
	map->stats = stats;
	map->backend_count = (uint32_t)backend_count;
	map->table_count = tables->count;
	for (uint32_t t = 0; t < tables->count && !err; t++) {
		err = map_table(map, &tables->tables[t]->spec, t, first);
		first += tables->tables[t]->spec.backend_count;
	}
	if (err) {
		backend_stats_map_free(map);
		return err;
	}
	*out = map;
	return 0;
}

void backend_stats_map_free(struct backend_stats_map *map)
{
	if (!map)
		return;
	for (uint32_t i = 0; i < map->backend_count + map->table_count; i++)
		map->stats->entries[map->slots[i]].refs--;
	map->stats->full = false;
	free(map);
}

/* Prints `{table="NAME"`; characters that would end the label or the word are escaped. */
static void print_table(FILE *out, const char *name)
{
	size_t len = strlen(name);

	(void)fputs("{table=\"", out);
	while (len) {
		char one[PRINTABLE_ONE_LEN];
		size_t taken = printable_take(one, name, len);

		if (*name == ' ' || *name == '"')
			(void)fprintf(out, "\\x%02x", (unsigned char)*name);
		else
			(void)fputs(one, out);
		name += taken;
		len -= taken;
	}
	(void)fputc('"', out);
}

struct backend_stats_sums *backend_stats_sum(const struct backend_stats *stats)
{
	struct backend_stats_sums *sums =
		calloc(1, sizeof(*sums) + stats->used * sizeof(sums->by_slot[0]));

	if (!sums)
		return NULL;
	sums->stats = stats;
	sums->evictions = stats->evictions;
	sums->used = stats->used;
	sums->unlisted = counted(stats, 0);
	for (uint32_t slot = 1; slot < stats->used; slot++) {
		const struct backend_stats_entry *entry = &stats->entries[slot];
		struct backend_stats_count count = counted(stats, slot);

		add_count(&sums->by_slot[slot], count);
		add_count(&sums->by_slot[slot], entry->past);
		if (!entry->name)
			add_count(&sums->by_slot[entry->table], count);
	}
	return sums;
}

bool backend_stats_next(struct backend_stats_item *out, const struct backend_stats_sums *sums,
			uint32_t *at)
{
	const struct backend_stats_entry *entries = sums->stats->entries;

	if (sums->evictions != sums->stats->evictions || *at + 1 >= sums->used)
		return false;

	const struct backend_stats_entry *entry = &entries[++*at];

	*out = (struct backend_stats_item){
		.table = entry->name ? entry->name : entries[entry->table].name,
		.backend = entry->name ? NULL : &entry->addr,
		.count = sums->by_slot[*at],
	};
	return true;
}

static void print_item(FILE *out, const struct backend_stats_item *item)
{
	const uint64_t values[] = {item->count.packets, item->count.bytes};
	char addr[ADDR_TEXT_LEN];

	for (int i = 0; i < 2; i++) {
		(void)fputs(names[item->backend ? 2 + i : i], out);
		print_table(out, item->table);
		if (item->backend)
			(void)fprintf(out, ",backend=\"%s\"", addr_text(addr, item->backend));
		(void)fprintf(out, "} %" PRIu64 "\n", values[i]);
	}
}

int backend_stats_print(FILE *out, const struct backend_stats *stats)
{
	struct backend_stats_sums *sums = backend_stats_sum(stats);
	struct backend_stats_item item;
	uint32_t at = 0;

	if (!sums)
		return -ENOMEM;
	while (backend_stats_next(&item, sums, &at))
		print_item(out, &item);
	(void)fprintf(out, "%s %" PRIu64 "\n%s %" PRIu64 "\n", names[4], sums->unlisted.packets,
		      names[5], sums->unlisted.bytes);
	free(sums);
	return 0;
}
