/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which instruction set do the hot loops use?
 *
 * The data path and the ranking of rows are compiled once per set, and chosen at run time. All give
 * the same results, so nobody has to ask for one but to find out whether that is so.
 */
#ifndef GLB_ISA_H
#define GLB_ISA_H

#include <glb/diag.h>

/* In the order of the words of director.json's instruction_set. */
enum glb_isa { GLB_ISA_BEST, GLB_ISA_GENERIC, GLB_ISA_AVX2, GLB_ISA_AVX512, GLB_ISA_COUNT };

/* What a set stands for on this processor: itself, the best one for BEST, COUNT where it lacks it.
 */
enum glb_isa glb_isa_here(enum glb_isa isa);

/* "best", "generic", "avx2" or "avx512". */
const char *glb_isa_name(enum glb_isa isa);

/* 0, or -ENOTSUP with the reason in words if this processor lacks the set. */
GLB_NODISCARD int glb_isa_check(enum glb_isa isa, struct glb_diag *diag);

#endif
