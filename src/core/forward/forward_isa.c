/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward_isa.h"

glb_forward_fn *glb_forward_of(enum glb_isa isa)
{
	switch (glb_isa_here(isa)) {
#if defined(__x86_64__)
	case GLB_ISA_AVX512:
		return glb_forward_avx512;
	case GLB_ISA_AVX2:
		return glb_forward_avx2;
#endif
	case GLB_ISA_GENERIC:
		return glb_forward_generic;
	default:
		return NULL;
	}
}

unsigned int glb_forward(const struct glb_generation *gen, struct glb_packet *packets,
			 unsigned int n)
{
	return gen->forward(gen, packets, n, 0);
}

unsigned int glb_forward_metered(const struct glb_generation *gen, struct glb_packet *packets,
				 unsigned int n, uint64_t now_ns)
{
	return gen->forward(gen, packets, n, now_ns);
}
