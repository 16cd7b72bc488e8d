/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glb/digest.h>

#include "conf/addr.h"
#include "conf/title.h"
#include "director/show/tables.h"

/* Does the request include this table? */
static bool is_shown(const struct view *view, unsigned int index)
{
	const struct glb_table *table = view->tables->tables[index];
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", index);
	return !*view->only || !strcmp(view->only, table->spec.name ? table->spec.name : number);
}

int view_open(struct view *out, const struct control *control, const char *only)
{
	const struct served *served = control->workers.publish.current;
	struct view view = {.tables = &served->gen->tables,
			    .map = served->map,
			    .only = only,
			    .binds_max = GLB_BINDS_MAX};
	bool found = !*only;

	for (unsigned int t = 0; t < view.tables->count && !found; t++)
		found = is_shown(&view, t);
	if (!found)
		return -ENOENT;
	if (view.map) {
		view.sums = backend_stats_sum(&control->workers.backend_stats);
		if (!view.sums)
			return -ENOMEM;
	}
	*out = view;
	return 0;
}

void view_close(const struct view *view)
{
	free((void *)view->sums);
}

/* Packets sent to the item at index `place` of the map. */
static void put_count(struct writer *w, const struct view *view, uint32_t place,
		      const char *const names[2])
{
	const struct backend_stats_count *count;

	if (!view->map)
		return;
	count = &view->sums->by_slot[view->map->slots[place]];
	write_uint(w, names[0], count->packets);
	write_uint(w, names[1], count->bytes);
	if (!view->rates)
		return;

	const struct backend_stats_count added =
		rates_slot_added(view->rates, view->map->slots[place]);

	write_uint(w, "packets_per_s", rates_per_second(view->rates, added.packets));
	write_uint(w, "bytes_per_s", rates_per_second(view->rates, added.bytes));
}

/* Packets sent to a table in the last minutes. */
static void put_history(struct writer *w, const struct view *view, unsigned int index)
{
	uint64_t line[RATES_POINTS];
	unsigned int count = 0;

	if (!view->rates)
		return;
	if (view->map)
		count = rates_slot_line(line, view->rates,
					view->map->slots[view->map->backend_count + index]);
	write_open(w, "history", '[');
	for (unsigned int i = 0; i < count; i++)
		write_uint(w, NULL, line[i]);
	write_close(w, ']');
}

void view_put_table(struct writer *w, const struct view *view, unsigned int index)
{
	static const char *const names[2] = {"table_packets", "table_bytes"};
	const struct glb_table *table = view->tables->tables[index];
	unsigned int healthy = 0;
	char digest[GLB_DIGEST_TEXT_LEN];
	char bind[BIND_TEXT_LEN];

	for (unsigned int b = 0; b < table->spec.backend_count; b++)
		healthy += table->spec.backends[b].healthy;
	write_open(w, NULL, '{');
	write_table_id(w, table, index);
	write_string(w, "digest", glb_digest(digest, table));
	write_uint(w, "hops", table->hop_count);
	write_uint(w, "backends", table->spec.backend_count);
	write_uint(w, "usable", glb_usable_count(&table->spec));
	write_uint(w, "healthy", healthy);
	if (view->map)
		put_count(w, view, view->map->backend_count + index, names);
	put_history(w, view, index);
	write_uint(w, "bind_count", table->spec.bind_count);
	write_open(w, "binds", '[');
	for (unsigned int i = 0; i < table->spec.bind_count && i < view->binds_max; i++)
		write_string(w, NULL, bind_text(bind, &table->spec.binds[i]));
	write_close(w, ']');
	write_close(w, '}');
}

int show_tables(struct writer *w, const struct control *control, const char *table)
{
	struct view view;
	int err = view_open(&view, control, table);

	if (err)
		return err;
	write_open(w, "tables", '[');
	for (unsigned int t = 0; t < view.tables->count; t++)
		if (is_shown(&view, t))
			view_put_table(w, &view, t);
	write_close(w, ']');
	view_close(&view);
	return 0;
}

void view_put_backend(struct writer *w, const struct view *view, unsigned int index,
		      const struct glb_backend *backend, uint32_t place)
{
	static const char *const names[2] = {"backend_packets", "backend_bytes"};
	const struct glb_table *table = view->tables->tables[index];
	const char *zone = table->ranked ? glb_zone_name(&table->spec, backend->zone) : "";
	char addr[ADDR_TEXT_LEN];

	write_open(w, NULL, '{');
	write_table_id(w, table, index);
	write_string(w, "ip", addr_text(addr, &backend->addr));
	write_string(w, "state", glb_state_name(backend->state));
	write_bool(w, "healthy", backend->healthy);
	if (table->ranked)
		write_uint(w, "weight", glb_backend_weight(backend));
	else
		write_string(w, "weight", NULL);
	write_string(w, "zone", *zone ? zone : NULL);
	if (backend->has_server_id)
		write_uint(w, "server_id", backend->server_id);
	else
		write_string(w, "server_id", NULL);
	put_count(w, view, place, names);
	write_close(w, '}');
}

int show_backends(struct writer *w, const struct control *control, const char *table)
{
	struct view view;
	uint32_t place = 0;
	int err = view_open(&view, control, table);

	if (err)
		return err;
	write_open(w, "backends", '[');
	for (unsigned int t = 0; t < view.tables->count; t++) {
		const struct glb_table_spec *spec = &view.tables->tables[t]->spec;

		for (unsigned int b = 0; b < spec->backend_count && is_shown(&view, t); b++)
			view_put_backend(w, &view, t, &spec->backends[b], place + b);
		place += spec->backend_count;
	}
	write_close(w, ']');
	view_close(&view);
	return 0;
}
