/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do punted packets reach the kernel, and its own the wire?
 *
 * A packet takes a microsecond or two of system calls either way, which no worker has: a thread on
 * the main lcore does them. Between it and the workers are two rings for each twin: any worker puts
 * in what is punted on its port, and worker 0 takes out what the kernel sends through that port.
 * Both ways have the rate punts_per_second (director/punt.h).
 */
#ifndef DIRECTOR_TWIN_H
#define DIRECTOR_TWIN_H

#include <pthread.h>

#include "director/dpdk.h"
#include "director/port.h"
#include "director/punt.h"

struct worker;

/* The twin of one port. */
struct twin {
	uint16_t port;		    /* whose it is, by DPDK port number */
	uint16_t id;		    /* its own */
	const uint32_t *frame_max;  /* bytes of the largest frame it takes, by its MTU at start */
	struct rte_ring *to_kernel; /* from all workers */
	struct rte_ring *to_wire;   /* for worker 0 */
	struct punt_budget budget;
	struct punt_hosts hosts; /* written by worker 0 */
	uint64_t spent_until_ns; /* worker 0: of the rate of what the kernel sends */
};

/* All 0: there are none. */
struct twins {
	struct twin *list;
	unsigned int count;
	struct twin *of_port[GLB_PORTS_MAX]; /* that gets what is punted on a port; or NULL */
	pthread_t thread;
	bool started;
	bool stop; /* set by the control thread */
	/* plain increments by the thread: handed to the twins, and lost as a twin did not take them
	 */
	uint64_t sent __rte_cache_aligned;
	uint64_t not_sent;
};

/*
 * Makes those of the ports that have a twin, for so many workers. 0, or -ENOMEM with nothing made.
 */
GLB_NODISCARD int twins_make(struct twins *out, const struct ports *ports, unsigned int workers);

/* Starts their thread, on the processor of the caller. 0 or -errno. Does nothing without twins. */
GLB_NODISCARD int twins_start(struct twins *twins);

/* Waits until the thread has handed over what the workers, which have stopped, gave it. */
void twins_stop(struct twins *twins);

/* Frees them and the packets in their rings. */
void twins_free(struct twins *twins);

/*
 * Has a worker give n punted packets, at most a burst, to the twins of the ports they came from.
 * Takes all of them: what there is no twin or no time for is freed, and counted as cut.
 */
void twins_punt(struct worker *w, const struct glb_generation *gen, struct rte_mbuf **mbufs,
		unsigned int n);

/* One turn of worker 0: sends up to a burst from each twin's kernel. How many packets it was. */
unsigned int twins_serve(struct worker *w, const struct glb_generation *gen);

#endif
