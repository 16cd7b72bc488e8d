/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must become of a packet?
 *
 * The specification of the data path: glb_forward() and glb_icmp_reply() one packet at a time, in
 * the plainest way. Everything is worked out anew for every packet from the settings and the tables
 * of the generation. Of what a generation prepares for the data path (routes, templates, the index
 * of binds) nothing is read, and of include/glb only constants and the parser are used: hash, hops,
 * checksums, headers and the order of the checks are written down here a second time.
 *
 * The benchmark has a yardstick of its own, bench/naive_forward.c: it reads only what the
 * benchmark's frames need, and takes a third of the time of this, which has to judge anything.
 */
#ifndef SPEC_FORWARD_H
#define SPEC_FORWARD_H

#include <glb/forward.h>

/* What glb_forward() must do. */
void spec_forward(const struct glb_generation *gen, struct glb_packet *packets, unsigned int n);

/* What glb_icmp_reply() must do. */
void spec_icmp_reply(const struct glb_generation *gen, struct glb_packet *packet);

#endif
