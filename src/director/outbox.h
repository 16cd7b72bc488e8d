/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where do the packets of a burst go?
 *
 * Frames to be sent are collected by port, so that each port gets all of a burst at once.
 */
#ifndef DIRECTOR_OUTBOX_H
#define DIRECTOR_OUTBOX_H

#include <string.h>

#include "director/worker.h"

/* Of up to HANDOFF_BURST packets: frames to send, grouped by port, to punt, and to free. */
struct outbox {
	uint16_t counts[GLB_PORTS_MAX];
	uint16_t punt_count;
	uint16_t free_count;
	struct rte_mbuf *mbufs[GLB_PORTS_MAX][HANDOFF_BURST];
	struct rte_mbuf *punted[HANDOFF_BURST];
	struct rte_mbuf *freed[HANDOFF_BURST];
};

/* Must precede anything else. */
static inline void outbox_empty(struct outbox *out)
{
	memset(out->counts, 0, sizeof(out->counts));
	out->punt_count = out->free_count = 0;
}

static inline void outbox_add(struct outbox *out, uint16_t port, struct rte_mbuf *mbuf)
{
	out->mbufs[port][out->counts[port]++] = mbuf;
}

/*
 * Sends n frames through a port: through the worker's own queue, or if it has none through that of
 * an owner. Those not sent are freed.
 */
void outbox_leave(struct worker *w, uint16_t port, struct rte_mbuf **mbufs, uint16_t n);

/* Sends all frames that were added. Those to be punted and freed stay. */
void outbox_flush(struct worker *w, struct outbox *out);

#endif
