/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Backends are sorted by address, so those inside a prefix are contiguous.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glb/gue.h>

#include "conf/addr.h"
#include "conf/loops.h"

struct listed {
	const struct glb_addr *addr;
	uint32_t table;
	uint32_t index;
};

/* Sorted by address. */
struct sorted {
	struct listed *items;
	uint32_t count;
};

struct loops {
	const struct glb_spec *spec;
	const struct conf_value *tables;
	struct report *report;
	struct sorted backends;
	struct listed own_items[OWN_ADDRS_MAX]; /* `index` of own->addrs */
	struct sorted own;
	bool told[OWN_ADDRS_MAX]; /* warned already: once is enough */
};

/* --- Warnings --- */

/* The location of a bind or backend, with its parents. */
struct listed_place {
	struct conf_value table;
	struct conf_value list;
	struct conf_value value;
};

enum {
	WHERE_LEN_MAX = 128,
	TEXT_LEN_MAX = sizeof(((struct problem *)0)->reason),
};

static void find_place(struct listed_place *out, const struct loops *all, const char *list,
		       const struct listed *listed)
{
	out->table = conf_element(all->tables, listed->table);
	(void)conf_find(&out->list, &out->table, list);
	out->value = conf_element(&out->list, listed->index);
}

/* `backend 10.0.0.21, $.tables[0].backends[0] in line 12`, or its description in an image. */
static const char *where_backend(char out[WHERE_LEN_MAX], const struct loops *all,
				 const struct listed *backend)
{
	char place[CONF_PLACE_LEN_MAX];
	char text[ADDR_TEXT_LEN];
	struct listed_place at;

	(void)addr_text(text, backend->addr);
	if (!all->tables) {
		(void)snprintf(out, WHERE_LEN_MAX, "backend %s of table %u", text, backend->table);
		return out;
	}
	find_place(&at, all, "backends", backend);
	(void)snprintf(out, WHERE_LEN_MAX, "backend %s, %s in line %u", text,
		       conf_place(place, &at.value), conf_line(&at.value));
	return out;
}

/* Warns about a bind or backend of the tables file; `what` names the two lists. */
static void warn_listed(const struct loops *all, const char *what, const struct listed *listed,
			const char *text)
{
	struct problem problem = {.severity =
					  all->report->strict ? SEVERITY_ERROR : SEVERITY_WARNING};
	struct listed_place at;

	if (all->tables) {
		find_place(&at, all, what, listed);
		conf_warn(&at.value, "%s", text);
	} else {
		report_add(all->report, &problem, "table %u, number %u of its %s: %s",
			   listed->table, listed->index, what, text);
	}
}

/* --- Addresses within prefixes --- */

static int loops_compare_addrs(const struct glb_addr *a, const struct glb_addr *b)
{
	return a->version != b->version ? a->version - b->version
					: memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int loops_compare_listed(const void *left, const void *right)
{
	const struct listed *a = left;
	const struct listed *b = right;
	int addr = loops_compare_addrs(a->addr, b->addr);

	if (addr)
		return addr;
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

/* Index of the first address at or above `addr`, or above it if !or_equal. */
static uint32_t first_from(const struct sorted *sorted, const struct glb_addr *addr, bool or_equal)
{
	uint32_t low = 0;

	for (uint32_t high = sorted->count; low < high;) {
		uint32_t middle = low + (high - low) / 2;

		int order = loops_compare_addrs(sorted->items[middle].addr, addr);

		if (order < 0 || (order == 0 && !or_equal))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The highest address of a prefix. */
static struct glb_addr last_of(const struct glb_bind *bind)
{
	struct glb_addr last = bind->addr;
	unsigned int bits = bind->addr.version == 4 ? 32 : 128;

	for (unsigned int bit = bind->prefix_len; bit < bits; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return last;
}

/* The part of a sorted list that is inside a bind's prefix. */
static struct sorted inside(const struct sorted *all, const struct glb_bind *bind)
{
	struct glb_addr network = addr_network(&bind->addr, bind->prefix_len);
	struct glb_addr last = last_of(bind);
	uint32_t first = first_from(all, &network, true);

	return (struct sorted){all->items + first, first_from(all, &last, false) - first};
}

/* --- Checks --- */

static bool takes_tunnels(const struct glb_bind *bind)
{
	return bind->proto == GLB_PROTO_UDP && bind->port_first <= GLB_GUE_PORT &&
	       bind->port_last >= GLB_GUE_PORT;
}

static void check_backends(const struct loops *all, const struct listed *place,
			   const struct glb_bind *bind)
{
	struct sorted found = inside(&all->backends, bind);
	char where[WHERE_LEN_MAX];
	char more[32] = "";
	char text[TEXT_LEN_MAX];

	if (!found.count)
		return;
	if (found.count > 1)
		(void)snprintf(more, sizeof(more), " (and %u more)", found.count - 1);
	(void)where_backend(where, all, found.items);
	if (takes_tunnels(bind))
		(void)snprintf(text, sizeof(text),
			       "matches what is encapsulated to %s%s: UDP to port %d", where, more,
			       GLB_GUE_PORT);
	else
		(void)snprintf(text, sizeof(text),
			       "has %s%s inside: what is sent there goes to directors", where,
			       more);
	warn_listed(all, "binds", place, text);
}

static void check_own(struct loops *all, const struct listed *place, const struct glb_bind *bind)
{
	struct sorted found = inside(&all->own, bind);
	const struct own_addrs *own = all->report->own;
	char text[TEXT_LEN_MAX];

	for (uint32_t i = 0; i < found.count; i++) {
		const struct own_addr *one = &own->addrs[found.items[i].index];
		bool *told = &all->told[found.items[i].index];

		if (*told)
			continue;
		*told = true;
		(void)snprintf(text, sizeof(text), "has %s of %s, line %u, inside: %s", one->place,
			       own->path, one->line,
			       one->is_source ? "answers to the director go to any director"
					      : "a gateway cannot be a VIP");
		warn_listed(all, "binds", place, text);
	}
}

/* Linux drops a packet whose source is one of its own addresses. */
static void check_sources(const struct loops *all)
{
	for (uint32_t i = 0; i < all->own.count; i++) {
		const struct own_addr *one = &all->report->own->addrs[all->own.items[i].index];
		uint32_t at = first_from(&all->backends, &one->addr, true);
		char text[TEXT_LEN_MAX];

		if (!one->is_source || at == all->backends.count ||
		    !glb_addr_equal(all->backends.items[at].addr, &one->addr))
			continue;
		(void)snprintf(text, sizeof(text),
			       "is %s of %s, line %u, too: a host drops what seems to come from "
			       "itself",
			       one->place, all->report->own->path, one->line);
		warn_listed(all, "backends", &all->backends.items[at], text);
	}
}

static void loops_collect(struct loops *all)
{
	const struct own_addrs *own = all->report->own;
	struct sorted *backends = &all->backends;

	for (uint32_t t = 0; t < all->spec->table_count; t++)
		for (uint32_t i = 0; i < all->spec->tables[t].backend_count; i++) {
			const struct glb_backend *backend = &all->spec->tables[t].backends[i];

			if (backend->addr.version && glb_backend_usable(backend))
				backends->items[backends->count++] =
					(struct listed){&backend->addr, t, i};
		}
	qsort(backends->items, backends->count, sizeof(*backends->items), loops_compare_listed);
	all->own.items = all->own_items;
	for (; own && all->own.count < own->count; all->own.count++)
		all->own.items[all->own.count] =
			(struct listed){&own->addrs[all->own.count].addr, 0, all->own.count};
	qsort(all->own.items, all->own.count, sizeof(*all->own.items), loops_compare_listed);
}

/* Binds of one VIP are usually adjacent: checking one of them is enough. */
static bool is_like_last(const struct glb_table_spec *table, uint32_t index)
{
	const struct glb_bind *bind = &table->binds[index];
	const struct glb_bind *last = index ? bind - 1 : NULL;

	return last && last->proto && glb_addr_equal(&bind->addr, &last->addr) &&
	       bind->prefix_len == last->prefix_len && takes_tunnels(bind) == takes_tunnels(last);
}

static void check_table(struct loops *all, uint32_t t)
{
	const struct glb_table_spec *table = &all->spec->tables[t];

	for (uint32_t b = 0; b < table->bind_count; b++) {
		const struct listed place = {&table->binds[b].addr, t, b};

		if (!table->binds[b].proto || is_like_last(table, b)) /* 0: invalid */
			continue;
		check_backends(all, &place, &table->binds[b]);
		check_own(all, &place, &table->binds[b]);
	}
}

int loops_warn(const struct glb_spec *spec, const struct conf_value *tables, struct report *report)
{
	struct loops all = {.spec = spec, .tables = tables, .report = report};
	size_t room = 1;

	for (uint32_t t = 0; t < spec->table_count; t++)
		room += spec->tables[t].backend_count;
	all.backends.items = malloc(room * sizeof(*all.backends.items));
	if (!all.backends.items)
		return -ENOMEM;
	loops_collect(&all);
	for (uint32_t t = 0; t < spec->table_count; t++)
		check_table(&all, t);
	check_sources(&all);
	free(all.backends.items);
	return 0;
}

/* --- director.json --- */

static void loops_read_own(struct own_addrs *out, const struct conf_value *object, const char *key,
			   bool is_source)
{
	struct own_addr *own = &out->addrs[out->count];
	char place[CONF_PLACE_LEN_MAX];
	struct conf_value value;
	const char *text;

	if (out->count == OWN_ADDRS_MAX || !conf_find(&value, object, key) ||
	    !conf_is_string(&value) || conf_string(&text, &value) || !addr_parse(&own->addr, text))
		return;
	own->is_source = is_source;
	own->line = conf_line(&value);
	(void)snprintf(own->place, sizeof(own->place), "%s", conf_place(place, &value));
	for (uint32_t i = 0; i < out->count && !is_source; i++)
		if (out->addrs[i].is_source && glb_addr_equal(&out->addrs[i].addr, &own->addr))
			conf_warn(&value,
				  "is %s in line %u, too: an address cannot be its own gateway",
				  out->addrs[i].place, out->addrs[i].line);
	out->count++;
}

void own_addrs_read(struct own_addrs *out, const struct conf_value *root)
{
	struct conf_value ports;

	*out = (struct own_addrs){.path = root->file->report->path};
	loops_read_own(out, root, "outbound_src_ip", true);
	loops_read_own(out, root, "outbound_src_ip6", true);
	loops_read_own(out, root, "outbound_gateway_ip", false);
	if (!conf_find(&ports, root, "ports"))
		return;
	for (size_t i = 0; i < conf_count(&ports); i++) {
		struct conf_value port = conf_element(&ports, i);

		loops_read_own(out, &port, "outbound_gateway_ip", false);
	}
}
