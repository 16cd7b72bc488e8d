/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which builds of the data path are there?
 *
 * forward.c and the stages in it are compiled once per instruction set, with as many packets side
 * by side as its vectors have lanes. The results are the same.
 */
#ifndef CORE_FORWARD_ISA_H
#define CORE_FORWARD_ISA_H

#include <glb/forward.h>

enum { FORWARD_BURST = 64 }; /* packets that are decided about together */

glb_forward_fn glb_forward_generic;
glb_forward_fn glb_forward_avx2;
glb_forward_fn glb_forward_avx512;

/* The build for an instruction set, or NULL if this processor lacks it. */
glb_forward_fn *glb_forward_of(enum glb_isa isa);

/* In files that are compiled per instruction set: the name that a function has in this build. */
#define FORWARD_ISA_NAME(name)	     FORWARD_ISA_JOIN(name, GLB_ISA)
#define FORWARD_ISA_JOIN(name, isa)  FORWARD_ISA_JOIN_(name, isa)
#define FORWARD_ISA_JOIN_(name, isa) name##_##isa

#endif
