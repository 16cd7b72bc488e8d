/* SPDX-License-Identifier: BSD-3-Clause */
/* The hand-over as plainly as can be: what src/director/handover.c is compared with. */
#ifndef BENCH_NAIVE_HANDOVER_H
#define BENCH_NAIVE_HANDOVER_H

#include "director/handover.h"

/* As handover_burst(), with equal shares for all workers. */
unsigned int naive_handover(const struct handover *handover, struct rte_mbuf **mbufs,
			    unsigned int n);

#endif
