/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eth_ring.h>

#include "director/ethdev.h"
#include "director/worker.h"
#include "naive_handoff.h"
#include "rings.h"

enum {
	QUEUES = RINGS_QUEUES,
	FAR = QUEUES - 1, /* second worker: net_ring's counters of queues 0 and 1 share a line */
	CHUNK = 1024,	  /* packets of one worker between two looks at the clock: a NIC's ring */
	WARM_UP = 256,	  /* of these, before: others used the processor meanwhile */
	HANDED = 512,	  /* the chunk where rings between workers must take them */
	RING_LEN = 2048,  /* of the port */
	POOL_LEN = 4095,  /* for two workers, as many again on their way back from being sent */
	WORKERS_MAX = QUEUES,
};

struct rings {
	struct workers all;
	struct traffic traffic;
	struct rte_mempool *pool;
	struct rte_ring *rx[QUEUES]; /* of the port, seen from the director */
	struct rte_ring *tx[QUEUES];
	struct handoff naive;
	struct backend_stats_map *map;
	struct backend_stats_count counts[WORKERS_MAX][BACKEND_STATS_SLOTS] __rte_cache_aligned;
	bool count_backends;
};

static void die(const char *what)
{
	fprintf(stderr, "bench-rings: cannot %s: %s\n", what, rte_strerror(rte_errno));
	exit(EXIT_FAILURE);
}

/* One processor for each of two workers; the main lcore is worker 0. */
static void start_eal(bool huge)
{
	char *args[] = {"bench-rings",
			huge ? "--in-memory" : "--no-huge",
			"-m",
			"512",
			"--no-pci",
			"--no-telemetry",
			"--lcores",
			"0@0,1@1",
			"--log-level=error",
			"--no-shconf"};

	if (rte_eal_init(sizeof(args) / sizeof(*args), args) < 0)
		die("start the EAL; it takes two processors");
}

static struct rte_ring *make_ring(const char *what, unsigned int i, unsigned int len,
				  unsigned int flags)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	(void)snprintf(name, sizeof(name), "%s%u", what, i);
	ring = rte_ring_create(name, len, 0, flags | RING_F_SC_DEQ);

	if (!ring)
		die("make a ring");
	return ring;
}

static void make_port(struct rings *rings)
{
	const struct rte_eth_conf conf = {0};

	/* without a cache, so that all mbufs take turns */
	rings->pool = rte_pktmbuf_pool_create("pool", POOL_LEN, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (!rings->pool)
		die("make a pool");
	for (unsigned int q = 0; q < QUEUES; q++) {
		rings->rx[q] = make_ring("rx", q, RING_LEN, RING_F_SP_ENQ);
		rings->tx[q] = make_ring("tx", q, RING_LEN, RING_F_SP_ENQ);
	}
	if (rte_eth_from_rings("bench", rings->rx, QUEUES, rings->tx, QUEUES, 0) != 0 ||
	    rte_eth_dev_configure(0, QUEUES, QUEUES, &conf))
		die("make a port");
	for (uint16_t q = 0; q < QUEUES; q++)
		if (rte_eth_rx_queue_setup(0, q, RING_LEN, 0, NULL, rings->pool) ||
		    rte_eth_tx_queue_setup(0, q, RING_LEN, 0, NULL))
			die("set up a queue");
	if (rte_eth_dev_start(0))
		die("start a port");
}

/* Workers of a director that has so many queue pairs. */
void rings_start(struct rings *rings, const struct subject *subject, unsigned int queues,
		 unsigned int workers)
{
	struct backend_stats backend_stats;

	traffic_start(&rings->traffic, subject, GLB_ISA_BEST);
	if (backend_stats_start(&backend_stats, workers))
		die("count");
	memset(rings->counts, 0, sizeof(rings->counts));
	for (unsigned int i = 0; i < workers; i++)
		backend_stats.counts[i] = rings->counts[i];
	rings->all = (struct workers){.ports = {.count = 1, .frame_max = {1522}},
				      .backend_stats = backend_stats};
	if (backend_stats_map_make(&rings->map, &rings->all.backend_stats,
				   &rings->traffic.gen->tables))
		die("count");
	rings->count_backends = true;
	rings->all.ports.queue_count = (uint16_t)queues;
	if (workers_make(&rings->all, workers, NULL))
		die("make workers");
	rings->naive.count = workers;
}

void rings_stop(struct rings *rings)
{
	workers_free(&rings->all);
	backend_stats_map_free(rings->map);
	backend_stats_stop(&rings->all.backend_stats);
	traffic_stop(&rings->traffic);
}

void rings_count_backends(struct rings *rings, bool wanted)
{
	rings->count_backends = wanted;
}

void rings_measure_turns(struct rings *rings, bool wanted)
{
	turn_order(&rings->all.orders, wanted, 0, 0);
}

uint64_t rings_measured(const struct rings *rings)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < rings->all.count; i++)
		for (unsigned int n = 0; n < TURN_TIMES; n++)
			sum += rings->all.workers[i].turns.times.counts[TURN_BUSY][n];
	return sum;
}

uint64_t rings_forwarded(const struct rings *rings)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < rings->all.count; i++)
		sum += rings->all.workers[i].counters.verdicts[GLB_FORWARD];
	return sum;
}

uint64_t rings_tallied(const struct rings *rings)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < rings->all.count; i++)
		for (unsigned int slot = 0; slot < BACKEND_STATS_SLOTS; slot++)
			sum += rings->counts[i][slot].packets;
	return sum;
}

/* What a NIC would do: n frames of the flows from `first` on. */
static void receive(struct rings *rings, struct rte_mbuf **mbufs, uint32_t first, unsigned int n)
{
	const struct traffic *traffic = &rings->traffic;

	if (rte_pktmbuf_alloc_bulk(rings->pool, mbufs, n))
		die("allocate mbufs");
	for (unsigned int i = 0; i < n; i++) {
		uint32_t flow = (first + i) % traffic->flows;

		memcpy(rte_pktmbuf_mtod(mbufs[i], void *),
		       traffic->heads + (size_t)flow * TRAFFIC_HEAD_LEN, TRAFFIC_HEAD_LEN);
		mbufs[i]->data_len = traffic->lens[flow];
		mbufs[i]->pkt_len = traffic->lens[flow];
		mbufs[i]->port = 0;
	}
}

/* The first of the next n flows. */
static uint32_t next_flows(struct rings *rings, unsigned int n)
{
	uint32_t first = rings->traffic.next;

	rings->traffic.next += n;
	return first;
}

static void fill(struct rings *rings, unsigned int queue, uint32_t first, unsigned int n)
{
	struct rte_mbuf *mbufs[CHUNK];

	receive(rings, mbufs, first, n);
	if (rte_ring_enqueue_bulk(rings->rx[queue], (void **)mbufs, n, NULL) != n)
		die("fill a ring");
}

/* Takes n packets out of a ring; the program ends when they are not all there. */
static void empty(struct rte_ring *ring, unsigned int n)
{
	struct rte_mbuf *mbufs[CHUNK];

	if (rte_ring_dequeue_bulk(ring, (void **)mbufs, n, NULL) != n || !rte_ring_empty(ring))
		die("find all packets again");
	rte_pktmbuf_free_bulk(mbufs, n);
}

static void work(struct rings *rings, unsigned int worker, unsigned int n)
{
	const struct served served = {.near = {rings->traffic.gen},
				      .map = rings->count_backends ? rings->map : NULL};

	for (unsigned int done = 0; done < n;)
		done += worker_turn(&rings->all.workers[worker], &served);
}

static double now_ns(void)
{
	return (double)rte_rdtsc() * 1e9 / (double)rte_get_tsc_hz();
}

/* Has a worker do n packets; how long each took. */
static double time_worker(struct rings *rings, unsigned int worker, unsigned int n)
{
	double begin = now_ns();

	work(rings, worker, n);
	return (now_ns() - begin) / n;
}

/* Of this thread on its processor: of two workers at once, one is nearly always disturbed. */
static double spent_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* One of two workers that begin together. */
struct runner {
	struct rings *rings;
	unsigned int *ready; /* how many are */
	unsigned int of;
	unsigned int queue;
	uint32_t first; /* flow */
	double ns;	/* out */
};

static int run(void *arg)
{
	struct runner *runner = arg;
	struct rings *rings = runner->rings;

	fill(rings, runner->queue, runner->first, CHUNK);
	work(rings, runner->queue, WARM_UP);
	__atomic_add_fetch(runner->ready, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(runner->ready, __ATOMIC_ACQUIRE) < runner->of)
		rte_pause();

	double begin = spent_ns();

	work(rings, runner->queue, CHUNK - WARM_UP);
	runner->ns = (spent_ns() - begin) / (CHUNK - WARM_UP);
	empty(rings->tx[runner->queue], CHUNK);
	return 0;
}

/* Starts a runner on the other processor. */
static void launch(struct runner *runner)
{
	if (rte_eal_remote_launch(run, runner, rte_get_next_lcore(-1, 1, 0)))
		die("launch a worker");
}

double rings_one(struct rings *rings)
{
	double ns[2];

	for (unsigned int i = 0; i < 2; i++) {
		unsigned int ready = 0;
		struct runner runner = {.rings = rings,
					.ready = &ready,
					.of = 1,
					.queue = i ? FAR : 0,
					.first = next_flows(rings, CHUNK)};

		if (i)
			launch(&runner);
		else
			(void)run(&runner);
		rte_eal_mp_wait_lcore();
		ns[i] = runner.ns;
	}
	return (ns[0] + ns[1]) / 2;
}

double rings_two(struct rings *rings)
{
	unsigned int ready = 0;
	struct runner runners[2];

	for (unsigned int i = 0; i < 2; i++)
		runners[i] = (struct runner){.rings = rings,
					     .ready = &ready,
					     .of = 2,
					     .queue = i ? FAR : 0,
					     .first = next_flows(rings, CHUNK)};
	launch(&runners[1]);
	(void)run(&runners[0]);
	rte_eal_mp_wait_lcore();
	return RTE_MAX(runners[0].ns, runners[1].ns) / 2;
}

void rings_hand_over(struct rings_shares *out, struct rings *rings)
{
	const struct workers *all = &rings->all;

	fill(rings, 0, next_flows(rings, HANDED), HANDED);
	out->receive_ns = time_worker(rings, 0, HANDED);
	out->decide_ns = 0;
	for (unsigned int i = 1; i < all->count; i++) {
		unsigned int n = rte_ring_count(all->workers[i].in_ring);

		if (n)
			out->decide_ns += time_worker(rings, i, n) * n / HANDED;
	}
	out->send_ns = time_worker(rings, 0, HANDED);
	empty(rings->tx[0], HANDED);
}

double rings_handoff(struct rings *rings, enum rings_way way)
{
	const struct handoff *handoff = way == RINGS_NAIVE ? &rings->naive : &rings->all.handoff;
	struct handoff_batch *batches = rings->all.workers[0].batches;
	struct rte_mbuf *mbufs[HANDED];
	unsigned int dropped = 0;

	receive(rings, mbufs, next_flows(rings, HANDED), HANDED);
	for (unsigned int i = 0; i < HANDED && way == RINGS_BY_RSS; i++) {
		mbufs[i]->ol_flags = RTE_MBUF_F_RX_RSS_HASH;
		mbufs[i]->hash.rss = i * 2654435761U;
	}

	double begin = now_ns();

	for (unsigned int i = 0; i < HANDED; i += HANDOFF_BURST)
		dropped += way == RINGS_NAIVE
				   ? naive_handoff(handoff, mbufs + i, HANDOFF_BURST)
				   : handoff_burst(handoff, batches, mbufs + i, HANDOFF_BURST);

	double ns = (now_ns() - begin) / HANDED;
	unsigned int there = 0;

	for (unsigned int i = 0; i < handoff->count; i++) {
		unsigned int n = handoff->rings[i] ? rte_ring_count(handoff->rings[i]) : 0;

		if (n)
			empty(handoff->rings[i], n);
		there += n;
	}
	if (dropped || there != HANDED)
		die("hand all packets over");
	return ns;
}

/* Any worker may write to these. */
static void make_naive_rings(struct rings *rings)
{
	for (unsigned int i = 0; i < WORKERS_MAX; i++)
		rings->naive.rings[i] = make_ring("naive", i, 2 * HANDED, 0);
}

struct rings *rings_open(bool huge)
{
	struct rings *rings = aligned_alloc(RTE_CACHE_LINE_SIZE,
					    RTE_ALIGN_CEIL(sizeof(*rings), RTE_CACHE_LINE_SIZE));

	if (!rings)
		abort();
	memset(rings, 0, sizeof(*rings));
	start_eal(huge);
	make_port(rings);
	make_naive_rings(rings);
	return rings;
}

void rings_close(struct rings *rings)
{
	(void)rte_eal_cleanup();
	free(rings);
}
