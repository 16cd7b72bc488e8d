/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl top: what is a running director doing right now, continuously? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "question.h"
#include "screen.h"
#include "sys/log.h"
#include "top_text.h"

enum { INTERVAL_S = 2 };

/* Sends the request. *out is the text for people, to be released with free(); NULL with --json.
 * Returns the exit status. */
static int top_ask(char **out, const struct command_line *line)
{
	const struct question question = {.request = "{\"glb\": 1, \"verb\": \"top\"}",
					  .patience_ms = CLIENT_PATIENCE_MS};
	struct client_answer answer;
	int status = client_ask(&answer, line, &question);
	size_t len;

	*out = NULL;
	if (status == EXIT_OK && !command_has(line, OPTION_JSON)) {
		FILE *text = open_memstream(out, &len);

		if (text)
			top_write(text, &answer.root);
		if (!text || fclose(text)) {
			log_error("out of memory");
			status = EXIT_FAILED;
		}
	}
	client_free(&answer);
	if (status != EXIT_OK) {
		free(*out);
		*out = NULL;
	}
	return status;
}

static int print_once(const struct command_line *line)
{
	char *text;
	int status = top_ask(&text, line);

	if (text)
		(void)fputs(text, stdout);
	free(text);
	return status;
}

/* Shows a reply until the next one is due. True: the user wants to quit. */
static bool top_show(const struct screen *screen, const char *text, unsigned int ms)
{
	enum screen_event event = SCREEN_RESIZED;

	while (event == SCREEN_RESIZED) {
		screen_draw(text);
		event = screen_wait(screen, ms);
	}
	return event == SCREEN_END;
}

/* Shows replies until the user quits, which is EXIT_OK, or the director stops replying. */
static int top_watch(const struct screen *screen, const struct command_line *line, unsigned int ms)
{
	bool ends = false;
	int status = EXIT_OK;

	while (status == EXIT_OK && !ends) {
		char *text;

		status = top_ask(&text, line);
		if (status == EXIT_OK)
			ends = top_show(screen, text, ms);
		free(text);
	}
	return status;
}

int online_top(const struct command_line *line)
{
	struct screen screen;
	unsigned int interval_s;
	int status;
	int err;

	if (!seconds_of(&interval_s, line, OPTION_INTERVAL, INTERVAL_S))
		return EXIT_USAGE;
	if (!interval_s) {
		log_error("--interval is at least a second");
		return EXIT_USAGE;
	}
	if (command_has(line, OPTION_ONCE) || command_has(line, OPTION_JSON))
		return print_once(line);
	err = screen_open(&screen);
	if (err == -ENOTTY) {
		log_error("top draws on a terminal; --once prints for other programs");
		return EXIT_USAGE;
	}
	if (err) {
		log_error("the terminal: %s", strerror(-err));
		return EXIT_FAILED;
	}
	status = top_watch(&screen, line, interval_s * 1000);
	screen_close(&screen);
	/* the reason was written to the alternate screen; repeat it where it can be read */
	return status == EXIT_OK ? status : print_once(line);
}
