/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a worker do with a burst of packets?
 *
 * It describes the frames, lets glb_forward() decide about them all at once, and carries out the
 * verdicts.
 */
#ifndef DIRECTOR_DECIDE_H
#define DIRECTOR_DECIDE_H

#include "director/worker.h"

/*
 * Decides about n packets, at most HANDOFF_BURST, each of one segment and with the port it came in
 * by, and sends, punts or frees them all.
 */
void worker_decide(struct worker *w, const struct glb_generation *gen, struct rte_mbuf **mbufs,
		   unsigned int n);

#endif
