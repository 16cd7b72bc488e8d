/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>

#include "steer.h"
#include "sys/writer.h"

enum { SCRIPT_LINE_LEN = 1024 };

void steer_line(const struct steer_script *script, const char *format, ...)
{
	char text[SCRIPT_LINE_LEN];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (script->w)
		write_string(script->w, NULL, text);
	else
		printf("%s\n", text);
}
