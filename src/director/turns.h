/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where does a worker's time go?
 *
 * A worker polls continuously; what it does between two polls is a turn: bursts, if there were
 * packets, or a pause. Each turn is recorded in histograms, with a single read of the clock. One
 * that takes too long is a stall, recorded with what the kernel did to the thread meanwhile.
 *
 * Written by the worker without a lock; copies may be taken at any time. Nothing is done per
 * packet.
 */
#ifndef DIRECTOR_TURNS_H
#define DIRECTOR_TURNS_H

#include <glb/bytes.h>

#include "director/dpdk.h"

enum {
	TURN_TIMES = 36,  /* classes of durations: 0 ns; below 2, 4, 8... ns; the last one is
			     open-ended */
	TURN_BURSTS = 16, /* of packets: none; below 2, 4, 8...; the last is open-ended */
	TURN_STALLS = 32, /* waiting for the control thread */
	TURN_UNKNOWN = 0xffffffff,
};

/* Was there something to do? */
enum turn_kind { TURN_IDLE, TURN_BUSY, TURN_KINDS };

/*
 * From the beginning of a turn to that of the next: the gap between two polls. The gaps of busy
 * turns are the times of bursts.
 */
struct turn_times {
	uint64_t counts[TURN_KINDS][TURN_TIMES]; /* turns by duration */
	uint64_t ns[TURN_KINDS];		 /* their sum */
	uint64_t bursts[TURN_BURSTS];		 /* turns by number of packets */
	uint64_t packets;			 /* their sum */
	uint64_t stalls;			 /* number of stalls */
};

/* Of a thread, since its start or some other time. */
struct turn_usage {
	uint32_t switches;     /* involuntary: the kernel took the processor away */
	uint32_t minor_faults; /* memory had to be mapped, or */
	uint32_t major_faults; /* read from a disk */
};

/* A turn that took too long. */
struct turn_stall {
	uint64_t end_ticks; /* TSC */
	uint64_t ns;
	uint32_t packets;	  /* in this turn; 0: it polled, or slept */
	uint32_t waiting;	  /* in queues and rings, afterwards; or TURN_UNKNOWN */
	struct turn_usage within; /* during the stall, and at most TURN_SAMPLE_MS before */
};

enum { TURN_SAMPLE_MS = 100 };

/* Instructions for workers, set by the control thread while they run. */
struct turn_orders {
	bool measured;
	uint32_t sample;	       /* incremented every TURN_SAMPLE_MS */
	uint64_t stall_ns[TURN_KINDS]; /* limit, beyond which a turn is a stall */
};

struct turns {
	uint64_t began;	  /* ticks; 0: turns were not measured */
	uint32_t packets; /* of the current turn */
	uint32_t sample;  /* at which `usage` was taken */
	struct turn_times times;
	struct turn_usage usage;
	struct turn_stall stalls[TURN_STALLS]; /* number n is at index n % TURN_STALLS */
};

/* The class of a duration or a number of packets. */
static inline unsigned int turn_class(uint64_t value, unsigned int classes)
{
	unsigned int n = value ? 64 - (unsigned int)__builtin_clzll(value) : 0;

	return n < classes ? n : classes - 1;
}

/* The end of a turn: is it a stall, or is a sample due? */
struct turn_end {
	uint64_t ns;
	bool is_stall;
	bool is_due;
};

/* Worker: a turn begins, and the one before it ends. */
static inline struct turn_end turn_begin(struct turns *turns, const struct turn_orders *orders,
					 uint64_t ns_per_tick)
{
	struct turn_end end = {.ns = 0};

	if (GLB_UNLIKELY(!__atomic_load_n(&orders->measured, __ATOMIC_RELAXED))) {
		turns->began = 0;
		return end;
	}

	uint64_t now = rte_rdtsc();
	uint64_t ticks = now - turns->began;
	enum turn_kind kind = turns->packets ? TURN_BUSY : TURN_IDLE;
	bool first = !turns->began || now < turns->began;

	turns->began = now;
	end.is_due = turns->sample != __atomic_load_n(&orders->sample, __ATOMIC_RELAXED);
	if (GLB_UNLIKELY(first))
		return end;
	end.ns = (uint64_t)((unsigned __int128)ticks * ns_per_tick >> 32);
	end.is_stall = end.ns > __atomic_load_n(&orders->stall_ns[kind], __ATOMIC_RELAXED);
	turns->times.counts[kind][turn_class(end.ns, TURN_TIMES)]++;
	turns->times.ns[kind] += end.ns;
	turns->times.bursts[turn_class(turns->packets, TURN_BURSTS)]++;
	turns->times.packets += turns->packets;
	return end;
}

/* Worker: reads what the kernel did to this thread. Not for every turn. */
void turn_sample(struct turns *turns, const struct turn_orders *orders);

/* Worker: records a stall, after which `waiting` packets are queued. */
void turn_add_stall(struct turns *turns, uint64_t ns, uint32_t waiting);

/* A copy of the current figures. Callable from any thread. */
void turn_copy(struct turn_times *out, const struct turns *turns);

/*
 * Called by one other thread: the stall with this number, from 0; there are times.stalls of them.
 * False: it has been overwritten.
 */
bool turn_get_stall(struct turn_stall *out, const struct turns *turns, uint64_t number);

/*
 * Control thread: from now on turns are measured or not, and are stalls beyond stall_ms, or more if
 * idle workers sleep; 0: never.
 */
void turn_order(struct turn_orders *orders, bool measured, uint32_t stall_ms,
		uint32_t idle_sleep_us);

#endif
