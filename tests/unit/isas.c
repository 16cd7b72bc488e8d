/* SPDX-License-Identifier: BSD-3-Clause */
#include "isas.h"
#include "fixture.h"

/* The AVX-512 build, compiled for a processor that lacks it. */
glb_forward_fn glb_forward_emulated;

static struct glb_generation *emulated_generation(const struct glb_generation *base,
						  struct glb_settings settings)
{
	struct glb_generation *gen;

	settings.isa = GLB_ISA_GENERIC;
	gen = fixture_with_settings(base, &settings);
	gen->forward = glb_forward_emulated;
	return gen;
}

void isas_make(struct glb_generation *gens[GLB_ISA_COUNT], const struct glb_generation *base,
	       const struct glb_settings *settings)
{
	gens[GLB_ISA_BEST] = NULL;
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++) {
		struct glb_settings own = *settings;

		own.isa = (uint8_t)isa;
		gens[isa] = fixture_with_settings(base, &own);
		if (!gens[isa] && isa == GLB_ISA_AVX512)
			gens[isa] = emulated_generation(base, own);
	}
}

void isas_free(struct glb_generation *gens[GLB_ISA_COUNT])
{
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++)
		glb_generation_free(gens[isa]);
}
