/* SPDX-License-Identifier: BSD-3-Clause */
#include <dlfcn.h>
#include <stdio.h>

#include "forward_build.h"

const struct forward_build *forward_build_load(const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = module ? dlsym(module, "forward_build") : NULL;
	const struct forward_build *(*entry)(void);

	if (!symbol) {
		fprintf(stderr, "%s\n", dlerror());
		return NULL;
	}
	__builtin_memcpy(&entry, &symbol, sizeof(entry)); /* ISO C does not cast between the two */

	const struct forward_build *build = entry();

	if (build->version == FORWARD_BUILD_VERSION)
		return build;
	fprintf(stderr, "%s: version %u of forward_build.h, expected %u\n", path, build->version,
		FORWARD_BUILD_VERSION);
	return NULL;
}

bool forward_build_knows(const struct forward_build *build, const struct subject *subject)
{
	const char *bytes = (const char *)subject;

	for (uint32_t at = build->subject_len; at < sizeof(*subject); at++)
		if (bytes[at])
			return false;
	return subject->kind < build->kind_count;
}
