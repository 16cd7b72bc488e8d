/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/prctl.h>
#include <time.h>

#include <rte_cycles.h>

#include "director/decide.h"
#include "director/ethdev.h"
#include "director/frame.h"
#include "director/outbox.h"

enum {
	SPINS_BEFORE_SLEEP = 64, /* empty polls: about a microsecond of pauses */
	TIMER_SLACK_NS = 1000,	 /* the kernel's default would add 50 microseconds to every sleep */
};

static unsigned int serve_queues(struct worker *w, const struct glb_generation *gen)
{
	const struct ports *ports = &w->all->ports;
	unsigned int received = 0;

	for (unsigned int i = 0; i < ports->count; i++) {
		struct rte_mbuf *mbufs[HANDOFF_BURST];
		uint16_t n =
			rte_eth_rx_burst(ports->ids[i], (uint16_t)w->index, mbufs, w->all->burst);

		if (!n)
			continue;
		received += n;
		for (uint16_t k = 0; k < n; k++) {
			if (mbufs[k]->nb_segs > 1)
				mbufs[k] = frame_join(mbufs[k], w->all->ports.large_pool);
			mbufs[k]->port = ports->ids[i]; /* drivers set the member of a bond */
		}
		if (w->batches)
			w->counters.handover_dropped +=
				handoff_burst(&w->all->handoff, w->batches, mbufs, n);
		else
			worker_decide(w, gen, mbufs, n);
	}
	w->counters.rx += received;
	return received;
}

/* Takes a burst from a ring, and prefetches the mbufs from the other worker's cache. */
static unsigned int worker_take(struct rte_ring *ring, struct rte_mbuf **mbufs, unsigned int burst)
{
	unsigned int n = rte_ring_dequeue_burst(ring, (void **)mbufs, burst, NULL);

	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(mbufs[i]);
	return n;
}

/* Takes as many bursts as serve_queues() receives, so that no ring fills while its worker keeps
 * up. */
static unsigned int serve_in_ring(struct worker *w, const struct glb_generation *gen)
{
	struct rte_mbuf *mbufs[HANDOFF_BURST];
	unsigned int done = 0;

	for (unsigned int i = 0; i < w->all->ports.count; i++) {
		unsigned int n = worker_take(w->in_ring, mbufs, w->all->burst);

		if (!n)
			break;
		worker_decide(w, gen, mbufs, n);
		done += n;
	}
	return done;
}

/* As many bursts as serve_in_ring(). */
static unsigned int serve_tx_ring(struct worker *w)
{
	struct rte_mbuf *mbufs[HANDOFF_BURST];
	unsigned int done = 0;
	struct outbox out;

	outbox_empty(&out);
	for (unsigned int i = 0; i < w->all->ports.count; i++) {
		unsigned int n = worker_take(w->tx_ring, mbufs, w->all->burst);

		if (!n)
			break;
		for (unsigned int k = 0; k < n; k++)
			outbox_add(&out, mbufs[k]->port, mbufs[k]);
		outbox_flush(w, &out);
		done += n;
	}
	return done;
}

static unsigned int worker_serve(struct worker *w, const struct served *served)
{
	const struct glb_generation *gen = served->near[w->node];
	unsigned int done = 0;

	w->map = served->map;
	if (worker_owns_queue(w))
		done += serve_queues(w, gen);
	if (w->in_ring)
		done += serve_in_ring(w, gen);
	if (w->tx_ring)
		done += serve_tx_ring(w);
	if (w->all->twins.count && w->index == 0)
		done += twins_serve(w, gen);
	return done;
}

/* Packets in the queues and the ring that it reads, as far as drivers report them. */
static uint32_t count_waiting(const struct worker *w)
{
	const struct ports *ports = &w->all->ports;
	uint32_t sum = w->in_ring ? rte_ring_count(w->in_ring) : 0;
	bool known = w->in_ring;

	for (unsigned int i = 0; i < ports->count && worker_owns_queue(w); i++) {
		int count = rte_eth_rx_queue_count(ports->ids[i], (uint16_t)w->index);

		known |= count >= 0;
		sum += count > 0 ? (uint32_t)count : 0;
	}
	return known ? sum : TURN_UNKNOWN;
}

/* Occasionally: reads the kernel's usage counters, and records a stall. */
static __attribute__((noinline, cold)) void look_closer(struct worker *w, struct turn_end end)
{
	if (end.is_stall)
		turn_add_stall(&w->turns, end.ns, count_waiting(w));
	if (end.is_due)
		turn_sample(&w->turns, &w->all->orders);
}

unsigned int worker_turn(struct worker *w, const struct served *served)
{
	const struct workers *all = w->all;
	struct turn_end end = turn_begin(&w->turns, &all->orders, all->ns_per_tick);

	if (GLB_UNLIKELY(end.is_stall || end.is_due))
		look_closer(w, end);
	w->turns.packets = worker_serve(w, served);
	return w->turns.packets;
}

static void worker_rest(unsigned int empty_polls, uint32_t sleep_us)
{
	const struct timespec nap = {.tv_nsec = (long)sleep_us * 1000};

	if (empty_polls < SPINS_BEFORE_SLEEP || !sleep_us)
		rte_pause();
	else
		(void)nanosleep(&nap, NULL);
}

int worker_run(void *arg)
{
	struct worker *w = arg;
	struct workers *all = w->all;
	unsigned int empty_polls = 0;

	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	publish_join(&all->publish, w->index);
	w->turns.began = 0; /* this may be the end of a pause */
	while (!__atomic_load_n(&all->stop, __ATOMIC_RELAXED)) {
		const struct served *served = publish_current(&all->publish);
		unsigned int done = worker_turn(w, served);

		w->counters.generation = served->near[w->node]->number;
		publish_quiescent(&all->publish, w->index);
		empty_polls = done ? 0 : empty_polls + 1;
		if (empty_polls)
			worker_rest(empty_polls, all->idle_sleep_us);
	}
	publish_leave(&all->publish, w->index);
	return 0;
}
