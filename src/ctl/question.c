/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "question.h"
#include "sys/log.h"

bool draft_begin(struct draft *out, const char *verb)
{
	*out = (struct draft){.text = NULL};
	out->w.out = open_memstream(&out->text, &out->len);
	if (!out->w.out) {
		log_error("out of memory");
		return false;
	}
	out->w.on_one_line = true;
	write_open(&out->w, NULL, '{');
	write_uint(&out->w, "glb", 1);
	write_string(&out->w, "verb", verb);
	return true;
}

char *draft_end(struct draft *draft)
{
	write_close(&draft->w, '}');
	if (fclose(draft->w.out)) {
		log_error("out of memory");
		free(draft->text);
		return NULL;
	}
	draft->text[strcspn(draft->text, "\n")] = '\0'; /* the sender adds the newline */
	return draft->text;
}

char *question_of(const char *verb, const struct command_line *line)
{
	const char *table = line->values[OPTION_TABLE];
	struct draft draft;

	if (!draft_begin(&draft, verb))
		return NULL;
	if (table)
		write_string(&draft.w, "table", table);
	return draft_end(&draft);
}

bool seconds_of(unsigned int *out, const struct command_line *line, unsigned int option,
		unsigned int usual)
{
	const char *text = line->values[option];
	char *end;
	unsigned long seconds;

	*out = usual;
	if (!text)
		return true;
	seconds = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || seconds > SECONDS_MAX) {
		log_error("\"%s\" is not a number of seconds from 0 to %d", text, SECONDS_MAX);
		return false;
	}
	*out = (unsigned int)seconds;
	return true;
}
