/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a worker ever read what was not written yet, or is freed already?
 *
 * Workers take generations as they do in a director, in threads of their own, while this one
 * replaces and frees them as fast as it can, or step by step. Built with ThreadSanitizer, which
 * knows of every pair of accesses that nothing orders, whether they met in this run or not. It sees
 * DPDK's QSBR, which is inline, but no fences: that of publish_join() is for the model to show.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "director/publish.h"
#include "fixture.h"
#include "suite.h"

enum { WORKERS = 3, GENERATIONS = 12, FIRST_MTU = 1000 };

/* Of the driven schedule: two workers and this thread. */
enum { ACTORS = 3, WORD = 5, STEPS = 243 + WORD - 1, CONTROL = 2 };

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
static void use(struct worker *worker, const struct served *served)
{
	const struct glb_generation *gen = served->near[worker->number % nodes.count];
	const struct glb_row *rows = gen->routes[0].rows;
	const struct glb_packet pkt = {.len = 1, .backend = rows[worker->turns % GLB_ROWS].hops[0]};

	worker->backwards += gen->number < worker->last;
	worker->last = gen->number;
	worker->torn += gen->settings.ports[0].mtu != FIRST_MTU + gen->number ||
			gen->number != served->gen->number;
	backend_stats_add(counts[worker->number], served->map, &pkt);
	worker->turns++;
}

static void turn(struct worker *worker)
{
	use(worker, publish_current(&publish));
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
 * A successor of the current one: in the same arena; or with one of its own, with another table 0
 * and the rest shared. So rows are written where those were that are gone.
 */
static struct glb_generation *successor(uint64_t number, bool new_tables)
{
	const struct glb_generation *gen = publish.current->gen;
	struct glb_port ports[GLB_PORTS_MAX];
	struct glb_generation *next;

	memcpy(ports, gen->settings.ports, sizeof(ports));
	ports[0].mtu = (uint16_t)(FIRST_MTU + number);
	if (new_tables) {
		struct glb_settings settings = gen->settings;
		struct glb_tables tables;

		memcpy(settings.ports, ports, sizeof(ports));
		fixture_spec.tables[0].backends[0].healthy =
			!fixture_spec.tables[0].backends[0].healthy;
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
		ck_assert_int_eq(publish_replace(&publish, successor(number, number % 2),
						 map_of_fixture(), NULL),
				 0);
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

/*
 * --- The steps of tests/proof/spin/publish.pml, one at a time ---
 *
 * Each actor waits for its turn, by relaxed loads, which order nothing: what ThreadSanitizer would
 * find among threads that run freely it finds here, too, and where the model has an order of steps
 * the code goes through it.
 */
static struct {
	unsigned int at; /* atomic: the next step */
	uint8_t actors[STEPS + 1];
} schedule;

/* A sequence in which every order of WORD steps of the actors occurs: de Bruijn, greedy. */
static void make_schedule(void)
{
	static bool seen[243];
	unsigned int word = 0;

	memset(schedule.actors, 0, sizeof(schedule.actors));
	for (unsigned int i = WORD - 1; i < STEPS; i++) {
		unsigned int next = ACTORS - 1;

		while (seen[(word * ACTORS + next) % COUNT_OF(seen)])
			next--;
		word = (word * ACTORS + next) % COUNT_OF(seen);
		seen[word] = true;
		schedule.actors[i] = (uint8_t)next;
	}
	schedule.actors[STEPS] = UINT8_MAX; /* no actor's */
}

/* False: there are no more steps. */
static bool await(unsigned int actor)
{
	unsigned int at;

	while ((at = __atomic_load_n(&schedule.at, __ATOMIC_RELAXED)) < STEPS) {
		if (schedule.actors[at] == actor)
			return true;
		(void)sched_yield();
	}
	return false;
}

static void pass_on(void)
{
	unsigned int at = __atomic_load_n(&schedule.at, __ATOMIC_RELAXED);

	__atomic_store_n(&schedule.at, at + 1, __ATOMIC_RELAXED);
}

/* Steps of a worker: takes a generation, uses it, reports; each may be long before the next. */
static void *work_by_steps(void *arg)
{
	struct worker *worker = arg;

	publish_join(&publish, worker->number);
	while (await(worker->number)) {
		const struct served *served = publish_current(&publish);

		pass_on();
		if (!await(worker->number))
			break;
		use(worker, served);
		pass_on();
		if (!await(worker->number))
			break;
		publish_quiescent(&publish, worker->number);
		pass_on();
	}
	publish_leave(&publish, worker->number);
	return NULL;
}

/* Steps of the control thread: replaces, then releases what it may. Few have new tables. */
static void replace_by_steps(void)
{
	for (uint64_t number = 1; await(CONTROL); number++) {
		struct glb_generation *next = successor(number, number % 8 == 1);

		ck_assert_int_eq(publish_replace(&publish, next, map_of_fixture(), NULL), 0);
		pass_on();
		if (!await(CONTROL))
			break;
		publish_reclaim(&publish);
		pass_on();
	}
}

START_TEST(every_order_of_a_few_steps_is_gone_through)
{
	struct worker workers[CONTROL] = {0};

	memset(counts, 0, sizeof(counts));
	make_schedule();
	start();
	for (unsigned int w = 0; w < CONTROL; w++) {
		workers[w].number = w;
		ck_assert_int_eq(
			pthread_create(&workers[w].thread, NULL, work_by_steps, &workers[w]), 0);
	}
	replace_by_steps();
	for (unsigned int w = 0; w < CONTROL; w++) {
		ck_assert_int_eq(pthread_join(workers[w].thread, NULL), 0);
		ck_assert_uint_eq(workers[w].backwards, 0);
		ck_assert_uint_eq(workers[w].torn, 0);
		ck_assert_uint_gt(workers[w].turns, STEPS / 3 / 3 - WORD);
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
	TCase *steps = tcase_create("steps");

	tcase_add_test(threads, workers_see_whole_generations_in_order_and_none_that_is_freed);
	tcase_add_test(steps, every_order_of_a_few_steps_is_gone_through);
	suite_add_tcase(suite, threads);
	suite_add_tcase(suite, steps);
	return suite;
}
