/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "director/pool.h"

enum { CACHE_LEN = 256 }; /* mbufs a worker keeps for itself */

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
