/* SPDX-License-Identifier: BSD-3-Clause */
/* The handoff as plainly as can be: what src/director/handoff.c is compared with. */
#ifndef BENCH_NAIVE_HANDOFF_H
#define BENCH_NAIVE_HANDOFF_H

#include "director/handoff.h"

/* As handoff_burst(), with equal shares for all workers. */
unsigned int naive_handoff(const struct handoff *handoff, struct rte_mbuf **mbufs, unsigned int n);

#endif
