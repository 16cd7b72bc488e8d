/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_telemetry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glb/digest.h>

#include "conf/addr.h"
#include "director/control.h"
#include "director/stats.h"
#include "director/telemetry_answers.h"
#include "sys/clock.h"
#include "sys/printable.h"
#include "sys/version.h"

/* --- Texts, numbers and columns --- */

static void put_text(struct rte_tel_data *out, const char *name, const char *text)
{
	char shown[RTE_TEL_MAX_STRING_LEN];

	(void)rte_tel_data_add_dict_string(out, name, printable(shown, sizeof(shown), text));
}

static void put_number(struct rte_tel_data *out, const char *name, uint64_t number)
{
	(void)rte_tel_data_add_dict_u64(out, name, number);
}

/* The columns of one reply, in name order. */
enum { COLUMNS_MAX = 12 };

struct column {
	const char *name;
	enum rte_tel_value_type type;
};

struct columns {
	const struct column *list;
	unsigned int count;
	unsigned int next; /* the next one to fill in the current row */
	struct rte_tel_data *data[COLUMNS_MAX];
};

static void free_columns(struct columns *columns)
{
	for (unsigned int i = 0; i < columns->count; i++)
		if (columns->data[i])
			rte_tel_data_free(columns->data[i]);
}

/* Returns 0, to be followed by end_columns(); or -ENOMEM. */
static int start_columns(struct columns *out, const struct column *list, unsigned int count)
{
	*out = (struct columns){.list = list, .count = count};
	for (unsigned int i = 0; i < count; i++) {
		out->data[i] = rte_tel_data_alloc();
		if (!out->data[i]) {
			free_columns(out);
			return -ENOMEM;
		}
		rte_tel_data_start_array(out->data[i], list[i].type);
	}
	return 0;
}

static struct rte_tel_data *take_column(struct columns *columns)
{
	struct rte_tel_data *data = columns->data[columns->next];

	columns->next = (columns->next + 1) % columns->count;
	return data;
}

static void add_text(struct columns *columns, const char *text)
{
	char shown[RTE_TEL_MAX_STRING_LEN];

	(void)rte_tel_data_add_array_string(take_column(columns),
					    printable(shown, sizeof(shown), text));
}

static void add_number(struct columns *columns, uint64_t number)
{
	(void)rte_tel_data_add_array_u64(take_column(columns), number);
}

/* Moves the columns into the reply, which then owns them. */
static void end_columns(struct rte_tel_data *out, struct columns *columns)
{
	for (unsigned int i = 0; i < columns->count; i++)
		if (rte_tel_data_add_dict_container(out, columns->list[i].name, columns->data[i],
						    0))
			rte_tel_data_free(columns->data[i]);
}

/* Parses a decimal number, 0 for "". False if it is not one. */
static bool number_in(unsigned int *out, const char *text)
{
	unsigned long number;
	char *end;

	if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
		return false;
	number = strtoul(text, &end, 10);
	*out = (unsigned int)number;
	return true;
}

/* --- Answers --- */

int telemetry_status(struct rte_tel_data *out, const struct control *control, const char *params)
{
	const struct glb_generation *gen = publish_in_force(&control->workers.publish);
	const struct extent extent = status_extent(gen);
	struct glb_diag why = {{0}};
	enum readiness readiness = readiness_of(control, &why);

	(void)params;
	rte_tel_data_start_dict(out);
	put_text(out, "version", version_number());
	put_number(out, "pid", (uint64_t)getpid());
	put_number(out, "uptime_s", (clock_ms() - control->started_ms) / 1000);
	put_number(out, "ready", readiness == READINESS_READY);
	put_text(out, "readiness", readiness_name(readiness));
	put_text(out, "readiness_reason", why.text);
	put_number(out, "serving_last_good", control->serving_last_good);
	put_number(out, "generation", gen->number);
	for (unsigned int result = 0; result < RELOAD_RESULT_COUNT; result++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "reloads_%s", reload_result_name(result));
		put_number(out, name, control->last.totals[result]);
	}
	put_number(out, "tables", extent.tables);
	put_number(out, "binds", extent.binds);
	put_number(out, "backends", extent.backends);
	put_number(out, "healthy", extent.healthy);
	put_number(out, "workers", control->workers.count);
	put_number(out, "ports", control->workers.ports.count);
	return 0;
}

static void put_counters(struct rte_tel_data *out, const struct worker_counters *counters)
{
#define PUT(name, sentence) put_number(out, #name, counters->name);
	WORKER_COUNTERS(PUT)
#undef PUT
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		put_number(out, glb_verdict_label(v), counters->verdicts[v]);
}

int telemetry_counters(struct rte_tel_data *out, const struct control *control, const char *params)
{
#define ONE(...) +1
	_Static_assert(WORKER_COUNTERS(ONE) + GLB_VERDICT_COUNT + PORT_LOSSES(ONE) + 2 <=
			       RTE_TEL_MAX_DICT_ENTRIES,
		       "they fit into one dictionary");
#undef ONE
	const struct workers *all = &control->workers;
	struct worker_counters sum;
	struct port_losses losses;
	unsigned int worker;

	if (!number_in(&worker, params) || (*params && worker >= all->count))
		return -ENOENT;
	rte_tel_data_start_dict(out);
	if (*params) {
		put_counters(out, &all->workers[worker].counters);
		return 0;
	}
	sum = stats_sum(all);
	losses = stats_losses(&all->ports);
	put_counters(out, &sum);
#define PUT(name, field) put_number(out, "port_" #name, losses.name);
	PORT_LOSSES(PUT)
#undef PUT
	put_number(out, "port_link_down", all->ports.link_downs);
	put_number(out, "port_link_changes", all->ports.link_changes);
	return 0;
}

int telemetry_workers(struct rte_tel_data *out, const struct control *control, const char *params)
{
	static const struct column list[] = {
		{"worker", RTE_TEL_U64_VAL},	 {"lcore", RTE_TEL_U64_VAL},
		{"socket", RTE_TEL_U64_VAL},	 {"generation", RTE_TEL_U64_VAL},
		{"responds", RTE_TEL_U64_VAL},	 {"rx", RTE_TEL_U64_VAL},
		{"forward", RTE_TEL_U64_VAL},	 {"tx", RTE_TEL_U64_VAL},
		{"tx_dropped", RTE_TEL_U64_VAL},
	};
	const struct workers *all = &control->workers;
	struct columns columns;

	(void)params;
	if (start_columns(&columns, list, RTE_DIM(list)))
		return -ENOMEM;
	for (unsigned int i = 0; i < all->count; i++) {
		const struct worker_counters *counters = &all->workers[i].counters;

		add_number(&columns, i);
		add_number(&columns, worker_lcore(i));
		add_number(&columns, rte_lcore_to_socket_id(worker_lcore(i)));
		add_number(&columns, __atomic_load_n(&counters->generation, __ATOMIC_RELAXED));
		add_number(&columns, control->stalls.workers[i].waited_ms < STALL_MS);
		add_number(&columns, counters->rx);
		add_number(&columns, counters->verdicts[GLB_FORWARD]);
		add_number(&columns, counters->tx);
		add_number(&columns, counters->tx_dropped);
	}
	rte_tel_data_start_dict(out);
	end_columns(out, &columns);
	return 0;
}

/* --- Tables and backends --- */

/* The counters of the item at an index of the map in force; all 0 if backends are not counted. */
static struct backend_stats_count count_at(const struct control *control,
					   const struct backend_stats_sums *sums, uint32_t place)
{
	const struct backend_stats_map *map = control->workers.publish.current->map;

	return map && sums ? sums->by_slot[map->slots[place]] : (struct backend_stats_count){0, 0};
}

/* Takes the sums, to be released with free(); NULL if backends are not counted. Returns 0 or
 * -ENOMEM. */
static int take_sums(struct backend_stats_sums **out, const struct control *control)
{
	*out = NULL;
	if (!control->workers.publish.current->map)
		return 0;
	*out = backend_stats_sum(&control->workers.backend_stats);
	return *out ? 0 : -ENOMEM;
}

static const char *name_or_number(char number[16], const struct glb_table *table,
				  unsigned int index)
{
	(void)snprintf(number, 16, "%u", index);
	return table->spec.name ? table->spec.name : number;
}

/* Writes which part of a list the reply contains, and whether there is more. */
static unsigned int put_part(struct rte_tel_data *out, unsigned int from, unsigned int total)
{
	unsigned int end = total - from > TELEMETRY_PART ? from + TELEMETRY_PART : total;

	put_number(out, "total", total);
	put_number(out, "from", from);
	if (end < total)
		put_number(out, "next", end);
	return end;
}

int telemetry_tables(struct rte_tel_data *out, const struct control *control, const char *params)
{
	static const struct column list[] = {
		{"name", RTE_TEL_STRING_VAL},	  {"digest", RTE_TEL_STRING_VAL},
		{"hops", RTE_TEL_U64_VAL},	  {"backends", RTE_TEL_U64_VAL},
		{"binds", RTE_TEL_U64_VAL},	  {"table_packets", RTE_TEL_U64_VAL},
		{"table_bytes", RTE_TEL_U64_VAL},
	};
	const struct glb_tables *tables = &publish_in_force(&control->workers.publish)->tables;
	const struct backend_stats_map *map = control->workers.publish.current->map;
	struct columns columns;
	struct backend_stats_sums *sums;
	unsigned int from;

	if (!number_in(&from, params) || from >= tables->count)
		return -ENOENT;
	if (take_sums(&sums, control))
		return -ENOMEM;
	if (start_columns(&columns, list, RTE_DIM(list))) {
		free(sums);
		return -ENOMEM;
	}
	rte_tel_data_start_dict(out);
	for (unsigned int end = put_part(out, from, tables->count), t = from; t < end; t++) {
		const struct glb_table *table = tables->tables[t];
		struct backend_stats_count count =
			count_at(control, sums, map ? map->backend_count + t : 0);
		char number[16];
		char digest[GLB_DIGEST_TEXT_LEN];

		add_text(&columns, name_or_number(number, table, t));
		add_text(&columns, glb_digest(digest, table));
		add_number(&columns, table->hop_count);
		add_number(&columns, table->spec.backend_count);
		add_number(&columns, table->spec.bind_count);
		add_number(&columns, count.packets);
		add_number(&columns, count.bytes);
	}
	end_columns(out, &columns);
	free(sums);
	return 0;
}

/*
 * Finds a table by a name of `len` bytes, and the index of its first backend among all. False if
 * there is none.
 */
static bool find_table(unsigned int *index, uint32_t *place, const struct glb_tables *tables,
		       const char *name, size_t len)
{
	*place = 0;
	for (unsigned int t = 0; t < tables->count; t++) {
		char number[16];
		const char *own = name_or_number(number, tables->tables[t], t);

		if (strlen(own) == len && !memcmp(own, name, len)) {
			*index = t;
			return true;
		}
		*place += tables->tables[t]->spec.backend_count;
	}
	return false;
}

static void add_backend(struct columns *columns, const struct glb_backend *backend,
			struct backend_stats_count count)
{
	char addr[ADDR_TEXT_LEN];

	add_text(columns, addr_text(addr, &backend->addr));
	add_text(columns, glb_state_name(backend->state));
	add_number(columns, backend->healthy);
	add_number(columns, count.packets);
	add_number(columns, count.bytes);
}

int telemetry_backends(struct rte_tel_data *out, const struct control *control, const char *params)
{
	static const struct column list[] = {
		{"ip", RTE_TEL_STRING_VAL},	    {"state", RTE_TEL_STRING_VAL},
		{"healthy", RTE_TEL_U64_VAL},	    {"backend_packets", RTE_TEL_U64_VAL},
		{"backend_bytes", RTE_TEL_U64_VAL},
	};
	const struct glb_tables *tables = &publish_in_force(&control->workers.publish)->tables;
	const char *comma = strrchr(params, ',');
	const struct glb_table_spec *spec;
	struct columns columns;
	struct backend_stats_sums *sums;
	unsigned int from = 0;
	unsigned int index;
	uint32_t place;

	/* a name may contain a comma */
	if (!find_table(&index, &place, tables, params, strlen(params)) &&
	    !(comma && number_in(&from, comma + 1) &&
	      find_table(&index, &place, tables, params, (size_t)(comma - params))))
		return -ENOENT;
	spec = &tables->tables[index]->spec;
	if (from >= spec->backend_count)
		return -ENOENT;
	if (take_sums(&sums, control))
		return -ENOMEM;
	if (start_columns(&columns, list, RTE_DIM(list))) {
		free(sums);
		return -ENOMEM;
	}
	rte_tel_data_start_dict(out);
	for (unsigned int end = put_part(out, from, spec->backend_count), b = from; b < end; b++)
		add_backend(&columns, &spec->backends[b], count_at(control, sums, place + b));
	end_columns(out, &columns);
	free(sums);
	return 0;
}
