/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"
#include "outlet.h"

enum {
	ROOM = 1 << 20,
	PATIENCE_MS = 1000, /* at the end, with a reader that does not read */
};

/* NULL: lines are written at once. Set and reset while one thread logs only. */
static struct outlet *outlet;

void log_lines(const char *lines, size_t len)
{
	if (outlet)
		outlet_put(outlet, lines, len);
	else
		(void)fwrite(lines, 1, len, stderr);
}

/* One write per line, so that lines of several threads or processes do not mix. */
static void log_line(const char *severity, const char *format, va_list args)
{
	char text[1024];
	char line[sizeof(text) + 64];

	(void)vsnprintf(text, sizeof(text), format, args);
	for (char *at = text; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';

	int len = snprintf(line, sizeof(line), "%.32s: %s: %s\n", program_invocation_short_name,
			   severity, text);

	log_lines(line, (size_t)len);
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

void log_stop(void)
{
	/* an outlet that does not close stays, so that nothing logged from now on waits either */
	if (outlet && !outlet_close(outlet, PATIENCE_MS))
		outlet = NULL;
}
