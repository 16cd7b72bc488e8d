/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a worker core do?
 *
 * It runs packets to completion: receive a burst, decide with glb_forward(), send. Worker i owns
 * queue pair i of every port. If the ports have fewer queue pairs than there are workers, the
 * owners of queues hand over what they receive (director/handoff.h), and workers without a queue
 * send through the ring of an owner.
 */
#ifndef DIRECTOR_WORKER_H
#define DIRECTOR_WORKER_H

#include <glb/icmp_reply.h>

#include "director/backend_stats.h"
#include "director/dpdk.h"
#include "director/handoff.h"
#include "director/port.h"
#include "director/publish.h"
#include "director/trace/ring.h"
#include "director/transmit.h"
#include "director/turns.h"
#include "director/twin.h"

/* name of the counter, sentence for docs/counters.md */
#define WORKER_COUNTERS(X)                                                                         \
	X(rx, "packets received from the ports")                                                   \
	X(tx, "packets handed to the ports for sending")                                           \
	X(tx_dropped,                                                                              \
	  "packets not sent: a transmit ring was full, or the frame larger than its port takes")   \
	X(handover_dropped, "packets lost between workers: a handoff ring was full")               \
	X(punted, "punted packets handed to the twin port")                                        \
	X(punt_dropped, "punted packets lost on the way to the twin port: its ring was full, or "  \
			"the frame too large")                                                     \
	X(punt_limited, "punted packets freed: punts_per_second of their port was reached")        \
	X(from_kernel, "packets of the twin port sent on")                                         \
	X(merged, "frames larger than their port's MTU: merged by GRO or TSO before they got "     \
		  "here")

/* Incremented by one worker; others may read them at any time. */
struct worker_counters {
#define WORKER_COUNTER_FIELD(name, sentence) uint64_t name;
	WORKER_COUNTERS(WORKER_COUNTER_FIELD)
#undef WORKER_COUNTER_FIELD
	uint64_t verdicts[GLB_VERDICT_COUNT];
	uint64_t generation; /* number of the generation that it served last */
};

/* Shared by all workers. Constant while they run, except `stop` and `orders`. */
struct workers {
	struct ports ports;
	struct publish publish;
	struct backend_stats backend_stats; /* zeros: backends are not counted */
	struct worker *workers;
	unsigned int count;
	uint64_t ns_per_tick; /* of the TSC, times 2^32 */
	uint32_t idle_sleep_us;
	uint16_t burst; /* packets taken from a queue or ring at once, at most HANDOFF_BURST */
	bool punt_unmatched;
	bool stop;		   /* set by the control thread */
	struct twins twins;	   /* served by worker 0 and a separate thread */
	struct handoff handoff;	   /* used if some workers have no queue */
	struct turn_orders orders; /* what to measure; set by the control thread */
};

struct worker {
	struct workers *all;
	unsigned int index;
	unsigned int node;	       /* index of its NUMA node in publish.nodes */
	struct rte_ring *in_ring;      /* packets to decide about, from owners of queues; or NULL */
	struct rte_ring *tx_ring;      /* packets to send, from workers without a queue; or NULL */
	struct handoff_batch *batches; /* of an owner that hands over packets; or NULL */
	struct backend_stats_count *backend_stats; /* by slot; NULL: not counted */
	struct trace_ring *trace; /* set by the control thread while it runs; NULL: no trace */
	/* written by the worker, on cache lines of its own */
	struct worker_counters counters __rte_cache_aligned;
	struct glb_icmp_reply_limits reply_limits;
	struct turns turns;
	const struct backend_stats_map *map; /* of the served generation; NULL: not counted */
} __rte_cache_aligned;

/*
 * Makes `count` workers, with the rings between them. all->ports and the settings must be set, and
 * all->backend_stats started if backends are to be counted.
 *
 * Returns 0, to be released with workers_free(); or -ENOMEM with a diag.
 */
GLB_NODISCARD int workers_make(struct workers *all, unsigned int count, struct glb_diag *diag);

/*
 * Starts them, initially or after workers_pause(), one on every lcore but the main one, and the
 * thread of the twins. all->publish must be set. Returns 0; or -errno with a diag and nothing
 * started.
 */
GLB_NODISCARD int workers_start(struct workers *all, struct glb_diag *diag);

/* Has every worker served a generation? */
bool workers_serve(const struct workers *all);

/* The lcore of a worker, by index. */
unsigned int worker_lcore(unsigned int index);

enum { WORKERS_PATIENCE_MS = 2000 };

/*
 * Makes them leave, and waits until they have. Packets in their rings stay there. Returns 0; or
 * -ETIMEDOUT after logging which have not left within WORKERS_PATIENCE_MS: then nothing that they
 * may be using can be released, be it ports, rings or generations, and they cannot be started
 * again.
 */
GLB_NODISCARD int workers_pause(struct workers *all);

/*
 * What a worker does in one turn: everything pending, up to some bursts. Returns the number of
 * packets. What it does until the next call belongs to the turn (director/turns.h).
 */
unsigned int worker_turn(struct worker *w, const struct served *served);

/* Does it own a queue pair of every port? */
static inline bool worker_owns_queue(const struct worker *w)
{
	return w->index < w->all->ports.queue_count;
}

/* The life of a worker, a struct worker, on its lcore: turns until `stop` is set. Returns 0. */
int worker_run(void *arg);

/* The time by the TSC, from an arbitrary origin. */
static inline uint64_t worker_now_ns(const struct worker *w)
{
	return (uint64_t)((unsigned __int128)rte_rdtsc() * w->all->ns_per_tick >> 32);
}

/* Sends n frames through the queue of a port, for its owner. Those not sent are freed. */
void worker_send(struct worker *w, uint16_t port, struct rte_mbuf **mbufs, uint16_t n);

/*
 * Stops them and waits until they have left. Their counters stay readable until workers_free().
 * Returns 0, or -ETIMEDOUT as workers_pause().
 */
GLB_NODISCARD int workers_stop(struct workers *all);

void workers_free(struct workers *all);

#endif
