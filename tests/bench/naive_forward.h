/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of a packet, worked out the plain way?
 *
 * The yardstick of bench_forward.c: one packet at a time, binds searched one after the other, the
 * outer headers written field by field, all bytes summed for the UDP checksum, also where the
 * settings know a shorter way to the same sum. It knows whole TCP, UDP and echo packets and errors
 * about packets that were too long, which is all the benchmark sends, under the settings of
 * subject.h.
 */
#ifndef BENCH_NAIVE_FORWARD_H
#define BENCH_NAIVE_FORWARD_H

#include <glb/forward.h>

/* As glb_forward(), for such packets. */
void naive_forward(const struct glb_generation *gen, struct glb_packet *packets, unsigned int n);

#endif
