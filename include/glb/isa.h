/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which instruction set do the hot loops use?
 *
 * The data path and the ranking of rows are compiled once per set, and selected at run time. All
 * produce the same results; selecting one is useful only to verify that.
 */
#ifndef GLB_ISA_H
#define GLB_ISA_H

#include <glb/diag.h>

/* In the order of the words of instruction_set in director.json. */
enum glb_isa { GLB_ISA_BEST, GLB_ISA_GENERIC, GLB_ISA_AVX2, GLB_ISA_AVX512, GLB_ISA_COUNT };

/* What a set means on this processor: itself; the best one for BEST; COUNT if it is not
 * supported. */
enum glb_isa glb_isa_here(enum glb_isa isa);

/* Returns "best", "generic", "avx2" or "avx512". */
const char *glb_isa_name(enum glb_isa isa);

/* Returns 0; or -ENOTSUP with the reason if this processor does not support the set. */
GLB_NODISCARD int glb_isa_check(enum glb_isa isa, struct glb_diag *diag);

#endif
