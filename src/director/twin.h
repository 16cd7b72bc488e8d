/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do punted packets reach the kernel, and the kernel's packets the wire?
 *
 * A packet takes a microsecond or two of system calls in either direction, which no worker can
 * spare: a thread on the main lcore makes them. Between it and the workers are two rings for each
 * twin: any worker puts in what is punted on its port, and worker 0 takes out what the kernel sends
 * through that port. Both directions are limited to punts_per_second (director/punt.h).
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
	uint16_t port;		    /* DPDK number of the port */
	uint16_t id;		    /* its own DPDK number */
	const uint32_t *frame_max;  /* bytes of the largest frame it accepts, by its MTU at start */
	struct rte_ring *to_kernel; /* from all workers */
	struct rte_ring *to_wire;   /* for worker 0 */
	struct punt_budget budget;
	struct punt_hosts hosts; /* written by worker 0 */
	uint64_t spent_until_ns; /* worker 0: of the rate of packets from the kernel */
};

/* All zeros: there are none. */
struct twins {
	struct twin *list;
	unsigned int count;
	struct twin *of_port[GLB_PORTS_MAX]; /* the twin for packets punted on a port; or NULL */
	pthread_t thread;
	bool started;
	bool stop; /* set by the control thread */
	/* incremented by the thread: passed to the twins, and refused by them */
	uint64_t sent __rte_cache_aligned;
	uint64_t not_sent;
};

/*
 * Makes the twins of the ports that have one, for this number of workers. Returns 0; or -ENOMEM
 * with nothing made.
 */
GLB_NODISCARD int twins_make(struct twins *out, const struct ports *ports, unsigned int workers);

/* Starts their thread, on the processor of the caller. Returns 0 or -errno. No-op without twins. */
GLB_NODISCARD int twins_start(struct twins *twins);

/* Waits until the thread has passed on what it got from the workers, which must have stopped. */
void twins_stop(struct twins *twins);

/* Releases them and the packets in their rings. */
void twins_free(struct twins *twins);

/*
 * Passes n punted packets, at most a burst, from a worker to the twins of the ports they came from.
 * Consumes all of them: without a twin, or beyond the rate, they are freed and counted as limited.
 */
void twins_punt(struct worker *w, const struct glb_generation *gen, struct rte_mbuf **mbufs,
		unsigned int n);

/* One turn of worker 0: sends up to a burst from each twin's kernel. Returns the number of
 * packets. */
unsigned int twins_serve(struct worker *w, const struct glb_generation *gen);

#endif
