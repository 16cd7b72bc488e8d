/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "director/backend_stats.h"
#include "suite.h"

enum { WORKERS = 2, TABLES = 5 };

/* Counters with their workers, and tables that are specs only: nothing looks at rows. */
struct ledger {
	struct backend_stats stats;
	struct glb_tables tables;
	struct glb_table *all[TABLES];
};

static void start(struct ledger *ledger)
{
	ck_assert_int_eq(backend_stats_start(&ledger->stats, WORKERS), 0);
	for (int i = 0; i < WORKERS; i++)
		ledger->stats.counts[i] =
			calloc(BACKEND_STATS_SLOTS, sizeof(struct backend_stats_count));
	for (int t = 0; t < TABLES; t++)
		ledger->all[t] = calloc(1, sizeof(*ledger->all[t]));
	ledger->tables = (struct glb_tables){ledger->all, 0};
}

static void stop(struct ledger *ledger)
{
	for (int i = 0; i < WORKERS; i++)
		free(ledger->stats.counts[i]);
	for (int t = 0; t < TABLES; t++) {
		free(ledger->all[t]->spec.backends);
		free(ledger->all[t]);
	}
	backend_stats_stop(&ledger->stats);
}

/* Table t has this name and backends 10.0.x.y for each number from first on. */
static void put_table(struct ledger *ledger, unsigned int t, char *name, const int range[2])
{
	struct glb_table_spec *spec = &ledger->all[t]->spec;
	unsigned int count = (unsigned int)(range[1] - range[0]);

	free(spec->backends);
	*spec = (struct glb_table_spec){
		.name = name,
		.backends = calloc(count + 1, sizeof(*spec->backends)),
		.backend_count = count,
	};
	for (unsigned int b = 0; b < count; b++) {
		unsigned int number = (unsigned int)range[0] + b;

		spec->backends[b].addr =
			(struct glb_addr){{10, 0, (uint8_t)(number >> 8), (uint8_t)number}, 4};
	}
	if (ledger->tables.count <= t)
		ledger->tables.count = t + 1;
}

static struct backend_stats_map *map_of(struct ledger *ledger)
{
	struct backend_stats_map *map;

	ck_assert_int_eq(backend_stats_map_make(&map, &ledger->stats, &ledger->tables), 0);
	return map;
}

/* A worker forwards packets of 100 bytes to a backend. */
static void send(struct ledger *ledger, const struct backend_stats_map *map, unsigned int worker,
		 const int where[3])
{
	struct glb_packet pkt = {.len = 100, .backend = (uint32_t)where[1]};

	for (int t = 0; t < where[0]; t++)
		pkt.backend += ledger->all[t]->spec.backend_count;

	for (int i = 0; i < where[2]; i++)
		backend_stats_add(ledger->stats.counts[worker], map, &pkt);
}

#define SEND(ledger, map, worker, table, backend, count)                                           \
	send(ledger, map, worker, (const int[3]){table, backend, count})
#define PUT(ledger, t, name, first, end) put_table(ledger, t, name, (const int[2]){first, end})

/* What the line of this name says; -1: there is none. */
static long long value_of(const struct ledger *ledger, const char *name)
{
	size_t name_len = strlen(name);
	long long value = -1;
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(backend_stats_print(out, &ledger->stats), 0);
	(void)fclose(out);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, name, name_len) != 0 || line[name_len] != ' ')
			continue;
		ck_assert_int_eq(value, -1); /* each name once */
		value = strtoll(line + name_len, NULL, 10);
	}
	free(text);
	return value;
}

START_TEST(backends_and_tables_have_the_sum_of_all_workers)
{
	struct ledger ledger;

	start(&ledger);
	PUT(&ledger, 0, (char[]){"web"}, 1, 3);
	PUT(&ledger, 1, (char[]){"git"}, 1, 3);

	struct backend_stats_map *map = map_of(&ledger);

	SEND(&ledger, map, 0, 0, 0, 1);
	SEND(&ledger, map, 1, 0, 0, 2);
	SEND(&ledger, map, 1, 0, 1, 4);
	SEND(&ledger, map, 0, 1, 1, 8);
	ck_assert_int_eq(value_of(&ledger, "backend_packets{table=\"web\",backend=\"10.0.0.1\"}"),
			 3);
	ck_assert_int_eq(value_of(&ledger, "backend_bytes{table=\"web\",backend=\"10.0.0.1\"}"),
			 300);
	ck_assert_int_eq(value_of(&ledger, "backend_packets{table=\"web\",backend=\"10.0.0.2\"}"),
			 4);
	ck_assert_int_eq(value_of(&ledger, "backend_packets{table=\"git\",backend=\"10.0.0.1\"}"),
			 0);
	ck_assert_int_eq(value_of(&ledger, "backend_packets{table=\"git\",backend=\"10.0.0.2\"}"),
			 8);
	ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"web\"}"), 7);
	ck_assert_int_eq(value_of(&ledger, "table_bytes{table=\"web\"}"), 700);
	ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"git\"}"), 8);
	ck_assert_int_eq(value_of(&ledger, "unlisted_packets"), 0);
	backend_stats_map_free(map);
	stop(&ledger);
}
END_TEST

START_TEST(a_backend_goes_on_counting_wherever_it_stands_now)
{
	struct ledger ledger;

	start(&ledger);
	PUT(&ledger, 0, (char[]){"web"}, 1, 4);
	PUT(&ledger, 1, (char[]){"git"}, 1, 4);

	struct backend_stats_map *old = map_of(&ledger);

	PUT(&ledger, 0, (char[]){"git"}, 2, 5);
	PUT(&ledger, 1, (char[]){"web"}, 3, 4);

	struct backend_stats_map *new = map_of(&ledger);

	SEND(&ledger, old, 0, 0, 2, 1);
	SEND(&ledger, new, 1, 1, 0, 2); /* while a worker is still at the old map */
	SEND(&ledger, old, 0, 1, 1, 4);
	SEND(&ledger, new, 1, 0, 0, 8);
	ck_assert_int_eq(value_of(&ledger, "backend_packets{table=\"web\",backend=\"10.0.0.3\"}"),
			 3);
	ck_assert_int_eq(value_of(&ledger, "backend_packets{table=\"git\",backend=\"10.0.0.2\"}"),
			 12);
	ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"git\"}"), 12);
	backend_stats_map_free(old);
	backend_stats_map_free(new);
	stop(&ledger);
}
END_TEST

START_TEST(what_was_removed_is_told_and_counts_on_when_it_is_back)
{
	struct ledger ledger;

	start(&ledger);
	PUT(&ledger, 0, (char[]){"web"}, 1, 3);

	struct backend_stats_map *map = map_of(&ledger);

	SEND(&ledger, map, 0, 0, 1, 5);
	for (int round = 0; round < 3; round++) {
		backend_stats_map_free(map);
		PUT(&ledger, 0, (char[]){"other"}, 1, 2);
		map = map_of(&ledger);
		ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"web\"}"), 5 + round);
		ck_assert_int_eq(
			value_of(&ledger, "backend_packets{table=\"web\",backend=\"10.0.0.2\"}"),
			5 + round);
		backend_stats_map_free(map);
		PUT(&ledger, 0, (char[]){"web"}, 2, 4);
		map = map_of(&ledger);
		SEND(&ledger, map, 1, 0, 0, 1);
	}
	ck_assert_int_eq(value_of(&ledger, "backend_packets{table=\"web\",backend=\"10.0.0.2\"}"),
			 8);
	backend_stats_map_free(map);
	stop(&ledger);
}
END_TEST

START_TEST(tables_without_a_name_go_by_their_index)
{
	struct ledger ledger;

	start(&ledger);
	PUT(&ledger, 0, NULL, 1, 2);
	PUT(&ledger, 1, NULL, 1, 2);

	struct backend_stats_map *map = map_of(&ledger);

	SEND(&ledger, map, 0, 1, 0, 3);
	ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"0\"}"), 0);
	ck_assert_int_eq(value_of(&ledger, "backend_packets{table=\"1\",backend=\"10.0.0.1\"}"), 3);
	backend_stats_map_free(map);
	stop(&ledger);
}
END_TEST

START_TEST(a_name_cannot_break_a_line_or_its_label)
{
	struct ledger ledger;

	start(&ledger);
	PUT(&ledger, 0, (char[]){"a b\"c\\d\ne\177é"}, 1, 2);

	struct backend_stats_map *map = map_of(&ledger);

	ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"a\\x20b\\x22c\\\\d\\ne\\x7fé\"}"),
			 0);
	backend_stats_map_free(map);
	stop(&ledger);
}
END_TEST

/* Backends first and last of four tables, from `first` on, which take up all slots. */
static void fill(struct ledger *ledger, int first)
{
	static char names[4][2] = {"a", "b", "c", "d"};

	for (unsigned int t = 0; t < 4; t++)
		PUT(ledger, t, names[t], first, first + BACKEND_STATS_SLOTS / 4 - 1 - (t == 3));
}

START_TEST(slots_are_reused_when_no_map_leads_there_and_tables_keep_the_sum)
{
	const char *of_b = "backend_packets{table=\"b\",backend=\"10.0.0.1\"}";
	const char *of_b_new = "backend_packets{table=\"b\",backend=\"10.0.64.1\"}";
	struct ledger ledger;

	start(&ledger);
	fill(&ledger, 1);

	struct backend_stats_map *old = map_of(&ledger);

	ck_assert_uint_eq(old->sharing, 0);
	SEND(&ledger, old, 0, 1, 0, 5);
	fill(&ledger, 16385);

	struct backend_stats_map *none_left = map_of(&ledger);

	ck_assert_uint_eq(none_left->sharing, 4 * 16383 - 1);
	SEND(&ledger, none_left, 0, 1, 0, 10);
	ck_assert_int_eq(value_of(&ledger, of_b_new), -1);
	ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"b\"}"), 15);
	SEND(&ledger, old, 1, 1, 0, 20); /* a worker that is late */
	ck_assert_int_eq(value_of(&ledger, of_b), 25);
	backend_stats_map_free(old);
	backend_stats_map_free(none_left);

	struct backend_stats_map *new = map_of(&ledger);

	ck_assert_uint_eq(new->sharing, 0);
	ck_assert_int_eq(value_of(&ledger, of_b), -1);
	ck_assert_int_eq(value_of(&ledger, of_b_new), 0);
	SEND(&ledger, new, 0, 1, 0, 40);
	ck_assert_int_eq(value_of(&ledger, of_b_new), 40);
	ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"b\"}"), 75);
	ck_assert_int_eq(value_of(&ledger, "table_bytes{table=\"b\"}"), 7500);
	backend_stats_map_free(new);
	stop(&ledger);
}
END_TEST

START_TEST(a_table_without_a_slot_is_counted_with_the_rest)
{
	struct ledger ledger;

	start(&ledger);
	fill(&ledger, 1);

	struct backend_stats_map *old = map_of(&ledger);

	PUT(&ledger, 4, (char[]){"e"}, 1, 3);

	struct backend_stats_map *more = map_of(&ledger);

	ck_assert_uint_eq(more->sharing, 3);
	SEND(&ledger, more, 0, 4, 0, 7);
	ck_assert_int_eq(value_of(&ledger, "unlisted_packets"), 7);
	ck_assert_int_eq(value_of(&ledger, "unlisted_bytes"), 700);
	ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"e\"}"), -1);
	backend_stats_map_free(old);
	backend_stats_map_free(more);
	stop(&ledger);
}
END_TEST

START_TEST(a_table_that_is_gone_for_good_makes_room_with_its_backends)
{
	struct ledger ledger;

	start(&ledger);
	fill(&ledger, 1);

	struct backend_stats_map *old = map_of(&ledger);

	for (int t = 0; t < 4; t++)
		SEND(&ledger, old, 0, t, 16381, 9);
	backend_stats_map_free(old);
	ledger.tables.count = 0;
	PUT(&ledger, 0, (char[]){"e"}, 1, 16384);
	PUT(&ledger, 1, (char[]){"f"}, 1, 16384);
	PUT(&ledger, 2, (char[]){"g"}, 1, 16384);
	PUT(&ledger, 3, (char[]){"h"}, 1, 16383);

	struct backend_stats_map *map = map_of(&ledger);

	ck_assert_uint_eq(map->sharing, 0);
	for (char name = 'e'; name <= 'h'; name++) {
		char line[] = {"table_packets{table=\"x\"}"};

		*strchr(line, 'x') = name;
		ck_assert_int_eq(value_of(&ledger, line), 0);
	}
	SEND(&ledger, map, 0, 3, 16381, 2);
	ck_assert_int_eq(value_of(&ledger, "backend_packets{table=\"h\",backend=\"10.0.63.254\"}"),
			 2);
	ck_assert_int_eq(value_of(&ledger, "table_packets{table=\"a\"}"), -1);
	backend_stats_map_free(map);
	stop(&ledger);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("backend_stats");
	TCase *tests = tcase_create("backend_stats");

	tcase_add_test(tests, backends_and_tables_have_the_sum_of_all_workers);
	tcase_add_test(tests, a_backend_goes_on_counting_wherever_it_stands_now);
	tcase_add_test(tests, what_was_removed_is_told_and_counts_on_when_it_is_back);
	tcase_add_test(tests, tables_without_a_name_go_by_their_index);
	tcase_add_test(tests, a_name_cannot_break_a_line_or_its_label);
	tcase_add_test(tests, slots_are_reused_when_no_map_leads_there_and_tables_keep_the_sum);
	tcase_add_test(tests, a_table_without_a_slot_is_counted_with_the_rest);
	tcase_add_test(tests, a_table_that_is_gone_for_good_makes_room_with_its_backends);
	suite_add_tcase(suite, tests);
	return suite;
}
