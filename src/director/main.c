/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "director/control.h"
#include "director/dpdk.h"
#include "sys/log.h"
#include "sys/service.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
	"usage: glb-director [EAL options] -- --config director.json --tables tables.json "
	"[--check]\n"
	"\n"
	"  -c, --config FILE   how this director behaves\n"
	"  -t, --tables FILE   forwarding tables: source JSON or binary image\n"
	"      --check         read both files, say what is wrong with them, and exit 0 or 1\n"
	"\n"
	"SIGHUP reads both files again, SIGUSR1 the tables only; SIGUSR2 logs the counters; "
	"SIGTERM\n"
	"or SIGINT stops and prints the counters.\n";

struct args {
	const char *config_path;
	const char *tables_path;
	bool check;
};

/* Index of the words behind the EAL's, or argc when there is no "--". */
static int own_args_at(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i;
	return argc;
}

static bool read_args(struct args *out, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"config-file", required_argument, NULL, 'c'}, /* the original's name */
		{"tables", required_argument, NULL, 't'},
		{"forwarding-table", required_argument, NULL, 't'}, /* likewise */
		{"check", no_argument, NULL, 'k'},
		{0},
	};
	struct args args = {0};

	optind = 1;
	for (int option; (option = getopt_long(argc, argv, "c:t:", options, NULL)) != -1;) {
		if (option == 'c')
			args.config_path = optarg;
		else if (option == 't')
			args.tables_path = optarg;
		else if (option == 'k')
			args.check = true;
		else
			return false;
	}
	if (optind != argc || !args.config_path || !args.tables_path)
		return false;
	*out = args;
	return true;
}

static int run(struct control *control, int eal_argc, char **eal_argv)
{
	if (rte_eal_init(eal_argc, eal_argv) < 0) {
		log_error("the EAL does not start: %s", rte_strerror(rte_errno));
		return EXIT_FAILURE;
	}

	int status = EXIT_FAILURE;

	if (rte_lcore_count() < 2)
		log_error("one lcore is not enough: the main one controls, every other forwards; "
			  "name two with the EAL option -l");
	else if (!control_run(control))
		status = EXIT_SUCCESS;
	(void)rte_eal_cleanup();
	return status;
}

int main(int argc, char **argv)
{
	int at = own_args_at(argc, argv);
	struct control control = {0};
	struct args args;

	/* Before all else: a signal that comes while tables are read must not end the process, and
	 * no thread of the EAL may take one. */
	if (service_start(&control.service)) {
		log_error("no file descriptors for signals: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	service_keep_memory();
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		(void)fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	/* getopt takes the "--" for the program's name, as rte_eal_init() would leave it */
	if (at == argc || !read_args(&args, argc - at, argv + at)) {
		(void)fputs(usage, stderr);
		return EXIT_USAGE;
	}

	control.config_path = args.config_path;
	control.tables_path = args.tables_path;
	if (control_load(&control))
		return EXIT_FAILURE;
	if (service_stop_pending()) {
		log_info("stopped before it was ready");
		glb_tables_free(&control.tables);
		return args.check ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	if (args.check)
		return control_check(&control) ? EXIT_FAILURE : EXIT_SUCCESS;
	return run(&control, at, argv);
}
