/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "director/numa.h"
#include "director/publish.h"
#include "fixture.h"
#include "suite.h"

static int allocations_left = -1; /* -1: no end */

void *__real_malloc(size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
	return allocations_left < 0 || allocations_left-- > 0 ? __real_malloc(size) : NULL;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	if (allocations_left < 0 || allocations_left-- > 0)
		return __real_aligned_alloc(alignment, size);
	return NULL;
}

static unsigned int placed; /* arenas and slabs that were put on a node */

int __real_numa_place(unsigned int id, void *pages, size_t len);
int __wrap_numa_place(unsigned int id, void *pages, size_t len);

int __wrap_numa_place(unsigned int id, void *pages, size_t len)
{
	placed++;
	return __real_numa_place(id, pages, len);
}

/* Three replicas, and on any machine: one node may stand for several here. */
static const struct numa_nodes nodes = {.ids = {0, 0, 0}, .count = 3};
enum { WORKERS = 2 };

static struct publish publish;

static void start(void)
{
	ck_assert_int_eq(
		publish_start(&publish, fixture_generation(&fixture_settings), NULL, WORKERS), 0);
	ck_assert_int_eq(publish_replicate(&publish, &nodes), 0);
	for (unsigned int w = 0; w < WORKERS; w++)
		publish_join(&publish, w);
}

static void stop(void)
{
	for (unsigned int w = 0; w < WORKERS; w++)
		publish_leave(&publish, w);
	publish_stop(&publish);
}

/* Do workers of all nodes find the same, each in memory of its own? */
static void check_near(const struct served *served)
{
	const struct glb_generation *gen = served->gen;

	ck_assert_ptr_eq(served->near[0], gen);
	for (unsigned int i = 1; i < nodes.count; i++) {
		const struct glb_generation *near = served->near[i];

		ck_assert_uint_eq(near->number, gen->number);
		ck_assert_mem_eq(&near->settings, &gen->settings, sizeof(gen->settings));
		ck_assert_mem_eq(near->routes[0].rows, gen->routes[0].rows,
				 GLB_ROWS * sizeof(struct glb_row));
		for (unsigned int other = 0; other < i; other++)
			ck_assert_ptr_ne(near->arena.base, served->near[other]->arena.base);
	}
	ck_assert_ptr_null(served->near[nodes.count]);
}

START_TEST(every_generation_is_there_on_every_node)
{
	struct glb_settings settings = fixture_settings;

	check_near(publish_current(&publish));
	settings.min_ttl = 7;
	ck_assert_int_eq(publish_replace(&publish, fixture_generation(&settings), NULL, NULL), 0);
	check_near(publish_current(&publish));
	ck_assert_uint_eq(publish_current(&publish)->near[2]->settings.min_ttl, 7);
}
END_TEST

START_TEST(a_successor_in_ports_shares_with_what_it_follows_on_every_node)
{
	const struct served *before = publish_current(&publish);
	const struct glb_route *routes[3];
	struct glb_port ports[GLB_PORTS_MAX] = {[3] = {.mtu = 9000}};
	struct glb_generation *next;

	for (unsigned int i = 0; i < nodes.count; i++)
		routes[i] = before->near[i]->routes;
	ck_assert_uint_eq(placed, 2 * nodes.count); /* an arena and a slab of rows for each */
	ck_assert_int_eq(glb_generation_with_ports(&next, before->gen, ports), 0);
	ck_assert_int_eq(publish_replace(&publish, next, NULL, NULL), 0);
	for (unsigned int w = 0; w < WORKERS; w++)
		publish_quiescent(&publish, w);
	publish_reclaim(&publish);
	ck_assert_ptr_null(publish.retired);
	check_near(publish_current(&publish));
	for (unsigned int i = 0; i < nodes.count; i++)
		ck_assert_ptr_eq(publish_current(&publish)->near[i]->routes, routes[i]);
	ck_assert_uint_eq(publish_current(&publish)->near[1]->settings.ports[3].mtu, 9000);
	ck_assert_uint_eq(placed, 2 * nodes.count); /* workers read it where it is */
}
END_TEST

START_TEST(generations_share_rows_that_have_not_changed_on_every_node)
{
	const struct served *before = publish_current(&publish);
	const struct glb_row *rows[3];
	struct glb_settings settings = fixture_settings;
	struct glb_generation *next;
	struct glb_tables tables;

	for (unsigned int i = 0; i < nodes.count; i++)
		rows[i] = before->near[i]->routes[0].rows;
	settings.min_ttl = 7;
	ck_assert_int_eq(glb_tables_build(&tables, &fixture_spec, &before->gen->tables, NULL), 0);
	ck_assert_int_eq(glb_generation_make(&next, 1, &settings, &tables, NULL), 0);
	ck_assert_int_eq(publish_replace(&publish, next, NULL, NULL), 0);
	ck_assert_uint_eq(placed, 3 * nodes.count); /* one arena more for each */
	for (unsigned int w = 0; w < WORKERS; w++)
		publish_quiescent(&publish, w);
	publish_reclaim(&publish);
	ck_assert_ptr_null(publish.retired);
	check_near(publish_current(&publish));
	for (unsigned int i = 0; i < nodes.count; i++)
		ck_assert_ptr_eq(publish_current(&publish)->near[i]->routes[0].rows, rows[i]);
}
END_TEST

START_TEST(replicas_go_together_once_the_last_worker_of_any_node_is_done)
{
	ck_assert_int_eq(
		publish_replace(&publish, fixture_generation(&fixture_settings), NULL, NULL), 0);
	publish_reclaim(&publish);
	ck_assert_ptr_nonnull(publish.retired);
	publish_quiescent(&publish, 0);
	publish_reclaim(&publish);
	ck_assert_ptr_nonnull(publish.retired);
	check_near(publish.retired); /* all there still */
	publish_quiescent(&publish, 1);
	publish_reclaim(&publish);
	ck_assert_ptr_null(publish.retired);
}
END_TEST

START_TEST(without_memory_for_all_replicas_nothing_changes)
{
	struct glb_generation *next = fixture_generation(&fixture_settings);
	const struct served *before = publish_current(&publish);
	int allowed = 0;

	for (;; allowed++) {
		allocations_left = allowed;

		int err = publish_replace(&publish, next, NULL, NULL);

		allocations_left = -1;
		if (!err)
			break;
		ck_assert_int_eq(err, -ENOMEM);
		ck_assert_ptr_eq(publish_current(&publish), before);
		ck_assert_ptr_null(publish.retired);
	}
	/* what is served, and for each replica three, of which its rows stay once they are there */
	ck_assert_int_eq(allowed, 6);
}
END_TEST

START_TEST(nodes_are_listed_once_and_as_many_as_fit)
{
	struct numa_nodes found = {.count = 0};

	ck_assert_uint_eq(numa_nodes_index(&found, 3), 0);
	numa_nodes_add(&found, 3);
	numa_nodes_add(&found, 0);
	numa_nodes_add(&found, 3);
	ck_assert_uint_eq(found.count, 2);
	ck_assert_uint_eq(numa_nodes_index(&found, 3), 0);
	ck_assert_uint_eq(numa_nodes_index(&found, 0), 1);
	for (unsigned int id = 10; id < 20; id++)
		numa_nodes_add(&found, id);
	ck_assert_uint_eq(found.count, NUMA_NODES_MAX);
	ck_assert_uint_eq(numa_nodes_index(&found, 15), 7);
	ck_assert_uint_eq(numa_nodes_index(&found, 16), 0); /* left out: it reads from afar */
}
END_TEST

START_TEST(pages_are_placed_on_a_node_that_is_there)
{
	size_t len = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *page = aligned_alloc(len, len);
	int err;

	ck_assert_ptr_nonnull(page);
	memset(page, 7, len);
	err = numa_place(0, page, len);
	/* a kernel without nodes, a container that forbids it */
	ck_assert_msg(!err || err == -ENOSYS || err == -EPERM, "%s", strerror(-err));
	ck_assert_int_ne(numa_place(1023, page, len), 0);
	ck_assert_int_eq(numa_place(1024, page, len), -EINVAL);
	ck_assert_uint_eq(page[len - 1], 7);
	free(page);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("publish");
	TCase *served = tcase_create("served");
	TCase *places = tcase_create("places");

	tcase_add_checked_fixture(served, start, stop);
	tcase_add_test(served, every_generation_is_there_on_every_node);
	tcase_add_test(served, a_successor_in_ports_shares_with_what_it_follows_on_every_node);
	tcase_add_test(served, generations_share_rows_that_have_not_changed_on_every_node);
	tcase_add_test(served, replicas_go_together_once_the_last_worker_of_any_node_is_done);
	tcase_add_test(served, without_memory_for_all_replicas_nothing_changes);
	tcase_add_test(places, nodes_are_listed_once_and_as_many_as_fit);
	tcase_add_test(places, pages_are_placed_on_a_node_that_is_there);
	suite_add_tcase(suite, served);
	suite_add_tcase(suite, places);
	return suite;
}
