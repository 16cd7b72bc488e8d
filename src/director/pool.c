/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <rte_mbuf_pool_ops.h>

#include "director/ethdev.h"
#include "director/pool.h"
#include "sys/log_pairs.h"

enum { CACHE_LEN = 256 }; /* mbufs in each worker's cache */

static bool populate(struct rte_mempool *pool, uint16_t room)
{
	struct rte_pktmbuf_pool_private sizes = {.mbuf_data_room_size = room};

	if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL))
		return false;
	rte_pktmbuf_pool_init(pool, &sizes);
	if (rte_mempool_populate_default(pool) < 0)
		return false;
	(void)rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return true;
}

struct rte_mempool *pool_make(const char *name, unsigned int count, uint16_t room, int socket)
{
	unsigned int flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
	struct rte_mempool *pool =
		rte_mempool_create_empty(name, count, sizeof(struct rte_mbuf) + room, CACHE_LEN,
					 sizeof(struct rte_pktmbuf_pool_private), socket, flags);

	if (pool && !populate(pool, room)) {
		rte_mempool_free(pool);
		pool = NULL;
	}
	return pool;
}

int pool_refuse(struct glb_diag *diag, unsigned int count, uint16_t room)
{
	uint64_t bytes = (uint64_t)count * (RTE_CACHE_LINE_SIZE + sizeof(struct rte_mbuf) + room);

	/* DPDK's own reason may stem from an earlier attempt */
	glb_diag(diag,
		 "no memory for packet buffers, which take %u MiB: reserve hugepages or raise -m",
		 (unsigned int)(bytes >> 20) + 1);
	return -ENOMEM;
}

void pool_follow(struct pool_watch *watch, const struct rte_mempool *pool, uint64_t now_ms)
{
	unsigned int count = rte_mempool_get_ops(pool->ops_index)->get_count(pool);

	if (watch->is_empty == !count)
		return;
	watch->is_empty = !count;
	if (!count && sparing_allows(&watch->lines, now_ms)) {
		const struct log_pairs gone = log_pairs_of("buffers_gone");

		watch->is_said = true;
		log_event(LOG_LEVEL_WARNING, &gone,
			  "no packet buffer is free, of %u: what arrives is lost, but for what "
			  "fits into those that workers keep",
			  pool->size);
	} else if (count && watch->is_said) {
		const struct log_pairs back = log_pairs_of("buffers_back");

		watch->is_said = false;
		log_event(LOG_LEVEL_INFO, &back, "packet buffers are free again: %u of %u", count,
			  pool->size);
	}
}
