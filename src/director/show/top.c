/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "director/show/tables.h"
#include "sys/clock.h"

/* A backend and its rate. */
struct candidate {
	unsigned int table;
	uint32_t place; /* index among all backends of the generation */
	uint64_t packets;
};

/* The backends to show. */
struct choice {
	struct candidate busiest[TOP_BUSIEST]; /* in descending order */
	unsigned int busiest_count;
	struct candidate unusual[TOP_UNUSUAL]; /* in file order */
	unsigned int unusual_count;	       /* of all, including those beyond the array */
	unsigned int count;
};

static const struct glb_backend *backend_of(const struct view *view, const struct candidate *one,
					    uint32_t first)
{
	return &view->tables->tables[one->table]->spec.backends[one->place - first];
}

/* --- Which backends --- */

static bool is_unusual(const struct glb_backend *backend)
{
	return !glb_backend_steady(backend);
}

/* Inserts it among the busiest, if it belongs there. Equal ones keep their order. */
static void try_busiest(struct choice *choice, struct candidate one)
{
	unsigned int at = choice->busiest_count;

	if (at == TOP_BUSIEST && one.packets <= choice->busiest[at - 1].packets)
		return;
	if (at < TOP_BUSIEST)
		choice->busiest_count++;
	else
		at--;
	for (; at > 0 && choice->busiest[at - 1].packets < one.packets; at--)
		choice->busiest[at] = choice->busiest[at - 1];
	choice->busiest[at] = one;
}

static void show_top_choose(struct choice *out, const struct view *view)
{
	*out = (struct choice){.count = 0};
	for (unsigned int t = 0; t < view->tables->count; t++) {
		const struct glb_table_spec *spec = &view->tables->tables[t]->spec;

		for (unsigned int b = 0; b < spec->backend_count; b++) {
			struct candidate one = {.table = t, .place = out->count++};

			if (view->map)
				one.packets =
					rates_slot_added(view->rates, view->map->slots[one.place])
						.packets;
			if (!is_unusual(&spec->backends[b])) {
				try_busiest(out, one);
				continue;
			}
			if (out->unusual_count < TOP_UNUSUAL)
				out->unusual[out->unusual_count] = one;
			out->unusual_count++;
		}
	}
}

static void put_candidates(struct writer *w, const struct view *view, const struct candidate *list,
			   unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		uint32_t first = 0;

		for (unsigned int t = 0; t < list[i].table; t++)
			first += view->tables->tables[t]->spec.backend_count;
		view_put_backend(w, view, list[i].table, backend_of(view, &list[i], first),
				 list[i].place);
	}
}

static void put_backends(struct writer *w, const struct view *view)
{
	struct choice choice;
	unsigned int unusual;

	show_top_choose(&choice, view);
	unusual = choice.unusual_count < TOP_UNUSUAL ? choice.unusual_count : TOP_UNUSUAL;
	write_uint(w, "backend_count", choice.count);
	write_uint(w, "unusual_count", choice.unusual_count);
	write_open(w, "backends", '[');
	put_candidates(w, view, choice.unusual, unusual);
	put_candidates(w, view, choice.busiest, choice.busiest_count);
	write_close(w, ']');
}

/* --- The rest --- */

static void put_tables(struct writer *w, const struct view *view)
{
	write_uint(w, "table_count", view->tables->count);
	write_open(w, "tables", '[');
	for (unsigned int t = 0; t < view->tables->count && t < TOP_TABLES; t++)
		view_put_table(w, view, t);
	write_close(w, ']');
}

/* Turns structs of counters into rates per second. */
static void spread(void *counters, size_t size, const struct rates *rates)
{
	uint64_t *values = counters;

	for (size_t i = 0; i < size / sizeof(*values); i++)
		values[i] = rates_per_second(rates, values[i]);
}

static void put_rates(struct writer *w, const struct rates *rates)
{
	struct rates_counted added = rates_added(rates);

	spread(&added, sizeof(added), rates);
	write_uint(w, "window_ms", rates_window_ms(rates));
	write_open(w, "rates", '{');
	show_worker_counters(w, &added.sum);
	show_losses(w, &added.losses);
	write_close(w, '}');
}

static void put_values(struct writer *w, const char *key, const uint64_t *values,
		       unsigned int count)
{
	write_open(w, key, '[');
	for (unsigned int i = 0; i < count; i++)
		write_uint(w, NULL, values[i]);
	write_close(w, ']');
}

/* Turns of both kinds by duration: director/turns.h. */
static void show_top_put_gaps(struct writer *w, const char *key, const struct turn_times *times)
{
	uint64_t counts[TURN_TIMES];

	for (unsigned int i = 0; i < TURN_TIMES; i++)
		counts[i] = times->counts[TURN_IDLE][i] + times->counts[TURN_BUSY][i];
	put_values(w, key, counts, TURN_TIMES);
}

static void show_top_put_workers(struct writer *w, const struct control *control)
{
	const struct workers *all = &control->workers;

	write_open(w, "workers", '[');
	for (unsigned int i = 0; i < all->count; i++) {
		const struct rates_worker added = rates_worker_added(control->rates, i);
		uint64_t busy[RATES_POINTS];
		struct turn_times times;

		turn_copy(&times, &all->workers[i].turns);
		write_open(w, NULL, '{');
		write_uint(w, "worker", i);
		write_uint(w, "rx_per_s", rates_per_second(control->rates, added.rx));
		write_uint(w, "busy_permille", rates_busy(&added.times));
		write_uint(w, "stalls", times.stalls);
		show_top_put_gaps(w, "gaps", &times);
		show_top_put_gaps(w, "recent_gaps", &added.times);
		put_values(w, "history", busy, rates_busy_line(busy, control->rates, i));
		write_close(w, '}');
	}
	write_close(w, ']');
}

static void show_top_put_history(struct writer *w, const struct rates *rates)
{
	static const char *const names[] = {
		[RATES_RX] = "rx", [RATES_FORWARD] = "forward", [RATES_DROPS] = "drops"};
	uint64_t line[RATES_POINTS];

	write_open(w, "history", '{');
	write_uint(w, "step_ms", RATES_STEP_MS);
	for (unsigned int i = 0; i < RATES_LINES; i++)
		put_values(w, names[i], line, rates_line(line, rates, i));
	write_close(w, '}');
}

int show_top(struct writer *w, const struct control *control)
{
	struct view view;
	int err = view_open(&view, control, "");

	if (err)
		return err;
	rates_look(control->rates);
	view.rates = control->rates;
	view.binds_max = TOP_BINDS;
	write_open(w, "status", '{');
	show_status(w, control);
	write_close(w, '}');
	write_uint(w, "uptime_ms", clock_ms() - control->started_ms);
	show_sums(w, &control->workers);
	put_rates(w, control->rates);
	show_top_put_history(w, control->rates);
	show_top_put_workers(w, control);
	put_tables(w, &view);
	put_backends(w, &view);
	view_close(&view);
	return 0;
}
