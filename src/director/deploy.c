/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_malloc.h>

#include "director/deploy.h"
#include "sys/log.h"

/* Finds where packets of a generation are counted: nowhere, if backends are not. 0 or -ENOMEM. */
static int make_map(struct tally_map **out, struct tally *tally, const struct glb_generation *gen)
{
	struct tally_map *map = NULL;
	int err = tally->counts ? tally_map_make(&map, tally, &gen->tables) : 0;

	if (err)
		return err;
	if (map && map->sharing)
		log_warning("%" PRIu32 " tables and backends cannot be counted apart: there is "
			    "room for %d",
			    map->sharing, TALLY_SLOTS - 1);
	*out = map;
	return 0;
}

int deploy_next(struct workers *workers, struct glb_generation *gen, const struct served *built)
{
	struct tally_map *map = NULL;
	int err = make_map(&map, &workers->tally, gen);

	if (!err)
		err = publish_replace(&workers->publish, gen, map, built);
	if (err) {
		log_error("out of memory");
		tally_map_free(map);
		glb_generation_free(gen);
	}
	return err;
}

/* Gives back what start_tally() took, if it did. */
static void stop_tally(struct tally *tally)
{
	for (unsigned int i = 0; i < tally->worker_count && tally->counts; i++)
		rte_free(tally->counts[i]);
	tally_stop(tally);
}

/* Has every worker count near its lcore, if there is room. 0 or -ENOMEM. */
static int start_tally(struct tally *tally)
{
	const size_t len = TALLY_SLOTS * sizeof(struct tally_count);
	int err = tally_start(tally, rte_lcore_count() - 1);
	unsigned int lcore;
	unsigned int i = 0;

	if (err)
		return err;
	RTE_LCORE_FOREACH_WORKER (lcore) {
		int socket = (int)rte_lcore_to_socket_id(lcore);
		struct tally_count *counts =
			rte_zmalloc_socket("tally", len, RTE_CACHE_LINE_SIZE, socket);

		tally->counts[i] = counts ? counts : rte_zmalloc("tally", len, RTE_CACHE_LINE_SIZE);
		if (!tally->counts[i++]) {
			stop_tally(tally);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Has workers find generations on their own NUMA nodes, where there are several. 0 or -ENOMEM. */
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
		log_warning("tables may lie on other NUMA nodes than workers: %s", strerror(-err));
	log_info("workers are on %u NUMA nodes, each of which has the tables", nodes.count);
	return publish_replicate(publish, &nodes);
}

void deploy_stop(struct workers *workers)
{
	publish_stop(&workers->publish);
	stop_tally(&workers->tally);
}

int deploy_first(struct workers *workers, struct glb_generation *gen, bool backend_counters)
{
	struct tally_map *map = NULL;
	int err;

	if (backend_counters && start_tally(&workers->tally)) {
		log_error(
			"no memory for counters of backends, a MiB per worker; reserve hugepages, "
			"raise -m or set backend_counters to false");
		glb_generation_free(gen);
		return -ENOMEM;
	}
	err = make_map(&map, &workers->tally, gen);
	if (!err)
		err = publish_start(&workers->publish, gen, map, rte_lcore_count() - 1);
	if (err) {
		log_error("out of memory");
		tally_map_free(map);
		stop_tally(&workers->tally);
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
