/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "flow.h"
#include "original.h"
#include "sys/log.h"

static const struct command_option options[] = {
#define OPTION_ROW(constant, name, value, sentence) {name, value, sentence, 0},
	OPTIONS(OPTION_ROW)
#undef OPTION_ROW
};

/* A set of options. */
#define WITH(constant) (UINT64_C(1) << OPTION_##constant)

#define ONLINE	     (WITH(SOCKET) | WITH(JSON))
#define FLOW_ARGS    "SRC.json " FLOW_WORDS
#define EDIT_OPTIONS (WITH(TABLE) | WITH(SETTLED) | WITH(FORCE))
#define EDIT_ARGS    "SRC.json BACKEND"

static const struct command commands[] = {
	{
		.name = "table build",
		.run = table_build,
		.options = WITH(STRICT),
		.args = "SRC.json OUT.bin",
		.args_min = 2,
		.args_max = 2,
		.sentence = "Write the binary image of a tables file.",
		.example = "glbctl table build tables.json tables.bin",
	},
	{
		.name = "table check",
		.run = table_check,
		.options = WITH(JSON) | WITH(STRICT) | WITH(CONFIG),
		.args = "SRC.json",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Report all problems of a tables file, or summarise a valid one.",
		.example = "glbctl table check --config director.json tables.json",
	},
	{
		.name = "table lookup",
		.run = table_lookup,
		.options = WITH(JSON) | WITH(CONFIG),
		.args = FLOW_ARGS,
		.args_min = 4,
		.args_max = 6,
		.in_order = true,
		.sentence = "Follow one flow to its row and hops.",
		.example = "glbctl table lookup --config director.json tables.json 198.51.100.7 "
			   "40000 192.0.2.10 443",
	},
	{
		.name = "table explain",
		.run = table_explain,
		.options = WITH(JSON) | WITH(CONFIG),
		.args = FLOW_ARGS,
		.args_min = 4,
		.args_max = 6,
		.in_order = true,
		.sentence = "As lookup, and explain why each hop is at its position.",
		.example = "glbctl table explain --config director.json tables.json 198.51.100.7 "
			   "40000 192.0.2.10 443",
	},
	{
		.name = "table show",
		.run = table_show,
		.options = WITH(JSON),
		.args = "SRC.json",
		.args_min = 1,
		.args_max = 1,
		.sentence = "List binds, backends and their shares of the rows, with a digest.",
		.example = "glbctl table show tables.json",
	},
	{
		.name = "table stats",
		.run = table_stats,
		.options = WITH(JSON),
		.args = "SRC.json",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Measure how evenly a table distributes flows.",
		.example = "glbctl table stats tables.json",
	},
	{
		.name = "table diff",
		.run = table_diff,
		.options = WITH(JSON) | WITH(SETTLED) | WITH(FORCE),
		.args = "OLD.json NEW.json",
		.args_min = 2,
		.args_max = 2,
		.sentence =
			"Report what a change does to established flows; exit 3 if some are lost.",
		.example = "glbctl table diff tables.json new.json",
	},
	{
		.name = "table plan",
		.run = table_plan,
		.options = WITH(JSON) | WITH(WRITE),
		.args = "OLD.json NEW.json",
		.args_min = 2,
		.args_max = 2,
		.sentence = "Find the steps from one file to another that lose no flow.",
		.example = "glbctl table plan --write steps tables.json new.json",
	},
	{
		.name = "table drain",
		.run = table_drain,
		.options = EDIT_OPTIONS,
		.args = EDIT_ARGS,
		.args_min = 2,
		.args_max = 2,
		.sentence = "Stop new flows to a backend; it keeps those it has.",
		.example = "glbctl table drain tables.json 10.0.0.22",
	},
	{
		.name = "table fill",
		.run = table_fill,
		.options = EDIT_OPTIONS,
		.args = EDIT_ARGS,
		.args_min = 2,
		.args_max = 2,
		.sentence = "Start new flows to a drained or inactive backend again.",
		.example = "glbctl table fill tables.json 10.0.0.22",
	},
	{
		.name = "table activate",
		.run = table_activate,
		.options = EDIT_OPTIONS,
		.args = EDIT_ARGS,
		.args_min = 2,
		.args_max = 2,
		.sentence = "Complete the filling of a backend.",
		.example = "glbctl table activate tables.json 10.0.0.22",
	},
	{
		.name = "table remove",
		.run = table_remove,
		.options = EDIT_OPTIONS,
		.args = EDIT_ARGS,
		.args_min = 2,
		.args_max = 2,
		.sentence = "Remove a drained backend from the list.",
		.example = "glbctl table remove --settled tables.json 10.0.0.22",
	},
	{
		.name = "table add",
		.run = table_add,
		.options = EDIT_OPTIONS | WITH(WEIGHT) | WITH(ZONE) | WITH(SERVER_ID),
		.args = EDIT_ARGS,
		.args_min = 2,
		.args_max = 2,
		.sentence = "Add a new backend, filling.",
		.example = "glbctl table add tables.json 10.0.0.24",
	},
	{
		.name = "mtu",
		.run = mtu,
		.options = WITH(JSON) | WITH(CONFIG),
		.needed = WITH(CONFIG),
		.args = "SRC.json",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Compute how large clients' packets may be, and the resulting MSS.",
		.example = "glbctl mtu --config director.json tables.json",
	},
	{
		.name = "deny check",
		.run = deny_check,
		.options = WITH(JSON) | WITH(STRICT),
		.args = "FILE [ADDRESS...]",
		.args_min = 1,
		.args_max = 16,
		.sentence =
			"Report all problems of a deny file, or summarise a valid one, and which "
			"of its prefixes deny an address.",
		.example = "glbctl deny check deny.conf 192.0.2.7",
	},
	{
		.name = "steer",
		.run = steer_print,
		.options = WITH(JSON) | WITH(DEVICE) | WITH(DRIVER) | WITH(VF) | WITH(QUEUE) |
			   WITH(FIRST) | WITH(VF_MAC) | WITH(REPRESENTOR) | WITH(DELETE),
		.needed = WITH(DEVICE),
		.args = "SRC.json",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Print the commands by which a NIC sends only packets to VIPs to a "
			    "director, and the rest to Linux.",
		.example = "glbctl steer --device eth0 --driver i40e --vf 0 tables.json",
	},
	{
		.name = "replay",
		.run = replay,
		.options = WITH(CONFIG) | WITH(TABLES) | WITH(SOURCE_MAC) | WITH(GATEWAY_MAC) |
			   WITH(PUNTED) | WITH(JSON) | WITH(NONZERO),
		.needed = WITH(CONFIG) | WITH(TABLES),
		.args = "IN.pcap OUT.pcap",
		.args_min = 2,
		.args_max = 2,
		.sentence = "Send the frames of a capture through a director's data path.",
		.example = "glbctl replay --config director.json --tables tables.json in.pcap "
			   "out.pcap",
	},
	{
		.name = "reload",
		.run = online_reload,
		.options = ONLINE | WITH(TABLES_ONLY) | WITH(DENY_ONLY),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "Make a director read its files again and report the outcome; exit 3 "
			    "if it refuses them.",
		.example = "glbctl reload --json",
	},
	{
		.name = "status",
		.run = online_status,
		.options = ONLINE,
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "Show the state of a running director.",
		.example = "glbctl status --json",
	},
	{
		.name = "stats",
		.run = online_stats,
		.options = ONLINE | WITH(RATE) | WITH(NONZERO),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "Print its counters, which docs/counters.md explains.",
		.example = "glbctl stats --rate --nonzero",
	},
	{
		.name = "tables",
		.run = online_tables,
		.options = ONLINE | WITH(TABLE),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "List the tables it serves, with digests and binds.",
		.example = "glbctl tables --table web",
	},
	{
		.name = "backends",
		.run = online_backends,
		.options = ONLINE | WITH(TABLE),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "List their backends, with states and packets sent to each.",
		.example = "glbctl backends --table web",
	},
	{
		.name = "leave",
		.run = online_leave,
		.options = ONLINE | WITH(QUIET) | WITH(DEADLINE) | WITH(OR_STAY),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence =
			"Withdraw from routers, forward until no more traffic arrives, and stop.",
		.example = "glbctl leave --quiet 10 --deadline 120 --or-stay",
	},
	{
		.name = "stay",
		.run = online_stay,
		.options = ONLINE,
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "Keep a director that leaves: it is announced to routers again.",
		.example = "glbctl stay --json",
	},
	{
		.name = "upgrade",
		.run = online_upgrade,
		.options = WITH(SOCKET) | WITH(TO) | WITH(START) | WITH(QUIET) | WITH(DEADLINE),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence =
			"Have another program take over from a director; exit 3 if it serves on "
			"as before.",
		.example = "glbctl upgrade --quiet 10 --deadline 120",
	},
	{
		.name = "log-level",
		.run = online_log_level,
		.options = ONLINE,
		.args = "LEVEL",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Log errors only, also warnings, or also info, which is everything.",
		.example = "glbctl log-level warning",
	},
	{
		.name = "lookup",
		.run = online_lookup,
		.options = ONLINE,
		.args = FLOW_WORDS,
		.args_min = FLOW_WORDS_MIN,
		.args_max = FLOW_WORDS_MAX,
		.in_order = true,
		.sentence = "Follow one flow through the tables in force, to its row and hops.",
		.example = "glbctl lookup 198.51.100.7 40000 192.0.2.10 443",
	},
	{
		.name = "trace",
		.run = online_trace,
		.options = ONLINE | WITH(PACKETS) | WITH(SECONDS) | WITH(VERDICT) | WITH(TABLE),
		.args = "[FILTER...]",
		.args_min = 0,
		.args_max = UINT16_MAX,
		.in_order = true,
		.sentence =
			"Show the next packets that match a filter, and every decision about them.",
		.example = "glbctl trace --count 3 --verdict drop host 192.0.2.10 and tcp port 443",
	},
	{
		.name = "capture",
		.run = online_capture,
		.options = ONLINE | WITH(PACKETS) | WITH(SECONDS) | WITH(VERDICT) | WITH(TABLE) |
			   WITH(SNAPLEN),
		.args = "OUT.pcapng [FILTER...]",
		.args_min = 1,
		.args_max = UINT16_MAX,
		.in_order = true,
		.sentence = "Record packets as received and as sent, with verdicts as comments.",
		.example = "glbctl capture --seconds 10 out.pcapng host 192.0.2.10",
	},
	{
		.name = "workers",
		.run = online_workers,
		.options = ONLINE,
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "List its workers, and the generation that each serves.",
		.example = "glbctl workers --json",
	},
	{
		.name = "ports",
		.run = online_ports,
		.options = ONLINE,
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "List its ports, with links, addresses and gateways.",
		.example = "glbctl ports --socket /run/glb-director/control.sock",
	},
	{
		.name = "meters",
		.run = online_meters,
		.options = ONLINE,
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "List its metered VIPs: limits, packets passed and dropped, and "
			    "whether one is exhausted now.",
		.example = "glbctl meters --json",
	},
	{
		.name = "top",
		.run = online_top,
		.options = ONLINE | WITH(ONCE) | WITH(INTERVAL),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "Watch its rates, workers, drops and backends in a terminal; q quits.",
		.example = "glbctl top --once",
	},
	{
		.name = "stalls",
		.run = online_stalls,
		.options = ONLINE,
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "List turns of its workers that took too long, latest first.",
		.example = "glbctl stalls --json",
	},
	{
		.name = "health probe",
		.run = online_health_probe,
		.options = ONLINE | WITH(TABLE) | WITH(CHECK),
		.args = "BACKEND",
		.args_min = 1,
		.args_max = 1,
		.sentence = "Make the health checker probe a backend now, showing every step; exit "
			    "1 if a check fails.",
		.example = "glbctl health probe 10.0.0.21 --check http",
	},
	{
		.name = "health",
		.run = online_health,
		.options = ONLINE | WITH(TABLE) | WITH(UNHEALTHY),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "Show what a running health checker knows of backends, and why.",
		.example = "glbctl health --unhealthy",
	},
	{
		.name = "doctor",
		.run = online_doctor,
		.options = ONLINE | WITH(CONFIG) | WITH(TABLES) | WITH(LCORES) | WITH(ROOT),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "Check its host and report what to change and why; exit 1 if there is "
			    "a problem.",
		.example = "glbctl doctor --config director.json --tables tables.json --lcores 2-5",
	},
	{
		.name = "support-bundle",
		.run = online_bundle,
		.options = ONLINE | WITH(CONFIG) | WITH(TABLES) | WITH(WRITE),
		.args = "",
		.args_min = 0,
		.args_max = 0,
		.sentence = "Collect what support needs in a new file, without keys.",
		.example = "glbctl support-bundle --write /var/tmp/case-4711/bundle.tar.gz",
	},
};

static const struct program program = {
	.name = "glbctl",
	.sentence = "Builds, checks and explains forwarding tables; controls directors; replays "
		    "captures.",
	.notes = "The file name - denotes standard input, or standard output for a file that is "
		 "written.\n"
		 "Commands with --socket talk to a running director or health checker, others read "
		 "files.\n"
		 "Exit status: 0 success, 1 failure, such as an invalid file, 2 invalid command "
		 "line,\n"
		 "3 refused, because flows would be lost or by the director.\n",
	.commands = commands,
	.command_count = sizeof(commands) / sizeof(*commands),
	.options = options,
	.option_count = OPTION_COUNT,
	.leading = WITH(SOCKET),
};

/* Output that could not be written is a failure. */
static int flush_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_OK;
	log_error("standard output: %s", strerror(errno));
	return EXIT_FAILED;
}

static int glbctl_run(const struct program *called, int argc, char **argv)
{
	struct command_line line;

	if (!command_read(&line, called, argc, argv))
		return line.status;

	int status = line.command->run(&line);

	if (status == EXIT_USAGE)
		command_print_usage(called, line.command);

	int flushed = flush_output();

	return status == EXIT_OK ? flushed : status;
}

int main(int argc, char **argv)
{
	const struct program *original = original_program(argv[0]);

	if (!original)
		return glbctl_run(&program, argc, argv);
	original_skip_eal(original, &argc, &argv);
	return glbctl_run(original, argc, argv) == EXIT_OK ? EXIT_OK : EXIT_FAILED;
}
