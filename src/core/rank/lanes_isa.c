/* SPDX-License-Identifier: BSD-3-Clause */
#include "lanes.h"

const struct lanes_set *glb_lanes_of(enum glb_isa isa)
{
	switch (glb_isa_here(isa)) {
#if defined(__x86_64__)
	case GLB_ISA_AVX512:
		return &glb_lanes_avx512;
	case GLB_ISA_AVX2:
		return &glb_lanes_avx2;
#endif
	case GLB_ISA_GENERIC:
		return &glb_lanes_generic;
	default:
		return NULL;
	}
}
