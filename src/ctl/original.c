/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/director.h"
#include "load.h"
#include "original.h"
#include "sys/log.h"

enum { CONFIG_FILE, FORWARDING_TABLE, DEBUG, CHECK_OPTION_COUNT };

static void print_bind(const struct glb_bind *bind)
{
	char addr[ADDR_TEXT_LEN];
	unsigned int whole = bind->addr.version == 4 ? 32 : 128;

	printf("bind: %s", addr_text(addr, &bind->addr));
	if (bind->prefix_len < whole)
		printf("/%u", bind->prefix_len);
	printf(":[%u-%u] (%u)\n", bind->port_first, bind->port_last, bind->proto);
}

static void print_original_table(const struct glb_table_spec *spec)
{
	char addr[ADDR_TEXT_LEN];

	for (unsigned int i = 0; i < spec->bind_count; i++)
		print_bind(&spec->binds[i]);
	for (unsigned int i = 0; i < spec->backend_count; i++)
		printf("** backend: %s\n", addr_text(addr, &spec->backends[i].addr));
}

/* Would a director start with both files, including their combination? */
static bool is_good(const struct director_conf *conf, struct glb_tables *tables, const char *path)
{
	struct glb_generation *gen;
	struct glb_diag diag = {{0}};

	if (glb_generation_make(&gen, 0, &conf->settings, tables, &diag)) {
		log_error("%s: %s", path, diag.text);
		glb_tables_free(tables);
		return false;
	}
	for (unsigned int i = 0; i < gen->tables.count; i++)
		print_original_table(&gen->tables.tables[i]->spec);
	glb_generation_free(gen);
	return true;
}

static int check_config(const struct command_line *line)
{
	const char *tables_path = line->values[FORWARDING_TABLE];
	struct director_conf conf;
	struct glb_tables tables;

	if (command_has(line, DEBUG))
		log_info("--debug has no effect");
	if (!load_director(&conf, &tables, line->values[CONFIG_FILE], tables_path) ||
	    !is_good(&conf, &tables, tables_path))
		return EXIT_FAILED;
	glb_deny_free(conf.settings.deny);
	printf("Config ok!\n");
	return EXIT_OK;
}

static const struct command build_command = {
	.name = "build-config",
	.run = table_build,
	.args = "SRC.json DST.bin",
	.args_min = 2,
	.args_max = 2,
	.sentence = "Write the binary image of a tables file, like glbctl table build.",
	.example = "glb-director-cli build-config forwarding_table.json forwarding_table.bin",
};

static const struct program cli = {
	.name = "glb-director-cli",
	.sentence = "Builds images of forwarding tables: the original's name for glbctl.",
	.notes = "Exit status: 0 done, 1 not.\n",
	.commands = &build_command,
	.command_count = 1,
};

static const struct command check_command = {
	.name = "",
	.run = check_config,
	.args = "",
	.options = (1U << CHECK_OPTION_COUNT) - 1,
	.needed = 1U << CONFIG_FILE | 1U << FORWARDING_TABLE,
	.sentence =
		"Checks the files of a director, lists binds and backends and says \"Config ok!\".",
	.example = "glb-config-check --config-file director.conf --forwarding-table "
		   "forwarding_table.bin",
};

static const struct command_option check_options[CHECK_OPTION_COUNT] = {
	[CONFIG_FILE] = {"config-file", "FILE", "director.json", 'c'},
	[FORWARDING_TABLE] = {"forwarding-table", "FILE", "tables: source or image", 't'},
	[DEBUG] = {"debug", NULL, "the original's, without effect", 'v'},
};

static const struct program config_check = {
	.name = "glb-config-check",
	.sentence = check_command.sentence,
	.notes = "Exit status: 0 both are good, 1 they are not.\n",
	.commands = &check_command,
	.command_count = 1,
	.options = check_options,
	.option_count = CHECK_OPTION_COUNT,
};

const struct program *original_program(const char *path)
{
	static const struct program *const programs[] = {&cli, &config_check};
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	for (unsigned int i = 0; name && i < sizeof(programs) / sizeof(*programs); i++)
		if (!strcmp(programs[i]->name, name))
			return programs[i];
	return NULL;
}

void original_skip_eal(const struct program *program, int *argc, char ***argv)
{
	for (int i = 1; program == &config_check && i < *argc; i++)
		if (!strcmp((*argv)[i], "--")) {
			*argc -= i;
			*argv += i;
			return;
		}
}
