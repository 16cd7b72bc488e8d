/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

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

static ssize_t take_dpdk_lines(void *cookie, const char *lines, size_t len)
{
	(void)cookie;
	log_lines(lines, len);
	return (ssize_t)len;
}

/* Has what DPDK logs wait for nobody either. */
static void take_dpdk_log(void)
{
	FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_dpdk_lines});

	if (stream && rte_openlog_stream(stream))
		(void)fclose(stream);
}

/* For service managers: a director that has lost its devices is worth starting again. */
static int status_of(int err)
{
	if (err == -ENETDOWN)
		return EX_TEMPFAIL;
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(struct control *control, int eal_argc, char **eal_argv)
{
	take_dpdk_log();
	if (rte_eal_init(eal_argc, eal_argv) < 0) {
		log_error("the EAL does not start: %s", rte_strerror(rte_errno));
		return EXIT_FAILURE;
	}
	log_stay_here(); /* off the workers' processors */

	int status = EXIT_FAILURE;

	if (rte_lcore_count() < 2)
		log_error("one lcore is not enough: the main one controls, every other forwards; "
			  "name two with the EAL option -l");
	else
		status = status_of(control_run(control));
	if (!control->workers_left)
		(void)rte_eal_cleanup();
	return status;
}

static int start(struct control *control, const struct args *args, int eal_argc, char **eal_argv)
{
	int err;

	control->reload.config_path = args->config_path;
	control->reload.tables_path = args->tables_path;
	err = control_load(control);
	if (err == -ECANCELED) {
		log_info("stopped before it was ready");
		return args->check ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	if (err)
		return EXIT_FAILURE;

	int status = args->check ? EXIT_SUCCESS : run(control, eal_argc, eal_argv);

	control_unload(control);
	return status;
}

int main(int argc, char **argv)
{
	int at = own_args_at(argc, argv);
	struct control control = {0};
	struct args args;

	/*
	 * Before all else: a signal that comes while tables are read must not end the process, and
	 * no thread may take one.
	 */
	int err = service_start(&control.service);

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		(void)fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	/* getopt takes the "--" for the program's name, as rte_eal_init() would leave it */
	if (at == argc || !read_args(&args, argc - at, argv + at)) {
		(void)fputs(usage, stderr);
		return EXIT_USAGE;
	}
	service_keep_memory();
	if (!err)
		err = log_start();
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		return EXIT_FAILURE;
	}

	int status = start(&control, &args, at, argv);

	log_stop();
	if (control.left || control.workers_left)
		_exit(status); /* takes nothing from under the thread that is left */
	return status;
}
