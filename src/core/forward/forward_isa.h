/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which builds of the data path are there?
 *
 * forward.c and plain.c are plain C, compiled once per instruction set: with wide vectors the
 * hashes and header fields of a burst are worked out side by side. The results are the same.
 */
#ifndef CORE_FORWARD_ISA_H
#define CORE_FORWARD_ISA_H

#include <glb/forward.h>

enum { FORWARD_BURST = 32 }; /* packets that are decided about together */

glb_forward_fn glb_forward_generic;
glb_forward_fn glb_forward_avx2;
glb_forward_fn glb_forward_avx512;

/* The build for an instruction set, or NULL if this processor lacks it. */
glb_forward_fn *glb_forward_of(enum glb_isa isa);

/*
 * Forwards those of n packets, 1 to FORWARD_BURST, that are plain, as glb_forward() would. Returns
 * how many are not, and in `others`, which has room for n, which these are; of them nothing has
 * changed.
 */
typedef unsigned int plain_fn(const struct glb_generation *gen, struct glb_packet *pkts,
			      unsigned int n, struct glb_packet **others);
plain_fn plain_generic;
plain_fn plain_avx2;
plain_fn plain_avx512;

/* In files that are compiled per instruction set: the name that a function has in this build. */
#define FORWARD_ISA_NAME(name)	     FORWARD_ISA_JOIN(name, GLB_ISA)
#define FORWARD_ISA_JOIN(name, isa)  FORWARD_ISA_JOIN_(name, isa)
#define FORWARD_ISA_JOIN_(name, isa) name##_##isa

#endif
