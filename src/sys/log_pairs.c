/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log_pairs.h"
#include "printable.h"

struct log_pairs log_pairs_of(const char *event)
{
	struct log_pairs pairs;

	(void)snprintf(pairs.text, sizeof(pairs.text), "event=%s", event);
	return pairs;
}

/* Appends a text, or nothing if it does not fit. */
static void log_pairs_append(struct log_pairs *pairs, const char *pair)
{
	size_t len = strlen(pairs->text);

	if (len + strlen(pair) < sizeof(pairs->text))
		memcpy(pairs->text + len, pair, strlen(pair) + 1);
}

/* Puts a backslash in front of each quote. */
static void quote(char out[2 * LOG_PAIRS_LEN], const char *text)
{
	size_t len = 0;

	out[len++] = '"';
	for (; *text && len < 2 * LOG_PAIRS_LEN - 4; text++) {
		if (*text == '"')
			out[len++] = '\\';
		out[len++] = *text;
	}
	out[len++] = '"';
	out[len] = '\0';
}

void log_pair(struct log_pairs *pairs, const char *key, const char *value)
{
	char shown[LOG_PAIRS_LEN];
	char quoted[2 * LOG_PAIRS_LEN];
	char pair[3 * LOG_PAIRS_LEN];

	(void)printable(shown, sizeof(shown), value);
	if (!*shown || strpbrk(shown, " =\"[]"))
		quote(quoted, shown);
	else
		memcpy(quoted, shown, strlen(shown) + 1);
	(void)snprintf(pair, sizeof(pair), " %s=%s", key, quoted);
	log_pairs_append(pairs, pair);
}

void log_pair_number(struct log_pairs *pairs, const char *key, uint64_t number)
{
	char pair[128];

	(void)snprintf(pair, sizeof(pair), " %s=%" PRIu64, key, number);
	log_pairs_append(pairs, pair);
}

void log_event(enum log_level level, const struct log_pairs *pairs, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_with(level, pairs->text, format, args);
	va_end(args);
}
