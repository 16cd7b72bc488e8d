/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdbool.h>

#include <glb/isa.h>

static bool is_here(enum glb_isa isa)
{
#if defined(__x86_64__)
	/* CPUs with either have bmi2, but a hypervisor may hide it */
	if (isa != GLB_ISA_GENERIC && !__builtin_cpu_supports("bmi2"))
		return false;
	if (isa == GLB_ISA_AVX512)
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
	if (isa == GLB_ISA_AVX2)
		return __builtin_cpu_supports("avx2");
#endif
	return isa == GLB_ISA_GENERIC;
}

enum glb_isa glb_isa_here(enum glb_isa isa)
{
	if (isa != GLB_ISA_BEST)
		return is_here(isa) ? isa : GLB_ISA_COUNT;
	if (is_here(GLB_ISA_AVX512))
		return GLB_ISA_AVX512;
	return is_here(GLB_ISA_AVX2) ? GLB_ISA_AVX2 : GLB_ISA_GENERIC;
}

const char *glb_isa_name(enum glb_isa isa)
{
	static const char *const names[] = {"best", "generic", "avx2", "avx512"};
	_Static_assert(sizeof(names) / sizeof(*names) == (int)GLB_ISA_COUNT, "a name for each");

	return isa < GLB_ISA_COUNT ? names[isa] : "?";
}

int glb_isa_check(enum glb_isa isa, struct glb_diag *diag)
{
	if (glb_isa_here(isa) != GLB_ISA_COUNT)
		return 0;
	glb_diag(diag, "this processor lacks %s, the best it has is %s", glb_isa_name(isa),
		 glb_isa_name(glb_isa_here(GLB_ISA_BEST)));
	return -ENOTSUP;
}
