/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where does a worker's time go?
 *
 * A worker polls again and again, and what it does between two polls is a turn: bursts, if there
 * was something, or a pause. Each turn is put down in histograms by one look at the clock. What
 * lasts too long is a stall, and kept with what the kernel did to the thread meanwhile.
 *
 * The worker writes, without a lock; copies may be taken at any time. Nothing is done per packet.
 */
#ifndef DIRECTOR_TURNS_H
#define DIRECTOR_TURNS_H

#include <glb/bytes.h>

#include "director/dpdk.h"

enum {
	TURN_TIMES = 36,  /* classes of times: 0 ns; below 2, 4, 8... ns; the last is open */
	TURN_BURSTS = 16, /* of packets: none; below 2, 4, 8...; the last is open */
	TURN_STALLS = 32, /* that wait for the control thread */
	TURN_UNKNOWN = 0xffffffff,
};

/* Was there something to do? */
enum turn_kind { TURN_IDLE, TURN_BUSY, TURN_KINDS };

/*
 * From the beginning of a turn to that of the next, which is the gap between two polls. The gaps of
 * busy turns are what bursts took.
 */
struct turn_times {
	uint64_t counts[TURN_KINDS][TURN_TIMES]; /* turns by how long they took */
	uint64_t ns[TURN_KINDS];		 /* their sum */
	uint64_t bursts[TURN_BURSTS];		 /* turns by how many packets they had */
	uint64_t packets;			 /* their sum */
	uint64_t stalls;			 /* that there were */
};

/* Of a thread, from its start or from some moment on. */
struct turn_usage {
	uint32_t switches;     /* the kernel took the processor away */
	uint32_t minor_faults; /* memory had to be mapped, or */
	uint32_t major_faults; /* read from a disk */
};

/* A turn that took too long. */
struct turn_stall {
	uint64_t end_ticks; /* of the TSC */
	uint64_t ns;
	uint32_t packets;	  /* that it had; 0: it looked, or slept */
	uint32_t waiting;	  /* in queues and rings, afterwards; or TURN_UNKNOWN */
	struct turn_usage within; /* it, or at most TURN_SAMPLE_MS before */
};

enum { TURN_SAMPLE_MS = 100 };

/* What workers are to do, set by the control thread while they run. */
struct turn_orders {
	bool measured;
	uint32_t sample;	       /* counts up, every TURN_SAMPLE_MS */
	uint64_t stall_ns[TURN_KINDS]; /* longer is a stall */
};

struct turns {
	uint64_t began;	  /* ticks; 0: turns were not measured */
	uint32_t packets; /* of the turn under way */
	uint32_t sample;  /* that `usage` is of */
	struct turn_times times;
	struct turn_usage usage;
	struct turn_stall stalls[TURN_STALLS]; /* number n is in place n % TURN_STALLS */
};

/* The class that a time or a number of packets is in. */
static inline unsigned int turn_class(uint64_t value, unsigned int classes)
{
	unsigned int n = value ? 64 - (unsigned int)__builtin_clzll(value) : 0;

	return n < classes ? n : classes - 1;
}

/* The ends of a turn that took so long: anything out of the ordinary, or a sample that is due. */
struct turn_end {
	uint64_t ns;
	bool is_stall;
	bool is_due;
};

/* Worker: a turn begins, and the one before is over. */
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

/* Worker: asks the kernel what it did to this thread. Not for every turn. */
void turn_sample(struct turns *turns, const struct turn_orders *orders);

/* Worker: puts a stall down, after which so many packets wait. */
void turn_add_stall(struct turns *turns, uint64_t ns, uint32_t waiting);

/* For any thread: a copy as it is now. */
void turn_copy(struct turn_times *out, const struct turns *turns);

/*
 * For one other thread: the stall of this number, from 0, of which there are times.stalls. False:
 * it has been overwritten.
 */
bool turn_get_stall(struct turn_stall *out, const struct turns *turns, uint64_t number);

/*
 * Control thread: from now on turns are measured or not, and last too long after so many
 * milliseconds, more where idle workers sleep; 0: never.
 */
void turn_order(struct turn_orders *orders, bool measured, uint32_t stall_ms,
		uint32_t idle_sleep_us);

#endif
