/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which builds of the data path are there?
 *
 * forward.c is plain C, compiled once per instruction set: with wide vectors the hashes and sums of
 * a burst are worked out side by side. The results are the same.
 */
#ifndef CORE_FORWARD_ISA_H
#define CORE_FORWARD_ISA_H

#include <glb/forward.h>

glb_forward_fn glb_forward_generic;
glb_forward_fn glb_forward_avx2;
glb_forward_fn glb_forward_avx512;

/* The build for an instruction set, or NULL if this processor lacks it. */
glb_forward_fn *glb_forward_of(enum glb_isa isa);

#endif
