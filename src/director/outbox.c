/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/outbox.h"
#include "director/ethdev.h"

void worker_send(struct worker *w, uint16_t port, struct rte_mbuf **mbufs, uint16_t n)
{
	const struct tx_queue tx = {
		.port = port,
		.queue = (uint16_t)w->index,
		.frame_max = w->all->ports.frame_max[port],
	};
	uint16_t sent = transmit(&tx, mbufs, n);

	w->counters.tx += sent;
	w->counters.tx_dropped += n - sent;
}

void outbox_leave(struct worker *w, uint16_t port, struct rte_mbuf **mbufs, uint16_t n)
{
	const struct workers *all = w->all;

	if (worker_owns_queue(w)) {
		worker_send(w, port, mbufs, n);
		return;
	}
	for (uint16_t i = 0; i < n; i++)
		mbufs[i]->port = port; /* read by the owner */
	w->counters.tx_dropped +=
		handoff_put(all->workers[w->index % all->ports.queue_count].tx_ring, mbufs, n);
}

void outbox_flush(struct worker *w, struct outbox *out)
{
	const struct ports *ports = &w->all->ports;

	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t id = ports->ids[i];

		if (out->counts[id])
			outbox_leave(w, id, out->mbufs[id], out->counts[id]);
		out->counts[id] = 0;
	}
}
