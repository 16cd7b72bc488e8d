/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "command_parts.h"
#include "version.h"

enum { LINE_LEN = 100 }; /* columns */

bool command_takes(const struct command *command, unsigned int option)
{
	return command->options >> option & 1;
}

/* Returns the number of columns used. */
static int print_name(FILE *out, const struct program *program, const struct command *command)
{
	return fprintf(out, "%s%s%s%s%s", program->name, *command->name ? " " : "", command->name,
		       program->before ? " " : "", program->before ? program->before : "");
}

/* Formats an option as on a command line. Returns out. */
const char *command_option_usage(char out[COMMAND_NAME_LEN], const struct command_option *option)
{
	(void)snprintf(out, COMMAND_NAME_LEN, "--%s%s%s", option->name, option->value ? " " : "",
		       option->value ? option->value : "");
	return out;
}

/* Starts a new line if the next word would not fit. Returns the column. */
static int start_word(FILE *out, int at, size_t len)
{
	return at + (int)len < LINE_LEN ? at : fprintf(out, "\n%6s", "") - 1;
}

static void print_usage(FILE *out, const struct program *program, const struct command *command)
{
	char text[COMMAND_NAME_LEN];
	int at = fprintf(out, "usage: ");

	at += print_name(out, program, command);
	for (unsigned int i = 0; i < program->option_count; i++) {
		const struct command_option *option = &program->options[i];
		bool needed = command->needed >> i & 1;

		if (!command_takes(command, i) || !option->sentence)
			continue;
		at = start_word(out, at, strlen(command_option_usage(text, option)) + 2);
		at += fprintf(out, needed ? " %s" : " [%s]", text);
	}
	(void)start_word(out, at, strlen(command->args));
	(void)fprintf(out, "%s%s\n", *command->args ? " " : "", command->args);
}

void command_print_usage(const struct program *program, const struct command *command)
{
	print_usage(stderr, program, command);
}

/* One line of a list: a term, and its sentence in a column of its own. */
static void print_term(const char *term, int width, const char *sentence)
{
	int at = width + 4; /* column where sentences begin */

	printf("  %-*s  ", width, term);
	while ((int)strlen(sentence) > LINE_LEN - at) {
		int len = LINE_LEN - at;

		while (len && sentence[len] != ' ')
			len--;
		printf("%.*s\n%*s", len, sentence, at, "");
		sentence += len + 1;
	}
	printf("%s\n", sentence);
}

/* Formats an option for a list: with its short name. Returns out. */
static const char *option_term(char out[COMMAND_NAME_LEN + 4], const struct command_option *option)
{
	char text[COMMAND_NAME_LEN];

	if (option->letter)
		(void)snprintf(out, COMMAND_NAME_LEN + 4, "-%c, %s", option->letter,
			       command_option_usage(text, option));
	else
		(void)snprintf(out, COMMAND_NAME_LEN + 4, "%s", command_option_usage(text, option));
	return out;
}

static void print_options(const struct program *program, const struct command *command)
{
	char term[COMMAND_NAME_LEN + 4];
	int width = (int)strlen("-h, --help");

	for (unsigned int i = 0; i < program->option_count; i++) {
		int len = (int)strlen(option_term(term, &program->options[i]));

		if (command_takes(command, i) && program->options[i].sentence && len > width)
			width = len;
	}
	for (unsigned int i = 0; i < program->option_count; i++)
		if (command_takes(command, i) && program->options[i].sentence)
			print_term(option_term(term, &program->options[i]), width,
				   program->options[i].sentence);
	print_term("-h, --help", width, "print this");
	print_term("--version", width, "print the version");
}

static void print_command_help(const struct program *program, const struct command *command)
{
	print_usage(stdout, program, command);
	printf("\n%s\n\n", command->sentence);
	print_options(program, command);
	printf("\nexample: %s\n", command->example);
}

/* Does the command's name begin with the word, or is there no word? */
bool command_is_in_group(const struct command *command, const char *group)
{
	size_t len = group ? strlen(group) : 0;

	return !len || (!strncmp(command->name, group, len) && command->name[len] == ' ');
}

void command_print_general_usage(FILE *out, const struct program *program, const char *group)
{
	(void)fprintf(out, "usage: %s%s%s COMMAND [OPTION...] [ARGUMENT...]\n", program->name,
		      group ? " " : "", group ? group : "");
}

/* Of the program, or of one group of commands. */
static void print_help(const struct program *program, const char *group)
{
	int width = 0;

	command_print_general_usage(stdout, program, group);
	printf("\n%s\n\n", program->sentence);
	for (unsigned int i = 0; i < program->command_count; i++) {
		int len = (int)strlen(program->commands[i].name);

		width = len > width ? len : width;
	}
	for (unsigned int i = 0; i < program->command_count; i++)
		if (command_is_in_group(&program->commands[i], group))
			print_term(program->commands[i].name, width, program->commands[i].sentence);
	printf("\n%s COMMAND --help says what a command takes, with an example.\n", program->name);
}

/* Prints help about a command, a group (command is NULL) or the program (both are NULL). */
void command_help(const struct program *program, const struct command *command, const char *group)
{
	if (command)
		print_command_help(program, command);
	else
		print_help(program, group);
	if (program->notes && (!command || !*command->name))
		printf("%s%s", "\n", program->notes);
}

void command_print_version(const struct program *program)
{
	const char *commit = version_commit();
	const char *library = program->library ? program->library : "";

	printf("%s %s", program->name, version_number());
	if (*commit || *library)
		printf(" (%s%s%s%s)", *commit ? "commit " : "", commit,
		       *commit && *library ? ", " : "", library);
	printf("\n");
}
