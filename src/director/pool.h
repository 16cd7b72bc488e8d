/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where are packet buffers allocated?
 */
#ifndef DIRECTOR_POOL_H
#define DIRECTOR_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>

#include "director/dpdk.h"
#include "sys/sparing.h"

/*
 * Makes a pool like rte_pktmbuf_pool_create(), but without gaps if the devices do not need them.
 *
 * DPDK avoids buffers that cross a page boundary, as the next page may be elsewhere in physical
 * memory. With devices that use virtual addresses this is unnecessary, and net_af_xdp (22.11) does
 * not expect gaps: without hugepages it registers 58 % of the pool with the kernel, and stalls when
 * it uses the rest.
 *
 * Returns NULL with rte_errno on failure.
 */
struct rte_mempool *pool_make(const char *name, unsigned int count, uint16_t room, int socket);

/* Reports how much memory that many buffers would have required. Returns -ENOMEM. */
int pool_refuse(struct glb_diag *diag, unsigned int count, uint16_t room);

/* What is known of a pool; initially all zeros. */
struct pool_watch {
	bool is_empty; /* except for buffers cached by workers */
	bool is_said;  /* as logged last */
	struct sparing lines;
};

/*
 * Logs that a pool has no free buffer for received packets, and that it has some again, at most ten
 * times a minute. To be called in every turn of the control thread. A pool has more buffers than
 * there are places for them, so an empty one indicates a fault of a driver or ours.
 */
void pool_follow(struct pool_watch *watch, const struct rte_mempool *pool, uint64_t now_ms);

#endif
