/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward_isa.h"

glb_forward_fn *glb_forward_of(enum glb_isa isa)
{
	bool best = isa == GLB_ISA_BEST;

#if defined(__x86_64__)
	if ((best || isa == GLB_ISA_AVX512) && __builtin_cpu_supports("avx512f") &&
	    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl"))
		return glb_forward_avx512;
	if ((best || isa == GLB_ISA_AVX2) && __builtin_cpu_supports("avx2"))
		return glb_forward_avx2;
#endif
	return best || isa == GLB_ISA_GENERIC ? glb_forward_generic : NULL;
}

void glb_forward(const struct glb_generation *gen, struct glb_packet *packets, unsigned int n)
{
	gen->forward(gen, packets, n);
}
