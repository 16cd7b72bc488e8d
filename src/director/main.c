/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/settings.h"
#include "director/control.h"
#include "director/dpdk.h"
#include "director/eal.h"
#include "sys/command.h"
#include "sys/log.h"
#include "sys/printable.h"
#include "sys/service.h"
#include "sys/words.h"

/* constant, --name, its value, sentence for --help, letter; without a sentence: the original's name
 */
#define OPTIONS(X)                                                                                 \
	X(CONFIG, "config", "FILE", "how this director behaves", 'c')                              \
	X(CONFIG_FILE, "config-file", "FILE", NULL, 0)                                             \
	X(TABLES, "tables", "FILE", "forwarding tables: source JSON or binary image", 't')         \
	X(FORWARDING_TABLE, "forwarding-table", "FILE", NULL, 0)                                   \
	X(CHECK, "check", NULL,                                                                    \
	  "read both files, print a summary or all problems, and exit 0 or 1", 0)                  \
	X(DEBUG, "debug", NULL, "the original's, without effect: everything is logged anyway", 'v')

enum {
#define OPTION_CONSTANT(constant, ...) OPTION_##constant,
	OPTIONS(OPTION_CONSTANT)
#undef OPTION_CONSTANT
		OPTION_COUNT,
};

static const struct command_option options[] = {
#define OPTION_ROW(constant, name, value, sentence, letter) {name, value, sentence, letter},
	OPTIONS(OPTION_ROW)
#undef OPTION_ROW
};

/* A start takes about 30, and more with many queues; each client of a socket or of HTTP one. */
enum { DESCRIPTORS_LEAST = 128 };

/* Memory that a director with a few tables needs when it reloads them. */
static const size_t MEMORY_AT_START = (size_t)32 << 20;

static const struct command command = {
	.name = "",
	.args = "",
	.options = (1U << OPTION_COUNT) - 1,
	.needed = 1U << OPTION_CONFIG | 1U << OPTION_TABLES,
	.sentence = "Receives packets with DPDK, encapsulates them, and sends them to proxies.",
	.example = "glb-director --no-pci -l 0-1 --vdev net_af_packet0,iface=eth0 -- "
		   "--config director.json --tables tables.json",
};

static struct program describe_program(void)
{
	return (struct program){
		.name = "glb-director",
		.library = rte_version(),
		.before = "[EAL OPTION...] --",
		.sentence = command.sentence,
		.notes = "EAL options are DPDK's: which lcores, devices and memory.\n"
			 "SIGHUP reads both files again, SIGUSR1 the tables only; SIGUSR2 logs the "
			 "counters;\nSIGTERM or SIGINT stops and prints the counters.\n",
		.commands = &command,
		.command_count = 1,
		.options = options,
		.option_count = OPTION_COUNT,
	};
}

/* Index of the first argument after the EAL's, or argc if there is no "--". */
static int own_args_at(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i;
	return argc;
}

static bool is_question(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "--version");
}

/*
 * Parses the arguments after "--", which takes the place of the program's name. Without "--",
 * informational options such as --help are still recognized.
 */
static bool read_args(struct command_line *out, int argc, char **argv)
{
	const struct program program = describe_program();
	int at = own_args_at(argc, argv);

	if (at < argc)
		return command_read(out, &program, argc - at, argv + at);
	for (int i = 1; i < argc; i++)
		if (is_question(argv[i]))
			return command_read(out, &program, 2, argv + i - 1);
	log_error("no \"--\" between the options of the EAL and those of glb-director");
	command_print_usage(&program, &command);
	out->status = COMMAND_MISUSED;
	return false;
}

/* For service managers: a director that lost its devices is worth restarting. */
static int status_of(int err)
{
	if (err == -ENETDOWN)
		return EX_TEMPFAIL;
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The EAL and libevent end the process without logging when descriptors run out. */
static bool has_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= DESCRIPTORS_LEAST)
		return true;
	log_error("cannot start: no more than %llu files may be open (RLIMIT_NOFILE), and it takes "
		  "%d: ulimit -n, or LimitNOFILE= of the unit",
		  (unsigned long long)limit.rlim_cur, DESCRIPTORS_LEAST);
	return false;
}

static int director_run(struct control *control, int eal_argc, char **eal_argv)
{
	if (!has_descriptors())
		return EXIT_FAILURE;

	struct glb_diag diag = {{0}};

	if (bifurcation_order(&control->bifurcation, &control->first.conf, eal_argc, eal_argv,
			      &diag)) {
		log_error("%s", diag.text);
		return EXIT_FAILURE;
	}
	status_starting(&control->status, "starts the EAL, which clears its memory");
	if (eal_start(&control->eal_log, eal_argc, eal_argv))
		return EXIT_FAILURE;
	log_stay_here(); /* away from the workers' processors */
	status_stay_here(&control->status);
	status_starting(&control->status, "starts its ports");

	int status = EXIT_FAILURE;

	if (rte_lcore_count() < 2)
		log_error("one lcore is not enough: the main one controls, every other forwards; "
			  "name two with the EAL option -l");
	else
		status = status_of(control_run(control));
	if (!control->workers_left && control->has_devices)
		(void)rte_eal_cleanup();
	return status;
}

/* Prints what --check found in valid files. Returns the exit status. */
static int print_found(const struct control *control)
{
	const struct glb_generation *gen = control->first.served->gen;
	struct extent extent = status_extent(gen);
	const struct director_conf *conf = &control->first.conf;
	char fields[FIELDS_TEXT_LEN];
	char path[PRINTABLE_NAME_LEN];

	printf("%s: hash_fields %s, %u port%s with settings of %s own\n",
	       printable(path, sizeof(path), control->reload.config_path),
	       fields_text(fields, gen->settings.hash_fields), conf->port_count,
	       plural(conf->port_count), conf->port_count == 1 ? "its" : "their");
	printf("%s: %u table%s, %u bind%s, %u backend%s (%u healthy)\n",
	       printable(path, sizeof(path), control->reload.tables_path), extent.tables,
	       plural(extent.tables), extent.binds, plural(extent.binds), extent.backends,
	       plural(extent.backends), extent.healthy);
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_SUCCESS;
	log_error("standard output: %s", strerror(errno));
	return EXIT_FAILURE;
}

static int director_start(struct control *control, const struct command_line *line, int eal_argc,
			  char **eal_argv)
{
	bool check = command_has(line, OPTION_CHECK);
	int err;

	if (command_has(line, OPTION_DEBUG))
		log_info("--debug has no effect: everything is logged anyway");

	if (!check)
		status_open(&control->status);
	control->reload.config_path = line->values[OPTION_CONFIG];
	control->reload.tables_path = line->values[OPTION_TABLES];
	control->reload.takes_last_good = !check;
	err = control_load(control);
	if (err == -ECANCELED) {
		status_stopping(&control->status, "before it was ready");
		log_info("stopped before it was ready");
		return check ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	if (err)
		return EXIT_FAILURE;

	int status = check ? print_found(control) : director_run(control, eal_argc, eal_argv);

	control_unload(control);
	bifurcation_close(&control->bifurcation);
	return status;
}

int main(int argc, char **argv)
{
	struct control control = {0};
	struct command_line line;

	/*
	 * First of all: a signal that arrives while tables are read must not end the process, and
	 * no other thread may receive one.
	 */
	int err = service_start(&control.service);

	if (!read_args(&line, argc, argv))
		return line.status;
	if (eal_check_words(own_args_at(argc, argv), argv))
		return COMMAND_MISUSED;
	service_keep_memory(MEMORY_AT_START);
	if (!err && !command_has(&line, OPTION_CHECK))
		err = log_start();
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		return EXIT_FAILURE;
	}

	int status = director_start(&control, &line, own_args_at(argc, argv), argv);

	if (status != EXIT_SUCCESS && !control.ready)
		status_failed(&control.status, &control.first.why);
	status_close(&control.status);
	if (control.left || control.workers_left) {
		log_flush();
		_exit(status); /* leaves the remaining thread its resources */
	}
	log_stop();
	exit(status); /* not return: DPDK logs through this frame */
}
