/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "director/frame.h"
#include "director/worker.h"
#include "sys/log.h"

enum {
	BURST = HANDOVER_BURST,
	RING_LEN = 1024,
	SPINS_BEFORE_SLEEP = 64, /* empty polls: about a microsecond of pauses */
	TIMER_SLACK_NS = 1000,	 /* the kernel's default would add 50 microseconds to every sleep */
};

/* Frames to send, gathered per port. */
struct outbox {
	uint16_t counts[GLB_PORTS_MAX];
	struct rte_mbuf *mbufs[GLB_PORTS_MAX][BURST];
};

static bool owns_queue(const struct worker *w)
{
	return w->index < w->all->ports.queue_count;
}

/*
 * Sends n frames; returns how many the port took, and frees the others. A port that stops early is
 * full, or does not take the frame it stopped at for its size: then those behind it must not
 * suffer.
 */
static uint16_t transmit(const struct ports *ports, uint16_t port, uint16_t queue,
			 struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t taken = 0;
	uint16_t at = 0;

	while (at < n) {
		uint16_t sent = rte_eth_tx_burst(port, queue, mbufs + at, n - at);

		taken += sent;
		at += sent;
		if (at < n && mbufs[at]->pkt_len <= ports_frame_max(ports, port))
			break;
		if (at < n)
			rte_pktmbuf_free(mbufs[at++]);
	}
	if (at < n)
		rte_pktmbuf_free_bulk(mbufs + at, n - at);
	return taken;
}

static void send_burst(struct worker *w, uint16_t port, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t sent = transmit(&w->all->ports, port, (uint16_t)w->index, mbufs, n);

	w->counters.tx += sent;
	w->counters.tx_dropped += n - sent;
}

/* Sends n frames through a port; a worker without a queue gives them to an owner. */
static void leave(struct worker *w, uint16_t port, struct rte_mbuf **mbufs, uint16_t n)
{
	const struct workers *all = w->all;

	if (owns_queue(w))
		send_burst(w, port, mbufs, n);
	else
		w->counters.tx_dropped += handover_put(
			all->workers[w->index % all->ports.queue_count].tx_ring, mbufs, n);
}

/* Sends what was gathered. */
static void flush(struct worker *w, struct outbox *out)
{
	const struct ports *ports = &w->all->ports;

	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t id = ports->ids[i];

		if (out->counts[id])
			leave(w, id, out->mbufs[id], out->counts[id]);
		out->counts[id] = 0;
	}
}

static void gather(struct outbox *out, struct rte_mbuf *mbuf)
{
	out->mbufs[mbuf->port][out->counts[mbuf->port]++] = mbuf;
}

static uint64_t now_ns(const struct worker *w)
{
	return (uint64_t)((unsigned __int128)rte_rdtsc() * w->all->ns_per_tick >> 32);
}

/* Carries GLB_FORWARD out, up to counting the verdict and sending. */
static void forward(struct worker *w, const struct glb_generation *gen, struct rte_mbuf *mbuf,
		    const struct glb_packet *pkt)
{
	if (w->map)
		tally_add(w->tally, w->map, pkt);
	frame_adopt(mbuf, pkt, frame_offload(mbuf, pkt, gen->settings.udp_checksum));
}

/* Carries any other verdict out. */
static void settle(struct worker *w, const struct glb_generation *gen, struct rte_mbuf *mbuf,
		   struct glb_packet *pkt, struct outbox *out)
{
	if (glb_verdict_is_answer(pkt->verdict))
		glb_answer_within(&w->answers, gen, pkt, now_ns(w));
	w->counters.verdicts[pkt->verdict]++;
	if (glb_verdict_is_answer(pkt->verdict)) {
		frame_adopt(mbuf, pkt, 0);
		gather(out, mbuf);
	} else if (glb_verdict_is_punt(pkt->verdict) && w->all->punt_ring) {
		w->counters.punt_dropped += handover_put(w->all->punt_ring, &mbuf, 1);
	} else {
		rte_pktmbuf_free(mbuf);
	}
}

/* Describes a burst, with the headers that will be read and written on their way from memory. */
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

/* Are all to be forwarded, through one port? That is what nearly every burst is. */
static bool is_uniform(const struct glb_packet *packets, unsigned int n)
{
	unsigned int differences = 0;

	for (unsigned int i = 0; i < n; i++)
		differences |=
			(packets[i].verdict ^ GLB_FORWARD) | (packets[i].port ^ packets[0].port);
	return !differences;
}

static void process(struct worker *w, const struct glb_generation *gen, struct rte_mbuf **mbufs,
		    unsigned int n)
{
	struct glb_packet packets[BURST];
	struct outbox out;

	describe_burst(w, packets, mbufs, n);
	glb_forward(gen, packets, n);
	if (GLB_LIKELY(is_uniform(packets, n))) {
		w->counters.verdicts[GLB_FORWARD] += n;
		for (unsigned int i = 0; i < n; i++)
			forward(w, gen, mbufs[i], &packets[i]);
		leave(w, packets[0].port, mbufs, (uint16_t)n);
		return;
	}
	memset(out.counts, 0, sizeof(out.counts));
	for (unsigned int i = 0; i < n; i++) {
		if (packets[i].verdict != GLB_FORWARD) {
			settle(w, gen, mbufs[i], &packets[i], &out);
			continue;
		}
		w->counters.verdicts[GLB_FORWARD]++;
		forward(w, gen, mbufs[i], &packets[i]);
		gather(&out, mbufs[i]);
	}
	flush(w, &out);
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
			mbufs[k]->port = ports->ids[i]; /* drivers name what is below a bond */
		}
		if (w->batches)
			w->counters.handover_dropped +=
				handover_burst(&w->all->handover, w->batches, mbufs, n);
		else
			process(w, gen, mbufs, n);
	}
	w->counters.rx += received;
	return received;
}

/* Takes a burst out of a ring, with the mbufs on their way from the other worker's cache. */
static unsigned int take(struct rte_ring *ring, struct rte_mbuf **mbufs)
{
	unsigned int n = rte_ring_dequeue_burst(ring, (void **)mbufs, BURST, NULL);

	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(mbufs[i]);
	return n;
}

/* As many bursts as serve_queues() receives, so that no ring fills while its worker keeps up. */
static unsigned int serve_in_ring(struct worker *w, const struct glb_generation *gen)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int done = 0;

	for (unsigned int i = 0; i < w->all->ports.count; i++) {
		unsigned int n = take(w->in_ring, mbufs);

		if (!n)
			break;
		process(w, gen, mbufs, n);
		done += n;
	}
	return done;
}

/* Likewise. */
static unsigned int serve_tx_ring(struct worker *w)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int done = 0;
	struct outbox out;

	memset(out.counts, 0, sizeof(out.counts));
	for (unsigned int i = 0; i < w->all->ports.count; i++) {
		unsigned int n = take(w->tx_ring, mbufs);

		if (!n)
			break;
		for (unsigned int k = 0; k < n; k++)
			gather(&out, mbufs[k]);
		flush(w, &out);
		done += n;
	}
	return done;
}

/* Worker 0: between the kernel, behind the twin port, and the first port. */
static unsigned int serve_twin(struct worker *w)
{
	uint16_t twin = w->all->ports.punt_id;
	struct rte_mbuf *mbufs[BURST];
	unsigned int n = rte_ring_dequeue_burst(w->all->punt_ring, (void **)mbufs, BURST, NULL);
	uint16_t sent = transmit(&w->all->ports, twin, 0, mbufs, (uint16_t)n);

	w->counters.punted += sent;
	w->counters.punt_dropped += n - sent;

	uint16_t back = rte_eth_rx_burst(twin, 0, mbufs, BURST);

	w->counters.from_kernel += back;
	if (back)
		send_burst(w, w->all->ports.ids[0], mbufs, back);
	return n + back;
}

unsigned int worker_serve(struct worker *w, const struct served *served)
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
	if (w->all->punt_ring && w->index == 0)
		done += serve_twin(w);
	return done;
}

static void rest(unsigned int empty_polls, uint32_t sleep_us)
{
	const struct timespec nap = {.tv_nsec = (long)sleep_us * 1000};

	if (empty_polls < SPINS_BEFORE_SLEEP || !sleep_us)
		rte_pause();
	else
		(void)nanosleep(&nap, NULL);
}

static int run(void *arg)
{
	struct worker *w = arg;
	struct workers *all = w->all;
	unsigned int empty_polls = 0;

	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	publish_join(&all->publish, w->index);
	while (!__atomic_load_n(&all->stop, __ATOMIC_RELAXED)) {
		const struct served *served = publish_current(&all->publish);
		unsigned int done = worker_serve(w, served);

		w->counters.generation = served->near[w->node]->number;
		publish_quiescent(&all->publish, w->index);
		empty_polls = done ? 0 : empty_polls + 1;
		if (empty_polls)
			rest(empty_polls, all->idle_sleep_us);
	}
	publish_leave(&all->publish, w->index);
	return 0;
}

/* A ring that one worker reads. */
static struct rte_ring *make_ring(const char *what, unsigned int index, unsigned int writers)
{
	unsigned int flags = RING_F_SC_DEQ | (writers == 1 ? RING_F_SP_ENQ : 0);
	char name[RTE_RING_NAMESIZE];

	(void)snprintf(name, sizeof(name), "glb-%s-%u", what, index);
	return rte_ring_create(name, RING_LEN, (int)rte_socket_id(), flags);
}

/* How many workers without a queue send through owner i. */
static unsigned int count_guests(const struct workers *all, unsigned int i)
{
	unsigned int queues = all->ports.queue_count;

	return (all->count - i - 1) / queues;
}

/* What an owner of queues needs to hand over. False: out of memory. */
static bool equip_owner(struct worker *w)
{
	unsigned int guests = count_guests(w->all, w->index);

	if (guests)
		w->tx_ring = make_ring("tx", w->index, guests);
	w->batches = rte_zmalloc("glb-batches", w->all->count * sizeof(*w->batches),
				 RTE_CACHE_LINE_SIZE);
	return w->batches && (w->tx_ring || !guests);
}

/* Has owners of queues hand packets over. False: out of memory. */
static bool make_handover(struct workers *all)
{
	unsigned int queues = all->ports.queue_count;
	bool made = true;

	spread_assign(&all->handover.spread, queues, all->count);
	all->handover.count = all->count;
	for (unsigned int i = 0; i < all->count && made; i++) {
		struct worker *w = &all->workers[i];

		if (spread_weight(i, queues, all->count)) {
			w->in_ring = make_ring("in", i, queues);
			all->handover.rings[i] = w->in_ring;
			made = w->in_ring;
		}
		made = made && (!owns_queue(w) || equip_owner(w));
	}
	return made;
}

/* False: out of memory. */
static bool make_rings(struct workers *all)
{
	if (all->punt_unmatched && all->ports.punt_id != PORT_NONE) {
		all->punt_ring = make_ring("punt", 0, all->count);
		if (!all->punt_ring)
			return false;
	}
	return all->ports.queue_count >= all->count || make_handover(all);
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
			.tally = all->tally.counts ? all->tally.counts[i] : NULL,
		};
	if (!make_rings(all)) {
		glb_diag(diag, "no memory for rings: %s", rte_strerror(rte_errno));
		workers_free(all);
		return -ENOMEM;
	}
	return 0;
}

void workers_start(struct workers *all)
{
	unsigned int lcore;
	unsigned int i = 0;

	__atomic_store_n(&all->stop, false, __ATOMIC_RELAXED);
	RTE_LCORE_FOREACH_WORKER (lcore) {
		struct worker *w = &all->workers[i++];

		w->node = nodes_index(&all->publish.nodes, rte_lcore_to_socket_id(lcore));
		(void)rte_eal_remote_launch(run, w, lcore);
	}
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

/* Has it ended in time? `*patience_ms` is what is left of that for all. */
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
	drain(all->punt_ring);
	return 0;
}

void workers_free(struct workers *all)
{
	for (unsigned int i = 0; i < all->count; i++) {
		rte_ring_free(all->workers[i].in_ring);
		rte_ring_free(all->workers[i].tx_ring);
		rte_free(all->workers[i].batches);
	}
	rte_ring_free(all->punt_ring);
	free(all->workers);
	all->workers = NULL;
}
