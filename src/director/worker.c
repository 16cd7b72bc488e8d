/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "director/ethdev.h"
#include "director/frame.h"
#include "director/worker.h"
#include "sys/log.h"

enum {
	BURST = HANDOFF_BURST,
	RING_LEN = 1024,
	SPINS_BEFORE_SLEEP = 64, /* empty polls: about a microsecond of pauses */
	TIMER_SLACK_NS = 1000,	 /* the kernel's default would add 50 microseconds to every sleep */
};

_Static_assert((int)TRACE_BURST == (int)BURST, "a ring takes whole bursts");

/* Where the packets of a burst go: frames to send, grouped by port, to punt, and to free. */
struct outbox {
	uint16_t counts[GLB_PORTS_MAX];
	uint16_t punt_count;
	uint16_t free_count;
	struct rte_mbuf *mbufs[GLB_PORTS_MAX][BURST];
	struct rte_mbuf *punted[BURST];
	struct rte_mbuf *freed[BURST];
};

static void empty(struct outbox *out)
{
	memset(out->counts, 0, sizeof(out->counts));
	out->punt_count = out->free_count = 0;
}

static bool owns_queue(const struct worker *w)
{
	return w->index < w->all->ports.queue_count;
}

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

/* Sends n frames through a port; a worker without a queue hands them to an owner. */
static void leave(struct worker *w, uint16_t port, struct rte_mbuf **mbufs, uint16_t n)
{
	const struct workers *all = w->all;

	if (owns_queue(w)) {
		worker_send(w, port, mbufs, n);
		return;
	}
	for (uint16_t i = 0; i < n; i++)
		mbufs[i]->port = port; /* read by the owner */
	w->counters.tx_dropped +=
		handoff_put(all->workers[w->index % all->ports.queue_count].tx_ring, mbufs, n);
}

/* Sends everything that was collected. */
static void worker_flush(struct worker *w, struct outbox *out)
{
	const struct ports *ports = &w->all->ports;

	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t id = ports->ids[i];

		if (out->counts[id])
			leave(w, id, out->mbufs[id], out->counts[id]);
		out->counts[id] = 0;
	}
}

static void worker_gather(struct outbox *out, uint16_t port, struct rte_mbuf *mbuf)
{
	out->mbufs[port][out->counts[port]++] = mbuf;
}

/* Carries out GLB_FORWARD, except for counting the verdict and sending. */
static void worker_forward(struct worker *w, const struct glb_generation *gen,
			   struct rte_mbuf *mbuf, const struct glb_packet *pkt)
{
	if (w->map)
		backend_stats_add(w->backend_stats, w->map, pkt);
	frame_adopt(mbuf, pkt, frame_offload(mbuf, pkt, gen->settings.udp_checksum));
}

/* Carries out any other verdict, except for sending. */
static void worker_settle(struct worker *w, const struct glb_generation *gen, struct rte_mbuf *mbuf,
			  struct glb_packet *pkt, struct outbox *out)
{
	if (glb_verdict_is_icmp_reply(pkt->verdict))
		glb_icmp_reply_within(&w->reply_limits, gen, pkt, worker_now_ns(w));
	w->counters.verdicts[pkt->verdict]++;
	if (glb_verdict_is_icmp_reply(pkt->verdict)) {
		frame_adopt(mbuf, pkt, 0);
		worker_gather(out, pkt->port, mbuf);
	} else if (glb_verdict_is_punt(pkt->verdict) && w->all->twins.count) {
		out->punted[out->punt_count++] = mbuf;
	} else {
		out->freed[out->free_count++] = mbuf;
	}
}

/* Describes a burst, and prefetches the headers that will be read and written. */
static void describe_burst(struct worker *w, struct glb_packet *packets, struct rte_mbuf **mbufs,
			   unsigned int n)
{
	const uint32_t *frame_max = w->all->ports.frame_max;
	unsigned int merged = 0;

	for (unsigned int i = 0; i < n; i++) {
		frame_describe(&packets[i], mbufs[i]);
		rte_prefetch0(packets[i].data);
		__builtin_prefetch(packets[i].data - RTE_CACHE_LINE_SIZE, 1);
		merged += packets[i].len > frame_max[mbufs[i]->port];
	}
	w->counters.merged += merged;
}

/* Are all packets to be forwarded through one port? True for nearly every burst. */
static bool is_uniform(const struct glb_packet *packets, unsigned int n)
{
	unsigned int differences = 0;

	for (unsigned int i = 0; i < n; i++)
		differences |=
			(packets[i].verdict ^ GLB_FORWARD) | (packets[i].port ^ packets[0].port);
	return !differences;
}

/* Carries out the verdicts of a burst, except for sending. */
static void settle_burst(struct worker *w, const struct glb_generation *gen, struct outbox *out,
			 struct glb_packet *packets, struct rte_mbuf **mbufs, unsigned int n)
{
	empty(out);
	for (unsigned int i = 0; i < n; i++) {
		if (packets[i].verdict != GLB_FORWARD) {
			worker_settle(w, gen, mbufs[i], &packets[i], out);
			continue;
		}
		w->counters.verdicts[GLB_FORWARD]++;
		worker_forward(w, gen, mbufs[i], &packets[i]);
		worker_gather(out, glb_way_out(&gen->settings, packets[i].port), mbufs[i]);
	}
}

static void send_burst(struct worker *w, const struct glb_generation *gen, struct outbox *out)
{
	worker_flush(w, out);
	if (out->punt_count)
		twins_punt(w, gen, out->punted, out->punt_count);
	if (out->free_count)
		rte_pktmbuf_free_bulk(out->freed, out->free_count);
}

/* Like process(), while a trace is active. */
static __attribute__((noinline, cold)) void process_traced(struct worker *w,
							   struct trace_ring *trace,
							   const struct glb_generation *gen,
							   struct rte_mbuf **mbufs, unsigned int n)
{
	struct glb_packet packets[BURST];
	struct outbox out;

	describe_burst(w, packets, mbufs, n);
	trace_before(trace, packets, n);
	glb_forward(gen, packets, n);
	trace_decided(trace, packets, n);
	settle_burst(w, gen, &out, packets, mbufs, n);
	trace_settled(trace, gen, packets, n, rte_rdtsc());
	send_burst(w, gen, &out);
}

static void process(struct worker *w, const struct glb_generation *gen, struct rte_mbuf **mbufs,
		    unsigned int n)
{
	struct trace_ring *trace = __atomic_load_n(&w->trace, __ATOMIC_ACQUIRE);
	struct glb_packet packets[BURST];
	struct outbox out;

	if (GLB_UNLIKELY(trace)) {
		process_traced(w, trace, gen, mbufs, n);
		return;
	}
	describe_burst(w, packets, mbufs, n);
	glb_forward(gen, packets, n);
	if (GLB_LIKELY(is_uniform(packets, n))) {
		w->counters.verdicts[GLB_FORWARD] += n;
		for (unsigned int i = 0; i < n; i++)
			worker_forward(w, gen, mbufs[i], &packets[i]);
		leave(w, glb_way_out(&gen->settings, packets[0].port), mbufs, (uint16_t)n);
		return;
	}
	settle_burst(w, gen, &out, packets, mbufs, n);
	send_burst(w, gen, &out);
}

static unsigned int serve_queues(struct worker *w, const struct glb_generation *gen)
{
	const struct ports *ports = &w->all->ports;
	unsigned int received = 0;

	for (unsigned int i = 0; i < ports->count; i++) {
		struct rte_mbuf *mbufs[BURST];
		uint16_t n = rte_eth_rx_burst(ports->ids[i], (uint16_t)w->index, mbufs, BURST);

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
			process(w, gen, mbufs, n);
	}
	w->counters.rx += received;
	return received;
}

/* Takes a burst from a ring, and prefetches the mbufs from the other worker's cache. */
static unsigned int worker_take(struct rte_ring *ring, struct rte_mbuf **mbufs)
{
	unsigned int n = rte_ring_dequeue_burst(ring, (void **)mbufs, BURST, NULL);

	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(mbufs[i]);
	return n;
}

/* Takes as many bursts as serve_queues() receives, so that no ring fills while its worker keeps
 * up. */
static unsigned int serve_in_ring(struct worker *w, const struct glb_generation *gen)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int done = 0;

	for (unsigned int i = 0; i < w->all->ports.count; i++) {
		unsigned int n = worker_take(w->in_ring, mbufs);

		if (!n)
			break;
		process(w, gen, mbufs, n);
		done += n;
	}
	return done;
}

/* As many bursts as serve_in_ring(). */
static unsigned int serve_tx_ring(struct worker *w)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int done = 0;
	struct outbox out;

	empty(&out);
	for (unsigned int i = 0; i < w->all->ports.count; i++) {
		unsigned int n = worker_take(w->tx_ring, mbufs);

		if (!n)
			break;
		for (unsigned int k = 0; k < n; k++)
			worker_gather(&out, mbufs[k]->port, mbufs[k]);
		worker_flush(w, &out);
		done += n;
	}
	return done;
}

static unsigned int worker_serve(struct worker *w, const struct served *served)
{
	const struct glb_generation *gen = served->near[w->node];
	unsigned int done = 0;

	w->map = served->map;
	if (owns_queue(w))
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

	for (unsigned int i = 0; i < ports->count && owns_queue(w); i++) {
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

static int worker_run(void *arg)
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

/* A ring with one consumer. */
static struct rte_ring *worker_make_ring(const char *what, unsigned int index, unsigned int writers)
{
	unsigned int flags = RING_F_SC_DEQ | (writers == 1 ? RING_F_SP_ENQ : 0);
	char name[RTE_RING_NAMESIZE];

	(void)snprintf(name, sizeof(name), "glb-%s-%u", what, index);
	return rte_ring_create(name, RING_LEN, (int)rte_socket_id(), flags);
}

/* The number of workers without a queue that send through owner i. */
static unsigned int count_guests(const struct workers *all, unsigned int i)
{
	unsigned int queues = all->ports.queue_count;

	return (all->count - i - 1) / queues;
}

/* Creates the rings that an owner of queues needs for handoff. False if memory runs out. */
static bool equip_owner(struct worker *w)
{
	unsigned int guests = count_guests(w->all, w->index);

	if (guests)
		w->tx_ring = worker_make_ring("tx", w->index, guests);
	w->batches = rte_zmalloc("glb-batches", w->all->count * sizeof(*w->batches),
				 RTE_CACHE_LINE_SIZE);
	return w->batches && (w->tx_ring || !guests);
}

/* Prepares owners of queues to hand over packets. False if memory runs out. */
static bool make_handoff(struct workers *all)
{
	unsigned int queues = all->ports.queue_count;
	bool made = true;

	rss_assign(&all->handoff.rss, queues, all->count);
	all->handoff.count = all->count;
	for (unsigned int i = 0; i < all->count && made; i++) {
		struct worker *w = &all->workers[i];

		if (rss_weight(i, queues, all->count)) {
			w->in_ring = worker_make_ring("in", i, queues);
			all->handoff.rings[i] = w->in_ring;
			made = w->in_ring;
		}
		made = made && (!owns_queue(w) || equip_owner(w));
	}
	return made;
}

/* False if memory runs out. */
static bool make_rings(struct workers *all)
{
	if (all->punt_unmatched && twins_make(&all->twins, &all->ports, all->count))
		return false;
	return all->ports.queue_count >= all->count || make_handoff(all);
}

int workers_make(struct workers *all, unsigned int count, struct glb_diag *diag)
{
	all->count = count;
	all->ns_per_tick = ((uint64_t)NS_PER_S << 32) / rte_get_tsc_hz();
	all->workers = aligned_alloc(RTE_CACHE_LINE_SIZE, count * sizeof(*all->workers));
	if (!all->workers) {
		glb_diag(diag, "out of memory");
		return -ENOMEM;
	}
	memset(all->workers, 0, count * sizeof(*all->workers));
	for (unsigned int i = 0; i < count; i++)
		all->workers[i] = (struct worker){
			.all = all,
			.index = i,
			.backend_stats =
				all->backend_stats.counts ? all->backend_stats.counts[i] : NULL,
		};
	if (!make_rings(all)) {
		glb_diag(diag, "no memory for rings: %s", rte_strerror(rte_errno));
		workers_free(all);
		return -ENOMEM;
	}
	return 0;
}

int workers_start(struct workers *all, struct glb_diag *diag)
{
	unsigned int lcore;
	unsigned int i = 0;
	int err = twins_start(&all->twins);

	if (err) {
		glb_diag(diag, "no thread for the twin ports: %s", strerror(-err));
		return err;
	}

	__atomic_store_n(&all->stop, false, __ATOMIC_RELAXED);
	RTE_LCORE_FOREACH_WORKER (lcore) {
		struct worker *w = &all->workers[i++];

		w->node = numa_nodes_index(&all->publish.nodes, rte_lcore_to_socket_id(lcore));
		(void)rte_eal_remote_launch(worker_run, w, lcore);
	}
	return 0;
}

bool workers_serve(const struct workers *all)
{
	for (unsigned int i = 0; i < all->count; i++)
		if (!__atomic_load_n(&all->workers[i].counters.generation, __ATOMIC_RELAXED))
			return false;
	return true;
}

static void drain(struct rte_ring *ring)
{
	void *mbuf;

	while (ring && !rte_ring_dequeue(ring, &mbuf))
		rte_pktmbuf_free(mbuf);
}

unsigned int worker_lcore(unsigned int index)
{
	unsigned int lcore;

	RTE_LCORE_FOREACH_WORKER (lcore)
		if (!index--)
			break;
	return lcore;
}

/* Has it ended in time? `*patience_ms` is the time left for all workers. */
static bool has_left(unsigned int lcore, unsigned int *patience_ms)
{
	while (rte_eal_get_lcore_state(lcore) == RUNNING) {
		if (!*patience_ms)
			return false;
		--*patience_ms;
		rte_delay_us_sleep(1000);
	}
	(void)rte_eal_wait_lcore(lcore);
	return true;
}

int workers_pause(struct workers *all)
{
	unsigned int patience_ms = WORKERS_PATIENCE_MS;
	int err = 0;

	__atomic_store_n(&all->stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < all->count; i++) {
		if (has_left(worker_lcore(i), &patience_ms))
			continue;
		log_error("worker %u on lcore %u does not stop", i, worker_lcore(i));
		err = -ETIMEDOUT;
	}
	twins_stop(&all->twins);
	return err;
}

int workers_stop(struct workers *all)
{
	int err = workers_pause(all);

	if (err)
		return err;
	for (unsigned int i = 0; i < all->count; i++) {
		drain(all->workers[i].in_ring);
		drain(all->workers[i].tx_ring);
	}
	return 0;
}

void workers_free(struct workers *all)
{
	for (unsigned int i = 0; i < all->count; i++) {
		rte_ring_free(all->workers[i].in_ring);
		rte_ring_free(all->workers[i].tx_ring);
		rte_free(all->workers[i].batches);
	}
	twins_free(&all->twins);
	free(all->workers);
	all->workers = NULL;
}
