/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "log.h"
#include "version.h"
#include "words.h"

enum {
	HELP = 256 + COMMAND_OPTIONS_MAX, /* values of getopt_long(), beyond those of the options */
	VERSION,
	LINE_LEN = 100, /* columns */
	NAME_LEN = 64,
};

/* --- Help --- */

static bool takes(const struct command *command, unsigned int option)
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
static const char *option_usage(char out[NAME_LEN], const struct command_option *option)
{
	(void)snprintf(out, NAME_LEN, "--%s%s%s", option->name, option->value ? " " : "",
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
	char text[NAME_LEN];
	int at = fprintf(out, "usage: ");

	at += print_name(out, program, command);
	for (unsigned int i = 0; i < program->option_count; i++) {
		const struct command_option *option = &program->options[i];
		bool needed = command->needed >> i & 1;

		if (!takes(command, i) || !option->sentence)
			continue;
		at = start_word(out, at, strlen(option_usage(text, option)) + 2);
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
static const char *option_term(char out[NAME_LEN + 4], const struct command_option *option)
{
	char text[NAME_LEN];

	if (option->letter)
		(void)snprintf(out, NAME_LEN + 4, "-%c, %s", option->letter,
			       option_usage(text, option));
	else
		(void)snprintf(out, NAME_LEN + 4, "%s", option_usage(text, option));
	return out;
}

static void print_options(const struct program *program, const struct command *command)
{
	char term[NAME_LEN + 4];
	int width = (int)strlen("-h, --help");

	for (unsigned int i = 0; i < program->option_count; i++) {
		int len = (int)strlen(option_term(term, &program->options[i]));

		if (takes(command, i) && program->options[i].sentence && len > width)
			width = len;
	}
	for (unsigned int i = 0; i < program->option_count; i++)
		if (takes(command, i) && program->options[i].sentence)
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
static bool is_in_group(const struct command *command, const char *group)
{
	size_t len = group ? strlen(group) : 0;

	return !len || (!strncmp(command->name, group, len) && command->name[len] == ' ');
}

static void print_general_usage(FILE *out, const struct program *program, const char *group)
{
	(void)fprintf(out, "usage: %s%s%s COMMAND [OPTION...] [ARGUMENT...]\n", program->name,
		      group ? " " : "", group ? group : "");
}

/* Of the program, or of one group of commands. */
static void print_help(const struct program *program, const char *group)
{
	int width = 0;

	print_general_usage(stdout, program, group);
	printf("\n%s\n\n", program->sentence);
	for (unsigned int i = 0; i < program->command_count; i++) {
		int len = (int)strlen(program->commands[i].name);

		width = len > width ? len : width;
	}
	for (unsigned int i = 0; i < program->command_count; i++)
		if (is_in_group(&program->commands[i], group))
			print_term(program->commands[i].name, width, program->commands[i].sentence);
	printf("\n%s COMMAND --help says what a command takes, with an example.\n", program->name);
}

/* Prints help about a command, a group (command is NULL) or the program (both are NULL). */
static void help(const struct program *program, const struct command *command, const char *group)
{
	if (command)
		print_command_help(program, command);
	else
		print_help(program, group);
	if (program->notes && (!command || !*command->name))
		printf("%s%s", "\n", program->notes);
}

static void print_version(const struct program *program)
{
	const char *commit = version_commit();
	const char *library = program->library ? program->library : "";

	printf("%s %s", program->name, version_number());
	if (*commit || *library)
		printf(" (%s%s%s%s)", *commit ? "commit " : "", commit,
		       *commit && *library ? ", " : "", library);
	printf("\n");
}

/* --- Misuse --- */

/* "; did you mean ...?", or "". Returns out. */
static const char *suggest(char out[NAME_LEN * 2], const struct nearest *nearest)
{
	out[0] = '\0';
	if (nearest->found)
		(void)snprintf(out, NAME_LEN * 2, "; did you mean \"%s\"?", nearest->found);
	return out;
}

static void refuse_option(const struct program *program, const struct command *command,
			  const char *word)
{
	char names[COMMAND_OPTIONS_MAX][NAME_LEN];
	char written[NAME_LEN];
	char text[NAME_LEN * 2];
	unsigned int like = 0; /* options that the word could abbreviate */

	(void)snprintf(written, sizeof(written), "%.*s", (int)strcspn(word, "="), word);

	struct nearest nearest = nearest_start(written);

	for (unsigned int i = 0; i < program->option_count; i++) {
		if (!takes(command, i))
			continue;
		(void)snprintf(names[i], NAME_LEN, "--%s", program->options[i].name);
		nearest_try(&nearest, names[i], names[i]);
		like += !strncmp(names[i], written, strlen(written));
	}
	if (like > 1)
		log_error("\"%s\" may be one of several options", written);
	else
		log_error("no option \"%s\"%s", written, suggest(text, &nearest));
}

/* Reports what getopt_long() rejected. */
static void command_refuse(const struct program *program, const struct command *command, int found,
			   const char *word)
{
	const char letter[] = {'-', (char)optopt, '\0'};

	if (found == ':')
		log_error("option \"%s\" needs a value", word);
	else if (!optopt)
		refuse_option(program, command, word);
	else if (optopt >= 256)
		log_error("option \"%.*s\" takes no value", (int)strcspn(word, "="), word);
	else
		log_error("no option \"%s\"", letter);
}

/* Reports an unknown command and suggests the nearest one. */
static void refuse_command(const struct program *program, const char *group, const char *word)
{
	char written[NAME_LEN * 2];
	char text[NAME_LEN * 2];
	char groups[COMMANDS_MAX][NAME_LEN];

	(void)snprintf(written, sizeof(written), "%s%s%s", group ? group : "", group ? " " : "",
		       word);

	struct nearest nearest = nearest_start(word);

	/* at equal distance, prefer a command that is not in a group */
	for (unsigned int i = 0; i < program->command_count && !group; i++)
		if (!strchr(program->commands[i].name, ' '))
			nearest_try(&nearest, program->commands[i].name, program->commands[i].name);
	for (unsigned int i = 0; i < program->command_count && i < COMMANDS_MAX; i++) {
		const char *name = program->commands[i].name;
		const char *space = strchr(name, ' ');

		if (!is_in_group(&program->commands[i], group))
			continue;
		if (space && !group) {
			(void)snprintf(groups[i], NAME_LEN, "%.*s", (int)(space - name), name);
			nearest_try(&nearest, groups[i], groups[i]);
		}
		nearest_try(&nearest, space ? space + 1 : name, name);
	}
	log_error("no command \"%s\"%s", written, suggest(text, &nearest));
}

/* --- Parsing --- */

/* Options of a command in the form that getopt_long() takes. */
struct syntax {
	struct option words[COMMAND_OPTIONS_MAX + 3];
	char letters[2 * COMMAND_OPTIONS_MAX + 4];
};

static struct syntax syntax_of(const struct program *program, const struct command *command)
{
	struct syntax syntax = {.words = {{"help", no_argument, NULL, HELP},
					  {"version", no_argument, NULL, VERSION}}};
	struct option *word = syntax.words + 2;
	char *letter = stpcpy(syntax.letters, command->in_order ? "+:h" : ":h");

	for (unsigned int i = 0; i < program->option_count; i++) {
		const struct command_option *option = &program->options[i];
		int argument = option->value ? required_argument : no_argument;

		if (!takes(command, i))
			continue;
		*word++ = (struct option){option->name, argument, NULL, 256 + (int)i};
		if (option->letter)
			*letter++ = option->letter;
		if (option->letter && option->value)
			*letter++ = ':';
	}
	return syntax;
}

/* The option that getopt_long() found; for an alias, the option it stands for. */
static unsigned int option_of(const struct program *program, int found)
{
	unsigned int option = (unsigned int)found - 256;

	for (unsigned int i = 0; found < 256 && i < program->option_count; i++)
		if (program->options[i].letter == found)
			option = i;
	while (!program->options[option].sentence)
		option--;
	return option;
}

static bool check_needs(const struct command_line *line, const struct program *program)
{
	const struct command *command = line->command;
	unsigned int count = (unsigned int)line->arg_count;
	bool one = command->args_min == command->args_max;
	char text[NAME_LEN];

	for (unsigned int i = 0; i < program->option_count; i++)
		if (command->needed >> i & 1 && !line->values[i]) {
			log_error("%s is missing", option_usage(text, &program->options[i]));
			return false;
		}
	if (count >= command->args_min && count <= command->args_max)
		return true;
	if (!command->args_max)
		log_error("no word \"%s\" is expected here", line->args[0]);
	else
		log_error("%u argument%s given, %s%u expected: %s", count, plural(count),
			  one			      ? ""
			  : count < command->args_min ? "at least "
						      : "at most ",
			  count < command->args_min ? command->args_min : command->args_max,
			  command->args);
	return false;
}

/* Refuses a second value: one of the two would have to be ignored. */
static bool take_option(struct command_line *out, const struct program *program,
			unsigned int option, const char *value)
{
	if (out->values[option]) {
		log_error("option \"--%s\" is given twice", program->options[option].name);
		out->status = COMMAND_MISUSED;
		return false;
	}
	out->values[option] = value ? value : "";
	return true;
}

/* Parses what follows the command's name; argv[0] is the last word of the name. */
static bool read_words(struct command_line *out, const struct program *program, int argc,
		       char **argv)
{
	const struct command *command = out->command;
	struct syntax syntax = syntax_of(program, command);

	opterr = 0;
	optind = 0; /* restarts getopt_long() */
	for (int found;
	     (found = getopt_long(argc, argv, syntax.letters, syntax.words, NULL)) != -1;) {
		if (found == HELP || found == 'h') {
			help(program, command, NULL);
			return false;
		}
		if (found == VERSION) {
			print_version(program);
			return false;
		}
		if (found == '?' || found == ':') {
			command_refuse(program, command, found, argv[optind - 1]);
			out->status = COMMAND_MISUSED;
			return false;
		}
		if (!take_option(out, program, option_of(program, found), optarg))
			return false;
	}
	out->args = argv + optind;
	out->arg_count = argc - optind;
	if (!check_needs(out, program))
		out->status = COMMAND_MISUSED;
	return !out->status;
}

/* The number of words of a command's name if argv begins with them, otherwise 0. */
static int matched_words(const struct command *command, int argc, char **argv)
{
	const char *name = command->name;

	for (int i = 0; i < argc; i++) {
		size_t len = strlen(argv[i]);

		if (strncmp(name, argv[i], len) != 0 || (name[len] && name[len] != ' '))
			return 0;
		if (!name[len])
			return i + 1;
		name += len + 1;
	}
	return 0;
}

static bool is_group(const struct program *program, const char *word)
{
	for (unsigned int i = 0; *word && i < program->command_count; i++)
		if (is_in_group(&program->commands[i], word))
			return true;
	return false;
}

/* No command was given: prints help or version if asked to, else reports the misuse. Returns the
 * exit status. */
static int answer_without_command(const struct program *program, int argc, char **argv)
{
	const char *group = argc > 1 && is_group(program, argv[1]) ? argv[1] : NULL;
	const char *word = argc > 1 + !!group ? argv[1 + !!group] : NULL;

	if (word && (!strcmp(word, "--help") || !strcmp(word, "-h"))) {
		help(program, NULL, group);
		return EXIT_SUCCESS;
	}
	if (word && !strcmp(word, "--version")) {
		print_version(program);
		return EXIT_SUCCESS;
	}
	if (word && *word == '-')
		log_error("no option \"%s\" before a command", word);
	else if (word)
		refuse_command(program, group, word);
	else
		log_error("%s%sa command is missing", group ? group : "", group ? ": " : "");
	print_general_usage(stderr, program, group);
	(void)fprintf(stderr, "%s --help lists the commands\n", program->name);
	return COMMAND_MISUSED;
}

/* Output that could not be written is a failure. */
static int flush_answer(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_SUCCESS;
	log_error("standard output: %s", strerror(errno));
	return EXIT_FAILURE;
}

/* Does a word begin an option that may precede a command? Returns the number of words it takes,
 * or 0. */
static int leading_option(const struct program *program, const char *word)
{
	size_t len = strncmp(word, "--", 2) == 0 ? strcspn(word, "=") : 0;

	for (unsigned int i = 0; i < program->option_count; i++) {
		const struct command_option *option = &program->options[i];

		if (program->leading >> i & 1 && len == strlen(option->name) + 2 &&
		    !strncmp(word + 2, option->name, len - 2))
			return option->value && !word[len] ? 2 : 1;
	}
	return 0;
}

/* The number of words in front of the command that are such options. */
static int leading_words(const struct program *program, int argc, char **argv)
{
	int count = 0;
	int more = 1;

	while (more && count + 1 < argc) {
		more = leading_option(program, argv[count + 1]);
		count += more;
	}
	return count < argc ? count : argc - 1;
}

/* Moves the first `count` words behind the `words` that follow them. */
static void move_behind(char **argv, int count, int words)
{
	for (; count > 0; count--) {
		char *last = argv[count - 1];

		memmove(argv + count - 1, argv + count, (size_t)words * sizeof(*argv));
		argv[count - 1 + words] = last;
	}
}

bool command_read(struct command_line *out, const struct program *program, int argc, char **argv)
{
	struct command_line line = {.command = NULL};
	int before = leading_words(program, argc, argv);
	bool run = false;
	int words = 0;

	for (unsigned int i = 0; i < program->command_count && !line.command; i++) {
		const struct command *command = &program->commands[i];

		words = *command->name
				? matched_words(command, argc - 1 - before, argv + 1 + before)
				: 0;
		if (words || !*command->name)
			line.command = command;
	}
	if (line.command) {
		move_behind(argv + 1, before, words);
		run = read_words(&line, program, argc - words, argv + words);
	} else {
		line.status = answer_without_command(program, argc - before, argv + before);
	}
	if (line.command && line.status == COMMAND_MISUSED)
		command_print_usage(program, line.command);
	if (!run && !line.status)
		line.status = flush_answer();
	*out = line;
	return run;
}
