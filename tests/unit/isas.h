/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a test have every build of the data path decide, whatever the processor?
 */
#ifndef UNIT_ISAS_H
#define UNIT_ISAS_H

#include <glb/forward.h>

/*
 * Makes a generation for each build, by enum glb_isa from GLB_ISA_GENERIC on: of the tables of
 * `base`, under these settings, as by fixture_with_settings(). NULL: this processor lacks AVX2. For
 * AVX-512 there is an emulation: see avx512/immintrin.h.
 */
void isas_make(struct glb_generation *gens[GLB_ISA_COUNT], const struct glb_generation *base,
	       const struct glb_settings *settings);
void isas_free(struct glb_generation *gens[GLB_ISA_COUNT]);

#endif
