/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where are the buffers of packets?
 */
#ifndef DIRECTOR_POOL_H
#define DIRECTOR_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>

#include "director/dpdk.h"
#include "sys/sparing.h"

/*
 * Makes a pool like rte_pktmbuf_pool_create(), but without gaps where the devices need none.
 *
 * DPDK has no buffer go over the end of a page, as the next one may lie elsewhere. For devices that
 * use virtual addresses it does not, and net_af_xdp (22.11) reckons without gaps: without
 * hugepages it shows the kernel 58 % of the pool, and stalls when it has used the rest.
 *
 * NULL with rte_errno on failure.
 */
struct rte_mempool *pool_make(const char *name, unsigned int count, uint16_t room, int socket);

/* Says how much memory so many buffers would have taken. Returns -ENOMEM. */
int pool_refuse(struct glb_diag *diag, unsigned int count, uint16_t room);

/* What is known of a pool; all 0 at first. */
struct pool_watch {
	bool is_empty; /* but for the buffers that workers keep for themselves */
	bool is_said;  /* so the log says */
	struct sparing lines;
};

/*
 * Logs that a pool has no buffer for what arrives, and that it has some again: ten times a minute
 * at most. To be called in every turn, by the control thread. A pool has more buffers than there
 * are places for them, so that an empty one is due to a driver or a fault.
 */
void pool_follow(struct pool_watch *watch, const struct rte_mempool *pool, uint64_t now_ms);

#endif
