/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_malloc.h>

#include "director/deploy.h"
#include "sys/log.h"

/* Maps the backends of a generation to counters, if backends are counted. Returns 0 or -ENOMEM. */
static int make_map(struct backend_stats_map **out, struct backend_stats *stats,
		    const struct glb_generation *gen)
{
	struct backend_stats_map *map = NULL;
	int err = stats->counts ? backend_stats_map_make(&map, stats, &gen->tables) : 0;

	if (err)
		return err;
	if (map && map->sharing)
		log_warning("%" PRIu32 " tables and backends cannot be counted apart: there is "
			    "room for %d",
			    map->sharing, BACKEND_STATS_SLOTS - 1);
	*out = map;
	return 0;
}

int deploy_next(struct workers *workers, struct glb_generation *gen, const struct served *built)
{
	struct backend_stats_map *map = NULL;
	int err = make_map(&map, &workers->backend_stats, gen);

	if (!err)
		err = publish_replace(&workers->publish, gen, map, built);
	if (err) {
		log_error("out of memory");
		backend_stats_map_free(map);
		glb_generation_free(gen);
	}
	return err;
}

/* Releases what start_backend_stats() allocated, if anything. */
static void stop_backend_stats(struct backend_stats *stats)
{
	for (unsigned int i = 0; i < stats->worker_count && stats->counts; i++)
		rte_free(stats->counts[i]);
	backend_stats_stop(stats);
}

/* Allocates each worker's counters on the NUMA node of its lcore, if possible. Returns 0 or
 * -ENOMEM. */
static int start_backend_stats(struct backend_stats *stats)
{
	const size_t len = BACKEND_STATS_SLOTS * sizeof(struct backend_stats_count);
	int err = backend_stats_start(stats, rte_lcore_count() - 1);
	unsigned int lcore;
	unsigned int i = 0;

	if (err)
		return err;
	RTE_LCORE_FOREACH_WORKER (lcore) {
		int socket = (int)rte_lcore_to_socket_id(lcore);
		struct backend_stats_count *counts =
			rte_zmalloc_socket("backend_stats", len, RTE_CACHE_LINE_SIZE, socket);

		stats->counts[i] =
			counts ? counts : rte_zmalloc("backend_stats", len, RTE_CACHE_LINE_SIZE);
		if (!stats->counts[i++]) {
			stop_backend_stats(stats);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Gives workers replicas of generations on their own NUMA nodes, if there are several. Returns
 * 0 or -ENOMEM. */
static int replicate(struct publish *publish)
{
	const struct glb_arena *arena = &publish->current->gen->arena;
	struct numa_nodes nodes = {.count = 0};
	unsigned int lcore;
	int err;

	if (rte_socket_count() < 2)
		return 0;
	RTE_LCORE_FOREACH_WORKER (lcore)
		numa_nodes_add(&nodes, rte_lcore_to_socket_id(lcore));
	err = numa_place(nodes.ids[0], arena->base, arena->len);
	if (err)
		log_warning("tables may be on other NUMA nodes than the workers: %s",
			    strerror(-err));
	log_info("workers are on %u NUMA nodes, each of which has the tables", nodes.count);
	return publish_replicate(publish, &nodes);
}

void deploy_stop(struct workers *workers)
{
	publish_stop(&workers->publish);
	stop_backend_stats(&workers->backend_stats);
}

int deploy_first(struct workers *workers, struct glb_generation *gen, bool backend_counters)
{
	struct backend_stats_map *map = NULL;
	int err;

	if (backend_counters && start_backend_stats(&workers->backend_stats)) {
		log_error(
			"no memory for counters of backends, a MiB per worker; reserve hugepages, "
			"raise -m or set backend_counters to false");
		glb_generation_free(gen);
		return -ENOMEM;
	}
	err = make_map(&map, &workers->backend_stats, gen);
	if (!err)
		err = publish_start(&workers->publish, gen, map, rte_lcore_count() - 1);
	if (err) {
		log_error("out of memory");
		backend_stats_map_free(map);
		stop_backend_stats(&workers->backend_stats);
		glb_generation_free(gen);
		return err;
	}
	err = replicate(&workers->publish);
	if (err) {
		log_error("out of memory");
		deploy_stop(workers);
	}
	return err;
}
