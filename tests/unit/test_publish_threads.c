/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a worker ever read what was not written yet, or is freed already?
 *
 * Workers take generations as they do in a director, in threads of their own, while this one
 * replaces and frees them as fast as it can. Built with ThreadSanitizer, which knows of every pair
 * of accesses that nothing orders, whether they met in this run or not.
 */
#include <pthread.h>
#include <string.h>

#include "director/publish.h"
#include "fixture.h"
#include "suite.h"

enum { WORKERS = 3, GENERATIONS = 40, FIRST_MTU = 1000 };

/* One node may stand for several. */
static const struct numa_nodes nodes = {.ids = {0, 0}, .count = 2};

static struct publish publish;
static struct backend_stats stats;
static struct backend_stats_count counts[WORKERS][BACKEND_STATS_SLOTS];
static bool stopping;

struct worker {
	pthread_t thread;
	unsigned int number;
	uint64_t turns;
	uint64_t last; /* generation it saw */
	uint64_t backwards;
	uint64_t torn; /* generations that were not of one piece */
};

/* What a worker reads of a generation, and writes because of it. */
static void turn(struct worker *worker)
{
	const struct served *served = publish_current(&publish);
	const struct glb_generation *gen = served->near[worker->number % nodes.count];
	const struct glb_row *rows = gen->routes[0].rows;
	const struct glb_packet pkt = {.len = 1, .backend = rows[worker->turns % GLB_ROWS].hops[0]};

	worker->backwards += gen->number < worker->last;
	worker->last = gen->number;
	worker->torn += gen->settings.ports[0].mtu != FIRST_MTU + gen->number ||
			gen->number != served->gen->number;
	backend_stats_add(counts[worker->number], served->map, &pkt);
	worker->turns++;
	publish_quiescent(&publish, worker->number);
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	publish_join(&publish, worker->number);
	while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED) || !worker->turns)
		turn(worker);
	publish_leave(&publish, worker->number);
	return NULL;
}

/*
 * A successor of the current one: as every other, in the same arena, else with one of its own, with
 * another table 0 and the rest shared. So rows are written where those were that are gone.
 */
static struct glb_generation *successor(uint64_t number)
{
	const struct glb_generation *gen = publish.current->gen;
	struct glb_port ports[GLB_PORTS_MAX];
	struct glb_generation *next;

	memcpy(ports, gen->settings.ports, sizeof(ports));
	ports[0].mtu = (uint16_t)(FIRST_MTU + number);
	if (number % 2) {
		struct glb_settings settings = gen->settings;
		struct glb_tables tables;

		memcpy(settings.ports, ports, sizeof(ports));
		fixture_spec.tables[0].backends[0].healthy = number % 4 == 1;
		ck_assert_int_eq(glb_tables_build(&tables, &fixture_spec, &gen->tables, NULL), 0);
		ck_assert_int_eq(glb_generation_make(&next, number, &settings, &tables, NULL), 0);
	} else {
		ck_assert_int_eq(glb_generation_with_ports(&next, gen, ports), 0);
	}
	next->number = number;
	return next;
}

static struct backend_stats_map *map_of_fixture(void)
{
	struct glb_tables tables = fixture_tables();
	struct backend_stats_map *map;

	ck_assert_int_eq(backend_stats_map_make(&map, &stats, &tables), 0);
	glb_tables_free(&tables);
	return map;
}

static void start(void)
{
	struct glb_settings settings = fixture_settings;
	struct glb_generation *first;

	settings.ports[0].mtu = FIRST_MTU;
	first = fixture_generation(&settings);
	first->number = 0;
	ck_assert_int_eq(backend_stats_start(&stats, WORKERS), 0);
	for (unsigned int w = 0; w < WORKERS; w++)
		stats.counts[w] = counts[w];
	ck_assert_int_eq(publish_start(&publish, first, map_of_fixture(), WORKERS), 0);
	ck_assert_int_eq(publish_replicate(&publish, &nodes), 0);
}

static uint64_t counted(const struct worker *worker)
{
	uint64_t sum = 0;

	for (unsigned int slot = 0; slot < BACKEND_STATS_SLOTS; slot++)
		sum += counts[worker->number][slot].packets;
	return sum;
}

START_TEST(workers_see_whole_generations_in_order_and_none_that_is_freed)
{
	struct worker workers[WORKERS] = {0};

	start();
	for (unsigned int w = 0; w < WORKERS; w++) {
		workers[w].number = w;
		ck_assert_int_eq(pthread_create(&workers[w].thread, NULL, work, &workers[w]), 0);
	}
	for (uint64_t number = 1; number <= GENERATIONS; number++) {
		ck_assert_int_eq(
			publish_replace(&publish, successor(number), map_of_fixture(), NULL), 0);
		publish_reclaim(&publish);
	}
	__atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
	for (unsigned int w = 0; w < WORKERS; w++) {
		ck_assert_int_eq(pthread_join(workers[w].thread, NULL), 0);
		ck_assert_uint_eq(workers[w].backwards, 0);
		ck_assert_uint_eq(workers[w].torn, 0);
		ck_assert_uint_eq(counted(&workers[w]), workers[w].turns);
	}
	publish_stop(&publish);
	backend_stats_stop(&stats);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("publish_threads");
	TCase *threads = tcase_create("threads");

	tcase_add_test(threads, workers_see_whole_generations_in_order_and_none_that_is_freed);
	suite_add_tcase(suite, threads);
	return suite;
}
