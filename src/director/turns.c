/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/resource.h>

#include "director/turns.h"

static struct turn_usage usage_now(void)
{
	struct rusage usage = {.ru_nivcsw = 0};

	(void)getrusage(RUSAGE_THREAD, &usage);
	return (struct turn_usage){
		.switches = (uint32_t)usage.ru_nivcsw,
		.minor_faults = (uint32_t)usage.ru_minflt,
		.major_faults = (uint32_t)usage.ru_majflt,
	};
}

void turn_sample(struct turns *turns, const struct turn_orders *orders)
{
	turns->sample = __atomic_load_n(&orders->sample, __ATOMIC_RELAXED);
	turns->usage = usage_now();
}

void turn_add_stall(struct turns *turns, uint64_t ns, uint32_t waiting)
{
	const struct turn_usage before = turns->usage;
	const struct turn_usage now = usage_now();
	const uint64_t number = turns->times.stalls;

	turns->stalls[number % TURN_STALLS] = (struct turn_stall){
		.end_ticks = turns->began,
		.ns = ns,
		.packets = turns->packets,
		.waiting = waiting,
		.within = {.switches = now.switches - before.switches,
			   .minor_faults = now.minor_faults - before.minor_faults,
			   .major_faults = now.major_faults - before.major_faults},
	};
	turns->usage = now;
	__atomic_store_n(&turns->times.stalls, number + 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* before the next stall is written */
}

void turn_copy(struct turn_times *out, const struct turns *turns)
{
	const uint64_t *from = (const uint64_t *)&turns->times;
	uint64_t *to = (uint64_t *)out;

	for (size_t i = 0; i < sizeof(*out) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}
_Static_assert(sizeof(struct turn_times) % sizeof(uint64_t) == 0, "copied by words");

bool turn_get_stall(struct turn_stall *out, const struct turns *turns, uint64_t number)
{
	struct turn_stall copy = turns->stalls[number % TURN_STALLS];

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* the worker may be writing the next stall, which is not counted yet, over this one */
	if (__atomic_load_n(&turns->times.stalls, __ATOMIC_RELAXED) >= number + TURN_STALLS)
		return false;
	*out = copy;
	return true;
}

void turn_order(struct turn_orders *orders, bool measured, uint32_t stall_ms,
		uint32_t idle_sleep_us)
{
	uint64_t busy_ns = stall_ms ? (uint64_t)stall_ms * 1000000 : UINT64_MAX;
	uint64_t idle_ns = stall_ms ? busy_ns + (uint64_t)idle_sleep_us * 1000 : UINT64_MAX;

	__atomic_store_n(&orders->stall_ns[TURN_BUSY], busy_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&orders->stall_ns[TURN_IDLE], idle_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&orders->measured, measured, __ATOMIC_RELAXED);
}
