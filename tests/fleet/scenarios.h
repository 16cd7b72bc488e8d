/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a fleet while flows are served?
 *
 * Of each scenario the schemes are named that lose no flow in it.
 */
#ifndef FLEET_SCENARIOS_H
#define FLEET_SCENARIOS_H

#include "script.h"

struct scenario {
	const char *name;
	const char *about; /* what happens, in a sentence */
	unsigned int proxies;
	unsigned int directors;
	unsigned int spare; /* schemes that can spare as much must not break a flow; 0: any may */
	bool resilient;
	void (*write)(struct script *script);
};

extern const struct scenario scenarios[];
extern const unsigned int scenario_count;

/* Writes the script of a scenario, for script_free(). */
struct script *scenario_script(const struct scenario *scenario, uint64_t seed);

#endif
