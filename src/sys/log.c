/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "outlet.h"
#include "printable.h"

enum {
	ROOM = 1 << 20,
	TEXT_LEN_MAX = 1024,
	LINE_LEN_MAX = 3 * TEXT_LEN_MAX, /* less than PIPE_BUF, so that lines do not mix */
	PATIENCE_MS = 1000,		 /* at the end, with a reader that does not read */
};

/* NULL: lines are written at once. Set and reset while one thread logs only. */
static struct outlet *outlet;

static void put(const char *lines, size_t len)
{
	if (outlet)
		outlet_put(outlet, lines, len);
	else
		(void)fwrite(lines, 1, len, stderr);
}

/* One write per line, so that lines of several threads or processes do not mix. */
static void put_line(const char *severity, const char *text)
{
	char program[64];
	char line[LINE_LEN_MAX + sizeof(program) + 16];
	int len = snprintf(line, sizeof(line), "%s: %s: %s\n",
			   printable(program, sizeof(program), program_invocation_short_name),
			   severity, text);

	put(line, (size_t)len);
}

static void log_line(const char *severity, const char *format, va_list args)
{
	char text[TEXT_LEN_MAX];
	char line[LINE_LEN_MAX];

	if (vsnprintf(text, sizeof(text), format, args) >= (int)sizeof(text))
		character_trim(text);
	put_line(severity, printable(line, sizeof(line), text));
}

void log_printable(const char *lines)
{
	char program[64];
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	size_t line_len;

	(void)printable(program, sizeof(program), program_invocation_short_name);
	for (; out && *lines; lines += line_len + (lines[line_len] == '\n')) {
		line_len = strcspn(lines, "\n");
		(void)fprintf(out, "%s: info: %.*s\n", program, (int)line_len, lines);
	}
	if (!out || fclose(out))
		log_error("out of memory");
	else if (outlet)
		outlet_put_large(outlet, text, len);
	else
		(void)fwrite(text, 1, len, stderr);
	free(text);
}

/* Escapes all but line breaks, of which those before `lines_from` are escaped as well. */
static void put_escaped(const char *lines, size_t len, const char *lines_from)
{
	char out[PIPE_BUF];
	size_t out_len = 0;

	while (len) {
		bool breaks = *lines == '\n' && lines >= lines_from;
		char one[PRINTABLE_ONE_LEN] = "\n";
		size_t taken = breaks ? 1 : printable_take(one, lines, len);
		size_t one_len = strlen(one);

		if (out_len + one_len > sizeof(out)) {
			put(out, out_len);
			out_len = 0;
		}
		memcpy(out + out_len, one, one_len);
		out_len += one_len;
		lines += taken;
		len -= taken;
	}
	put(out, out_len);
}

void log_lines(const char *lines, size_t len)
{
	put_escaped(lines, len, lines);
}

void log_message(const char *message, size_t len)
{
	if (len)
		put_escaped(message, len, message + len - 1);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("info", format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("warning", format, args);
	va_end(args);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("error", format, args);
	va_end(args);
}

int log_start(void)
{
	return outlet_open(&outlet, STDERR_FILENO, ROOM);
}

void log_stay_here(void)
{
	if (outlet)
		outlet_stay_here(outlet);
}

void log_flush(void)
{
	if (outlet)
		(void)outlet_flush(outlet, PATIENCE_MS);
}

void log_stop(void)
{
	/* an outlet that does not close stays, so that nothing logged from now on waits either */
	if (outlet && !outlet_close(outlet, PATIENCE_MS))
		outlet = NULL;
}
