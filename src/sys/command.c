/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "command_parts.h"
#include "log.h"
#include "words.h"

enum {
	HELP = 256 + COMMAND_OPTIONS_MAX, /* values of getopt_long(), beyond those of the options */
	VERSION,
};

/* --- Misuse --- */

/* "; did you mean ...?", or "". Returns out. */
static const char *suggest(char out[COMMAND_NAME_LEN * 2], const struct nearest *nearest)
{
	out[0] = '\0';
	if (nearest->found)
		(void)snprintf(out, COMMAND_NAME_LEN * 2, "; did you mean \"%s\"?", nearest->found);
	return out;
}

static void refuse_option(const struct program *program, const struct command *command,
			  const char *word)
{
	char names[COMMAND_OPTIONS_MAX][COMMAND_NAME_LEN];
	char written[COMMAND_NAME_LEN];
	char text[COMMAND_NAME_LEN * 2];
	unsigned int like = 0; /* options that the word could abbreviate */

	(void)snprintf(written, sizeof(written), "%.*s", (int)strcspn(word, "="), word);

	struct nearest nearest = nearest_start(written);

	for (unsigned int i = 0; i < program->option_count; i++) {
		if (!command_takes(command, i))
			continue;
		(void)snprintf(names[i], COMMAND_NAME_LEN, "--%s", program->options[i].name);
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
	char written[COMMAND_NAME_LEN * 2];
	char text[COMMAND_NAME_LEN * 2];
	char groups[COMMANDS_MAX][COMMAND_NAME_LEN];

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

		if (!command_is_in_group(&program->commands[i], group))
			continue;
		if (space && !group) {
			(void)snprintf(groups[i], COMMAND_NAME_LEN, "%.*s", (int)(space - name),
				       name);
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

		if (!command_takes(command, i))
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
	char text[COMMAND_NAME_LEN];

	for (unsigned int i = 0; i < program->option_count; i++)
		if (command->needed >> i & 1 && !line->values[i]) {
			log_error("%s is missing",
				  command_option_usage(text, &program->options[i]));
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
			command_help(program, command, NULL);
			return false;
		}
		if (found == VERSION) {
			command_print_version(program);
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
		if (command_is_in_group(&program->commands[i], word))
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
		command_help(program, NULL, group);
		return EXIT_SUCCESS;
	}
	if (word && !strcmp(word, "--version")) {
		command_print_version(program);
		return EXIT_SUCCESS;
	}
	if (word && *word == '-')
		log_error("no option \"%s\" before a command", word);
	else if (word)
		refuse_command(program, group, word);
	else
		log_error("%s%sa command is missing", group ? group : "", group ? ": " : "");
	command_print_general_usage(stderr, program, group);
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
