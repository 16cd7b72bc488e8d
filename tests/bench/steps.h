/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many instructions does some work take?
 *
 * Counted by going through it one by one (ptrace, PTRACE_SINGLESTEP): exact on any machine however
 * busy, with any instruction set, without performance counters. A step
 * takes some microseconds. The calling thread stays on one processor from then on.
 */
#ifndef BENCH_STEPS_H
#define BENCH_STEPS_H

#include <stdint.h>

/* What is counted. Of a repeated string instruction every iteration counts. */
struct steps_work {
	void (*prepare)(void *arg); /* before; not counted. May be NULL */
	void (*run)(void *arg);
	void *arg;
};

/*
 * The instructions of run(arg), which is done twice in a child process: what happens only the first
 * time, such as the binding of symbols, is not counted. -errno where processes may not be traced.
 */
int64_t steps_of(const struct steps_work *work);

#endif
