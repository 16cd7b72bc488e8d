/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "sys/log.h"

#define EDIT_USAGE "[--table NAME] [--settled] [--force] SRC.json BACKEND"

static const struct command {
	const char *group; /* NULL: none */
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{"table", "build", table_build, "[--strict] SRC.json OUT.bin"},
	{"table", "check", table_check, "[--json] [--strict] [--config director.json] SRC.json"},
	{"table", "lookup", table_lookup,
	 "[--json] [--config director.json] SRC.json SRC-IP [SPORT] VIP DPORT [PROTO]"},
	{"table", "explain", table_explain,
	 "[--json] [--config director.json] SRC.json SRC-IP [SPORT] VIP DPORT [PROTO]"},
	{"table", "show", table_show, "[--json] SRC.json"},
	{"table", "stats", table_stats, "[--json] SRC.json"},
	{"table", "diff", table_diff, "[--json] [--settled] [--force] OLD.json NEW.json"},
	{"table", "plan", table_plan, "[--json] OLD.json NEW.json"},
	{"table", "drain", table_drain, EDIT_USAGE},
	{"table", "fill", table_fill, EDIT_USAGE},
	{"table", "activate", table_activate, EDIT_USAGE},
	{"table", "remove", table_remove, EDIT_USAGE},
	{"table", "add", table_add, "[--weight N] [--zone NAME] [--server-id N] " EDIT_USAGE},
	{NULL, "mtu", mtu, "[--json] --config director.json SRC.json"},
	{NULL, "replay", replay,
	 "--config director.json --tables tables.json\n"
	 "                [--source-mac MAC] [--gateway-mac MAC] [--punted P.pcap]\n"
	 "                IN.pcap OUT.pcap\n"
	 "                without --source-mac, frames to any unicast address are the director's"},
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

static void print_command(FILE *out, const struct command *c)
{
	(void)fprintf(out, "  glbctl %s%s%s %s\n", c->group ? c->group : "", c->group ? " " : "",
		      c->name, c->usage);
}

static void print_usage(FILE *out)
{
	(void)fprintf(out, "usage:\n");
	for (int i = 0; i < COMMAND_COUNT; i++)
		print_command(out, &commands[i]);
}

/* Results that reached nobody are no success. */
static int flush_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_OK;
	log_error("standard output: %s", strerror(errno));
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		print_usage(stdout);
		return EXIT_OK;
	}
	for (int i = 0; i < COMMAND_COUNT; i++) {
		const struct command *c = &commands[i];
		int at = c->group ? 2 : 1; /* index of the command's own name */

		if (argc <= at || strcmp(argv[at], c->name) != 0 ||
		    (c->group && strcmp(argv[1], c->group) != 0))
			continue;

		int status = c->run(argc - at, argv + at);

		if (status == EXIT_USAGE) {
			(void)fprintf(stderr, "usage:\n");
			print_command(stderr, c);
		}

		int flushed = flush_output();

		return status == EXIT_OK ? flushed : status;
	}
	print_usage(stderr);
	return EXIT_USAGE;
}
