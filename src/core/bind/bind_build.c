/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"

/* One for its own protocol and one for each value that stands for several: see level.h. */
enum { RULES_PER_BIND = 3 };

/* Groups equal keys, with the best rule of a group first. */
static int compare_rules(const void *left, const void *right)
{
	const struct rule *a = left;
	const struct rule *b = right;
	int key = memcmp(&a->key, &b->key, sizeof(a->key));
	int width = (a->port_last - a->port_first) - (b->port_last - b->port_first);

	if (key)
		return key;
	if (width)
		return width;
	return a->order < b->order ? -1 : 1;
}

static int compare_levels(const void *left, const void *right)
{
	const struct level *a = left;
	const struct level *b = right;

	return b->prefix_len - a->prefix_len;
}

/* The position in the file is filled in by the caller. */
static struct rule make_rule(const struct glb_bind *bind, const struct level *level, uint16_t proto)
{
	return (struct rule){
		.key = key_of(level, bind->addr.bytes, proto),
		.port_first = proto == PROTO_NONE ? 0 : bind->port_first,
		.port_last = proto == PROTO_NONE ? UINT16_MAX : bind->port_last,
	};
}

/* The level of a bind, added if necessary. Valid until levels are sorted. */
static const struct level *add_level(struct glb_binds *binds, const struct glb_bind *bind)
{
	struct level *level = binds->levels;

	for (uint32_t i = 0; i < binds->level_count; i++, level++)
		if (level->version == bind->addr.version && level->prefix_len == bind->prefix_len)
			return level;
	*level = level_of(bind->addr.version, bind->prefix_len);
	binds->level_count++;
	return level;
}

static void bind_collect(struct glb_binds *binds, const struct glb_tables *tables)
{
	uint32_t n = 0;

	for (uint32_t t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;

		for (uint32_t b = 0; b < spec->bind_count; b++) {
			const struct glb_bind *bind = &spec->binds[b];
			struct rule *rules = &binds->rules[n];
			const struct level *level = add_level(binds, bind);

			rules[0] = make_rule(bind, level, bind->proto);
			rules[1] = make_rule(bind, level, PROTO_EITHER);
			rules[2] = make_rule(bind, level, PROTO_NONE);
			for (uint32_t i = 0; i < RULES_PER_BIND; i++) {
				rules[i].table = t & INT32_MAX;
				rules[i].quic = bind->quic;
				rules[i].bind = b;
				rules[i].order = n;
			}
			n += RULES_PER_BIND;
		}
	}
}

static void add_exact4(struct exact_index *index, uint64_t key, struct exact found)
{
	uint64_t slot = exact_slot4(index, key);

	while (index->slots4[slot].key && index->slots4[slot].key != key)
		slot = (slot + 1) & index->mask4;
	/* of equal binds the best is first in the list, and is kept */
	if (!index->slots4[slot].key)
		index->slots4[slot] = (struct exact4){key, found};
}

static void add_exact6(struct exact_index *index, const uint8_t *bytes, uint64_t what,
		       struct exact found)
{
	uint64_t vip[2] = {glb_load_le64(bytes), glb_load_le64(bytes + 8)};
	uint64_t slot = exact_slot6(index, vip, what);

	if (exact_find6(index, vip, what))
		return;
	while (index->slots6[slot].key)
		slot = (slot + 1) & index->mask6;
	index->slots6[slot] = (struct exact6){{vip[0], vip[1]}, what, found};
}

static void add_exact(struct glb_binds *binds, uint32_t rule, const struct glb_bind *bind,
		      uint64_t what, bool whole)
{
	struct exact found = {rule, (uint16_t)binds->rules[rule].table, binds->rules[rule].quic,
			      whole};

	if (bind->addr.version == 4)
		add_exact4(&binds->exact, what | glb_load_le32(bind->addr.bytes), found);
	else
		add_exact6(&binds->exact, bind->addr.bytes, what, found);
}

static const struct glb_bind *bind_of(const struct glb_tables *tables, const struct rule *rule)
{
	return &tables->tables[rule->table]->spec.binds[rule->bind];
}

/* Does the rule represent a bind to a single address, for its own protocol? */
static bool is_for_one_address(const struct rule *rule, const struct glb_bind *bind)
{
	uint8_t whole = bind->addr.version == 4 ? 32 : 128;

	return (rule->key.what & 0xffff) == bind->proto && bind->prefix_len == whole;
}

/* Adds the exact ones among the rules of one key, best first; returns their number. */
static uint32_t add_exact_ones(struct glb_binds *binds, const struct glb_tables *tables,
			       uint32_t first, uint32_t count)
{
	uint32_t n = 0;

	for (; n < count; n++) {
		const struct rule *rule = &binds->rules[first + n];
		const struct glb_bind *bind = bind_of(tables, rule);

		if (!is_for_one_address(rule, bind))
			return 0;
		if (bind->port_first != bind->port_last)
			break;
		add_exact(binds, first + n, bind,
			  exact_what(bind->addr.version, bind->proto, exact_port(bind->port_first)),
			  false);
	}
	return n;
}

/*
 * Adds the best of the remaining rules, unless a narrower one may serve some of the ports. `alone`:
 * none is exact.
 */
static void add_all_ports(struct glb_binds *binds, const struct glb_tables *tables, uint32_t first,
			  bool alone)
{
	const struct rule *rule = &binds->rules[first];
	const struct glb_bind *bind = bind_of(tables, rule);

	if (!is_for_one_address(rule, bind) || bind->port_first > 1 ||
	    bind->port_last != UINT16_MAX)
		return;
	add_exact(binds, first, bind, exact_what_all_ports(bind->addr.version, bind->proto), alone);
	binds->exact.all_ports = true;
}

/* Records that a level has a rule of one protocol that is not in the exact index. */
static void mark_inexact(struct glb_binds *binds, const struct key *key)
{
	for (uint32_t i = 0; i < binds->level_count; i++)
		if (binds->levels[i].version == key->what >> 24 &&
		    binds->levels[i].prefix_len == (key->what >> 16 & 0xff))
			binds->levels[i].inexact |= (key->what & 0xffff) <= UINT8_MAX;
}

/* `alone`: none of its ports has an exact bind. Binds of longer prefixes are not looked at yet. */
static void add_entry(struct glb_binds *binds, uint32_t first, uint32_t count, bool alone)
{
	const struct rule *rules = &binds->rules[first];
	uint32_t slot = key_hash(&rules->key) & binds->entry_mask;
	struct entry entry = {.rules = first, .segments = binds->segment_count, .alone = alone};

	entry.segment_count = segments_of(&binds->segments[entry.segments], rules, count);
	for (uint32_t i = 1; i < count; i++)
		entry.mixed |= rules[i].table != rules[0].table;
	while (binds->entries[slot].segment_count)
		slot = (slot + 1) & binds->entry_mask;
	binds->entries[slot] = entry;
	binds->segment_count += entry.segment_count;
}

/* In 64 bits, so that it ends for more rules than can be served, too: their room is asked for
 * first.
 */
static uint64_t slots_for(uint64_t rule_count)
{
	uint64_t slots = 16;

	while (slots < 2 * rule_count)
		slots *= 2;
	return slots;
}

/* Indexes `count` sorted rules. */
static void add_rules(struct glb_binds *binds, const struct glb_tables *tables, uint32_t count)
{
	const struct rule *rules = binds->rules;

	for (uint32_t first = 0, next; first < count; first = next) {
		next = first + 1;
		while (next < count && key_equal(&rules[first].key, &rules[next].key))
			next++;
		/* the narrowest are first, and need not be found again */
		const uint32_t exact = add_exact_ones(binds, tables, first, next - first);

		first += exact;
		if (first == next)
			continue;
		add_all_ports(binds, tables, first, !exact);
		mark_inexact(binds, &rules[first].key);
		add_entry(binds, first, next - first, !exact);
	}
}

/*
 * Records that the next shorter prefix around a key has something more specific in it. Around that
 * one are those that its own key tells of.
 */
static void mark_around(const struct glb_binds *binds, const struct key *key)
{
	uint8_t addr[16];

	memcpy(addr, key->addr, sizeof(addr));
	for (uint32_t i = 0; i < binds->level_count; i++) {
		const struct level *level = &binds->levels[i];

		if (level->version != key->what >> 24 || !level->inexact ||
		    level->prefix_len >= (key->what >> 16 & 0xff))
			continue;

		const struct key around = key_of(level, addr, key->what & 0xffff);
		struct entry *entry = find_entry(binds, &around);

		if (!entry)
			continue;
		entry->alone = false;
		return;
	}
}

/* Once all sorted rules are indexed and the levels sorted. */
static void mark_all_around(const struct glb_binds *binds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct key *key = &binds->rules[i].key;

		if ((key->what & 0xffff) <= UINT8_MAX &&
		    (!i || !key_equal(key, &binds->rules[i - 1].key)))
			mark_around(binds, key);
	}
}

uint32_t binds_count(const struct glb_tables *tables)
{
	uint32_t count = 0;

	for (uint32_t t = 0; t < tables->count; t++)
		count += tables->tables[t]->spec.bind_count;
	return count;
}

/* Fits 32 bits whatever the tables. */
static uint32_t count_rules(const struct glb_tables *tables)
{
	return RULES_PER_BIND * binds_count(tables);
}
_Static_assert((uint64_t)RULES_PER_BIND *GLB_TABLES_MAX *GLB_BINDS_MAX <= UINT32_MAX,
	       "all rules can be counted");
_Static_assert((uint64_t)2 * RULES_PER_BIND * GLB_ALL_BINDS_MAX <= 1U << 31,
	       "twice as many slots as rules, a power of 2, are numbered in 32 bits");
_Static_assert((uint64_t)SEGMENTS_PER_RULE *RULES_PER_BIND *GLB_ALL_BINDS_MAX <= UINT32_MAX,
	       "and so are segments");

/*
 * Divides the memory of an index into its parts, or adds up their sizes; see glb_arena_take().
 */
static struct glb_binds lay_out(struct glb_arena *arena, uint32_t rule_count)
{
	/* room for as many exact binds of each version as there are binds */
	uint64_t exact_slots = slots_for(rule_count / RULES_PER_BIND);
	uint64_t entry_slots = slots_for(rule_count);
	uint32_t shift = 64 - (uint32_t)__builtin_ctzll(exact_slots);
	struct glb_binds binds = {
		.entry_mask = (uint32_t)(entry_slots - 1),
		.exact = {.mask4 = (uint32_t)(exact_slots - 1),
			  .mask6 = (uint32_t)(exact_slots - 1),
			  .shift4 = shift,
			  .shift6 = shift},
	};

	binds.exact.slots4 = glb_arena_take(arena, exact_slots * sizeof(struct exact4));
	binds.exact.slots6 = glb_arena_take(arena, exact_slots * sizeof(struct exact6));
	binds.entries = glb_arena_take(arena, entry_slots * sizeof(struct entry));
	binds.rules = glb_arena_take(arena, rule_count * sizeof(struct rule));
	binds.segments = glb_arena_take(arena, (size_t)rule_count * SEGMENTS_PER_RULE *
						       sizeof(struct segment));
	return binds;
}

size_t binds_len(const struct glb_tables *tables)
{
	struct glb_arena count = {0};

	(void)glb_arena_take(&count, sizeof(struct glb_binds));
	(void)lay_out(&count, count_rules(tables));
	return count.used;
}

struct glb_binds *binds_write(void *at, const struct glb_tables *tables)
{
	uint32_t rule_count = count_rules(tables);
	size_t len = binds_len(tables);
	struct glb_arena arena = {.base = at, .len = len};
	struct glb_binds *binds = glb_arena_take(&arena, sizeof(*binds));

	memset(at, 0, len);
	*binds = lay_out(&arena, rule_count);
	bind_collect(binds, tables);
	qsort(binds->rules, rule_count, sizeof(*binds->rules), compare_rules);
	add_rules(binds, tables, rule_count);
	qsort(binds->levels, binds->level_count, sizeof(*binds->levels), compare_levels);
	mark_all_around(binds, rule_count);
	return binds;
}

void binds_moved(struct glb_binds *binds, const struct glb_arena *to, const struct glb_arena *from)
{
	binds->exact.slots4 = glb_arena_moved(to, from, binds->exact.slots4);
	binds->exact.slots6 = glb_arena_moved(to, from, binds->exact.slots6);
	binds->entries = glb_arena_moved(to, from, binds->entries);
	binds->rules = glb_arena_moved(to, from, binds->rules);
	binds->segments = glb_arena_moved(to, from, binds->segments);
}

int glb_binds_build(struct glb_binds **out, const struct glb_tables *tables)
{
	void *memory;

	if (binds_count(tables) > GLB_ALL_BINDS_MAX)
		return -E2BIG;
	memory = aligned_alloc(GLB_ARENA_ALIGNMENT, binds_len(tables));
	if (!memory)
		return -ENOMEM;
	*out = binds_write(memory, tables);
	return 0;
}

void glb_binds_free(struct glb_binds *binds)
{
	free(binds); /* also the start of its memory */
}
