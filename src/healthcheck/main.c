/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "healthcheck/checker.h"
#include "sys/command.h"
#include "sys/log.h"

enum { OPTION_CONFIG, OPTION_CHECK, OPTION_COUNT };

static const struct command_option options[OPTION_COUNT] = {
	[OPTION_CONFIG] = {"config", "FILE", "which files there are, and how it behaves", 'c'},
	[OPTION_CHECK] = {"check", NULL,
			  "read the files, say what is in them or wrong, and exit 0 or 1", 0},
};

static int healthcheck_run(const struct command_line *line);

static const struct command command = {
	.name = "",
	.args = "",
	.options = (1U << OPTION_COUNT) - 1,
	.needed = 1U << OPTION_CONFIG,
	.sentence = "Probes the backends of all tables and has the director send flows to those "
		    "that are healthy.",
	.example = "glb-healthcheck --config /etc/glb/healthcheck.json",
	.run = healthcheck_run,
};

static const struct program program = {
	.name = "glb-healthcheck",
	.sentence = "Probes the backends of all tables and has the director send flows to those "
		    "that are healthy.",
	.notes = "SIGHUP reads both files again; SIGTERM or SIGINT stops, and leaves the tables as "
		 "they are.\n",
	.commands = &command,
	.command_count = 1,
	.options = options,
	.option_count = OPTION_COUNT,
};

static int healthcheck_run(const struct command_line *line)
{
	const char *path = line->values[OPTION_CONFIG];

	if (getenv("GLB_HEALTHCHECK_LOG_DEBUG"))
		log_info("GLB_HEALTHCHECK_LOG_DEBUG has no effect: everything is logged anyway, "
			 "and \"glbctl health probe\" shows every step of a check");
	return command_has(line, OPTION_CHECK) ? checker_check(path) : checker_run(path);
}

int main(int argc, char **argv)
{
	struct command_line line;

	if (!command_read(&line, &program, argc, argv))
		return line.status;
	return line.command->run(&line);
}
