/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does one let a director's workers run without a NIC, and without a core for what a NIC does?
 *
 * A net_ring port's rings are filled before the clock starts and emptied after it stops. What goes
 * wrong is the end of the program.
 */
#ifndef BENCH_RINGS_H
#define BENCH_RINGS_H

#include "traffic.h"

enum { RINGS_QUEUES = 8 }; /* of the port: at most so many workers and queue pairs */

struct rings;

/* Starts the EAL on two processors, and the port, with 512 MiB of hugepages or without any. */
struct rings *rings_open(bool huge);
void rings_close(struct rings *rings);

/* Makes the workers of a director that has so many queue pairs, and frees them. */
void rings_start(struct rings *rings, const struct subject *subject, unsigned int queues,
		 unsigned int workers);
void rings_stop(struct rings *rings);

/* Do workers count what goes to every backend, from now on? At first they do. */
void rings_count_backends(struct rings *rings, bool wanted);

/* Do workers measure their turns, from now on? At first they do not. */
void rings_measure_turns(struct rings *rings, bool wanted);

/* How many turns with packets they have measured. */
uint64_t rings_measured(const struct rings *rings);

/* How many packets all workers gave GLB_FORWARD, and how many of them they counted by backend. */
uint64_t rings_forwarded(const struct rings *rings);
uint64_t rings_tallied(const struct rings *rings);

/*
 * With RINGS_QUEUES of both: ns that a packet takes of one worker's processor time, the mean of
 * both processors by themselves. Flows go on from call to call.
 */
double rings_one(struct rings *rings);

/* The ns between two packets of two workers together that own a queue each, as both run as fast as
 * the slower one: half of what it takes a packet. */
double rings_two(struct rings *rings);

/* What a packet takes of the receiving worker, of those that decide, and of the sending one. */
struct rings_shares {
	double receive_ns, decide_ns, send_ns;
};
void rings_hand_over(struct rings_shares *out, struct rings *rings);

/* ns that a packet takes to be handed over, and no more: to the workers of rings_start(). */
enum rings_way { RINGS_NAIVE, RINGS_BY_FRAME, RINGS_BY_RSS, RINGS_WAYS };
double rings_handoff(struct rings *rings, enum rings_way way);

#endif
