/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sorted by protocol, address and prefix length, every prefix precedes the prefixes inside it, so
 * one pass with a stack of the enclosing prefixes sees every pair that matters.
 *
 * The binds of one prefix divide the ports into segments. Each segment belongs to the bind with the
 * highest precedence: binds take segments in order of precedence, and `next` leads to those still
 * free. A bind that finds some or all of its segments taken loses to their owners. Then binds of
 * longer prefixes inside are compared with the segments; those always win.
 */
#include <errno.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/overlap.h"

enum {
	NOBODY = UINT32_MAX,
	DEPTH_MAX = 129, /* prefix lengths */
};

struct item {
	struct glb_addr network;
	uint8_t prefix_len;
	uint8_t proto;
	uint16_t port_first;
	uint16_t port_last;
	bool warned;
	uint32_t table;
	uint32_t bind;
};

/* The binds of one prefix and protocol, and their port segments. */
struct group {
	struct item *items;
	uint32_t item_count;
	uint32_t segment_count;
	uint32_t *starts; /* first port of each segment, then the end of the last */
	uint32_t *owners; /* indices into items, or NOBODY */
	uint32_t *next;	  /* leads to the next segment of interest */
};

struct overlaps {
	const struct conf_value *tables;
	struct item *items;
	uint32_t *ports; /* memory for starts, owners and next of all groups */
	uint32_t item_count;
	struct group open[DEPTH_MAX]; /* the enclosing prefixes, outermost first */
	uint32_t depth;
};

/* --- Order --- */

static int compare_prefixes(const struct item *a, const struct item *b)
{
	int addr = memcmp(a->network.bytes, b->network.bytes, sizeof(a->network.bytes));

	if (a->proto != b->proto)
		return a->proto - b->proto;
	if (a->network.version != b->network.version)
		return a->network.version - b->network.version;
	return addr ? addr : a->prefix_len - b->prefix_len;
}

/* Within a prefix, by precedence. */
static int compare_items(const void *left, const void *right)
{
	const struct item *a = left;
	const struct item *b = right;
	int prefix = compare_prefixes(a, b);
	int width = (a->port_last - a->port_first) - (b->port_last - b->port_first);

	if (prefix)
		return prefix;
	if (width)
		return width;
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return a->bind < b->bind ? -1 : 1;
}

static int compare_ports(const void *left, const void *right)
{
	const uint32_t *a = left;
	const uint32_t *b = right;

	return (*a > *b) - (*a < *b);
}

/* --- Warnings --- */

/* The location of a bind, with its parents. */
struct bind_place {
	struct conf_value table;
	struct conf_value list;
	struct conf_value bind;
};

static void find_bind(struct bind_place *out, const struct overlaps *all, const struct item *item)
{
	out->table = conf_element(all->tables, item->table);
	(void)conf_find(&out->list, &out->table, "binds");
	out->bind = conf_element(&out->list, item->bind);
}

static bool same_ports(const struct item *a, const struct item *b)
{
	return a->port_first == b->port_first && a->port_last == b->port_last;
}

static void overlap_warn(const struct overlaps *all, struct item *loser, const struct item *winner,
			 bool never)
{
	char place[CONF_PLACE_LEN_MAX];
	struct bind_place lost;
	struct bind_place won;

	loser->warned = true;
	find_bind(&lost, all, loser);
	find_bind(&won, all, winner);
	(void)conf_place(place, &won.bind);
	if (never && same_ports(loser, winner))
		conf_warn(&lost.bind, "is never reached: the same as %s in line %u", place,
			  conf_line(&won.bind));
	else if (never)
		conf_warn(&lost.bind,
			  "is never reached: narrower ones, such as %s in line %u, win on all its "
			  "ports",
			  place, conf_line(&won.bind));
	else
		conf_warn(&lost.bind, "overlaps %s in line %u, which wins where both match", place,
			  conf_line(&won.bind));
}

/* --- Segments --- */

/* The first segment of interest at or after `at`; compresses the path for later calls. */
static uint32_t find_next(uint32_t *next, uint32_t at)
{
	uint32_t found = at;

	while (next[found] != found)
		found = next[found];
	while (next[at] != found) {
		uint32_t step = next[at];

		next[at] = found;
		at = step;
	}
	return found;
}

/* The segment that contains a port, or the first one. */
static uint32_t segment_of(const struct group *group, uint32_t port)
{
	uint32_t low = 0;

	for (uint32_t high = group->segment_count; high - low > 1;) {
		uint32_t middle = low + (high - low) / 2;

		if (group->starts[middle] <= port)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void cut_segments(struct group *group, uint32_t *ports)
{
	uint32_t count = 0;

	group->starts = ports;
	for (uint32_t i = 0; i < group->item_count; i++) {
		ports[count++] = group->items[i].port_first;
		ports[count++] = group->items[i].port_last + 1U;
	}
	qsort(ports, count, sizeof(*ports), compare_ports);

	uint32_t kept = 0;

	for (uint32_t i = 1; i < count; i++)
		if (ports[i] != ports[kept])
			ports[++kept] = ports[i];
	group->segment_count = kept;
	group->owners = ports + 2 * (size_t)group->item_count;
	group->next = group->owners + 2 * (size_t)group->item_count;
	for (uint32_t i = 0; i <= kept; i++) {
		group->owners[i] = NOBODY;
		group->next[i] = i;
	}
}

/* Takes an item's free segments; of owners of the others, reports an equal bind, or else any. */
static void take_segments(const struct overlaps *all, struct group *group, uint32_t index)
{
	struct item *item = &group->items[index];
	uint32_t first = segment_of(group, item->port_first);
	uint32_t end = item->port_last + 1U;
	uint32_t other = NOBODY;
	bool any = false;

	for (uint32_t at = first; group->starts[at] < end; at++) {
		if (find_next(group->next, at) != at) {
			if (other == NOBODY || !same_ports(item, &group->items[other]))
				other = group->owners[at];
			at = find_next(group->next, at);
			if (group->starts[at] >= end)
				break;
		}
		group->owners[at] = index;
		group->next[at] = at + 1;
		any = true;
	}
	if (other != NOBODY)
		overlap_warn(all, item, &group->items[other], !any);
}

/* Lets a bind of a longer prefix win against the owners of its ports. */
static void beat_owners(const struct overlaps *all, struct group *group, const struct item *winner)
{
	if (winner->port_first >= group->starts[group->segment_count])
		return;

	uint32_t at = find_next(group->next, segment_of(group, winner->port_first));

	while (at < group->segment_count && group->starts[at] <= winner->port_last) {
		struct item *owner = &group->items[group->owners[at]];

		if (!owner->warned)
			overlap_warn(all, owner, winner, false);
		group->next[at] = at + 1; /* of no more interest */
		at = find_next(group->next, at);
	}
}

/* --- The pass --- */

static bool overlap_is_inside(const struct item *item, const struct group *group)
{
	const struct item *outer = group->items;

	if (item->proto != outer->proto || item->network.version != outer->network.version ||
	    item->prefix_len < outer->prefix_len)
		return false;

	struct glb_addr network = addr_network(&item->network, outer->prefix_len);

	return glb_addr_equal(&network, &outer->network);
}

static void check_group(struct overlaps *all, struct item *items, uint32_t count, uint32_t *ports)
{
	struct group group = {.items = items, .item_count = count};

	while (all->depth && !overlap_is_inside(items, &all->open[all->depth - 1]))
		all->depth--;
	for (uint32_t outer = 0; outer < all->depth; outer++)
		for (uint32_t i = 0; i < count; i++)
			beat_owners(all, &all->open[outer], &items[i]);

	cut_segments(&group, ports);
	for (uint32_t i = 0; i < count; i++)
		take_segments(all, &group, i);
	for (uint32_t i = 0; i < group.segment_count; i++) /* of interest: can be lost */
		group.next[i] = group.owners[i] == NOBODY ? i + 1 : i;
	all->open[all->depth++] = group;
}

static void overlap_collect(struct overlaps *all, const struct glb_spec *spec)
{
	for (uint32_t t = 0; t < spec->table_count; t++)
		for (uint32_t b = 0; b < spec->tables[t].bind_count; b++) {
			const struct glb_bind *bind = &spec->tables[t].binds[b];

			if (!bind->proto)
				continue;
			all->items[all->item_count++] = (struct item){
				.network = addr_network(&bind->addr, bind->prefix_len),
				.prefix_len = bind->prefix_len,
				.proto = bind->proto,
				.port_first = bind->port_first,
				.port_last = bind->port_last,
				.table = t,
				.bind = b,
			};
		}
}

int overlaps_warn(const struct glb_spec *spec, const struct conf_value *tables)
{
	struct overlaps all = {.tables = tables};
	size_t room = 1;

	for (uint32_t t = 0; t < spec->table_count; t++)
		room += spec->tables[t].bind_count;
	all.items = calloc(room, sizeof(*all.items));
	all.ports = calloc(room, 6 * sizeof(*all.ports));
	if (!all.items || !all.ports) {
		free(all.items);
		free(all.ports);
		return -ENOMEM;
	}
	overlap_collect(&all, spec);
	qsort(all.items, all.item_count, sizeof(*all.items), compare_items);
	for (uint32_t first = 0, next; first < all.item_count; first = next) {
		next = first + 1;
		while (next < all.item_count &&
		       !compare_prefixes(&all.items[first], &all.items[next]))
			next++;
		check_group(&all, &all.items[first], next - first, all.ports + 6 * (size_t)first);
	}
	free(all.items);
	free(all.ports);
	return 0;
}
