/* SPDX-License-Identifier: BSD-3-Clause */
/* glb-redirect counters: what became of the packets so far? */
#include <inttypes.h>
#include <stdio.h>

#include "attachment.h"
#include "commands.h"
#include "refusal.h"
#include "warnings.h"

static const char *const labels[] = {
#define LABEL(name, label, sentence) label,
	GLB_REDIRECT_COUNTERS(LABEL)
#undef LABEL
};

static int redirect_print_counters(const char *device, int ifindex, bool json)
{
	uint64_t values[GLB_REDIRECT_COUNTER_COUNT];
	struct redirect_status status;
	int error = redirect_read_counters(ifindex, values);

	if (error)
		return redirect_refuse(device, redirect_reason(error));
	if (!redirect_read_status(ifindex, &status))
		warn_of_others(device, &status);
	for (int i = 0; i < GLB_REDIRECT_COUNTER_COUNT; i++) {
		if (json)
			printf("%s\"%s\": %" PRIu64, i ? ", " : "{", labels[i], values[i]);
		else
			printf("%s %" PRIu64 "\n", labels[i], values[i]);
	}
	if (json)
		puts("}");
	return redirect_flush(device);
}

int run_counters(const struct command_line *line)
{
	int ifindex = redirect_find_device(line);

	return ifindex ? redirect_print_counters(line->args[0], ifindex,
						 command_has(line, OPTION_JSON))
		       : EXIT_REFUSED;
}
