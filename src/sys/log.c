/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "outlet.h"
#include "printable.h"

enum {
	ROOM = 1 << 20,
	TEXT_LEN_MAX = 1024,
	PROGRAM_LEN = 64,
	LINE_LEN_MAX = 3 * TEXT_LEN_MAX, /* of a sentence */
	PAIRS_LEN_MAX = 600, /* of the pairs; together less than PIPE_BUF, so that lines do not
				interleave */
	PATIENCE_MS = 1000,  /* how long to wait at the end for a reader that does not read */
};

/* The prefix of a line. */
enum mark {
	MARK_NOTHING, /* for a command run by a person */
	MARK_TIME,
	MARK_PRIORITY, /* for the journal, which records time and program itself */
};

static const char *const names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
};

/* NULL: lines are written at once. Changed only while a single thread logs, as is `mark`. */
static struct outlet *outlet;
static enum mark mark;
/* Accessed by any thread. */
static enum log_level least = LOG_LEVEL_INFO;
static bool library_goes_on; /* the last output of a library did not end in a newline */

static void log_put(const char *lines, size_t len)
{
	if (outlet)
		outlet_put(outlet, lines, len);
	else
		(void)fwrite(lines, 1, len, stderr);
}

static bool is_wanted(enum log_level level)
{
	return level <= __atomic_load_n(&least, __ATOMIC_RELAXED);
}

/* Writes the time of day as in 2026-11-30T03:12:45.678Z. Returns its length. */
static size_t log_write_time(char out[LOG_HEAD_LEN])
{
	struct timespec now;
	struct tm parts;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &parts))
		return 0;

	size_t len = strftime(out, LOG_HEAD_LEN, "%FT%T", &parts);

	return len +
	       (size_t)snprintf(out + len, LOG_HEAD_LEN - len, ".%03ldZ ", now.tv_nsec / 1000000);
}

/* Returns its length. */
static size_t write_mark(char out[LOG_HEAD_LEN], enum log_level level)
{
	/* priorities of syslog(3) */
	static const char priorities[] = {
		[LOG_LEVEL_ERROR] = '3', [LOG_LEVEL_WARNING] = '4', [LOG_LEVEL_INFO] = '6'};

	out[0] = '\0';
	if (mark == MARK_TIME)
		return log_write_time(out);
	if (mark == MARK_PRIORITY)
		return (size_t)snprintf(out, LOG_HEAD_LEN, "<%c>", priorities[level]);
	return 0;
}

const char *log_head(char out[LOG_HEAD_LEN], enum log_level level)
{
	size_t len = write_mark(out, level);
	char program[PROGRAM_LEN];

	if (mark == MARK_PRIORITY)
		(void)snprintf(out + len, LOG_HEAD_LEN - len, "%s: ", names[level]);
	else
		(void)snprintf(out + len, LOG_HEAD_LEN - len, "%s: %s: ",
			       printable(program, sizeof(program), program_invocation_short_name),
			       names[level]);
	return out;
}

/* One write per line, so that lines of several threads or processes do not interleave. */
static void put_line(enum log_level level, const char *text)
{
	char head[LOG_HEAD_LEN];
	char line[LOG_HEAD_LEN + LINE_LEN_MAX + PAIRS_LEN_MAX + 1];
	int len = snprintf(line, sizeof(line), "%s%s\n", log_head(head, level), text);

	log_put(line, (size_t)len);
}

void log_with(enum log_level level, const char *pairs, const char *format, va_list args)
{
	char text[TEXT_LEN_MAX];
	char line[LINE_LEN_MAX + PAIRS_LEN_MAX];
	size_t len;

	if (!is_wanted(level))
		return;
	if (vsnprintf(text, sizeof(text), format, args) >= (int)sizeof(text))
		character_trim(text);
	(void)printable(line, LINE_LEN_MAX, text);
	len = strlen(line);
	if (*pairs)
		(void)snprintf(line + len, sizeof(line) - len, " [%s]", pairs);
	put_line(level, line);
}

static void log_line(enum log_level level, const char *format, va_list args)
{
	log_with(level, "", format, args);
}

void log_printable(const char *lines)
{
	char head[LOG_HEAD_LEN];
	char *text = NULL;
	size_t len;
	FILE *out;
	size_t line_len;

	if (!is_wanted(LOG_LEVEL_INFO))
		return;
	out = open_memstream(&text, &len);
	(void)log_head(head, LOG_LEVEL_INFO);
	for (; out && *lines; lines += line_len + (lines[line_len] == '\n')) {
		line_len = strcspn(lines, "\n");
		(void)fprintf(out, "%s%.*s\n", head, (int)line_len, lines);
	}
	if (!out || fclose(out))
		log_error("out of memory");
	else if (outlet)
		outlet_put_large(outlet, text, len);
	else
		(void)fwrite(text, 1, len, stderr);
	free(text);
}

/*
 * Escapes everything but line breaks at or after `lines_from`. Each line gets its prefix, unless it
 * continues one that was output before.
 */
static void put_escaped(enum log_level level, const char *lines, size_t len, const char *lines_from)
{
	char head[LOG_HEAD_LEN];
	size_t head_len = write_mark(head, level);
	bool goes_on = __atomic_exchange_n(&library_goes_on, len && lines[len - 1] != '\n',
					   __ATOMIC_RELAXED);
	char out[PIPE_BUF];
	size_t out_len = 0;

	while (len) {
		bool breaks = *lines == '\n' && lines >= lines_from;
		char one[PRINTABLE_ONE_LEN] = "\n";
		size_t taken = breaks ? 1 : printable_take(one, lines, len);
		size_t one_len = strlen(one);

		if (out_len + head_len + one_len > sizeof(out)) {
			log_put(out, out_len);
			out_len = 0;
		}
		if (!goes_on) {
			memcpy(out + out_len, head, head_len);
			out_len += head_len;
		}
		goes_on = !breaks;
		memcpy(out + out_len, one, one_len);
		out_len += one_len;
		lines += taken;
		len -= taken;
	}
	log_put(out, out_len);
}

void log_lines(enum log_level level, const char *lines, size_t len)
{
	if (is_wanted(level))
		put_escaped(level, lines, len, lines);
}

void log_lines_args(enum log_level level, const char *format, va_list args)
{
	char *lines = NULL;
	int len = is_wanted(level) ? vasprintf(&lines, format, args) : 0;

	if (len > 0)
		log_lines(level, lines, (size_t)len);
	free(lines);
}

void log_message(enum log_level level, const char *message, size_t len)
{
	if (len && is_wanted(level))
		put_escaped(level, message, len, message + len - 1);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_INFO, format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_WARNING, format, args);
	va_end(args);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_ERROR, format, args);
	va_end(args);
}

void log_level(enum log_level level)
{
	__atomic_store_n(&least, level, __ATOMIC_RELAXED);
}

enum log_level log_level_now(void)
{
	return __atomic_load_n(&least, __ATOMIC_RELAXED);
}

const char *log_level_name(enum log_level level)
{
	return names[level];
}

int log_level_read(enum log_level *out, const char *name)
{
	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i])) {
			*out = (enum log_level)i;
			return 0;
		}
	return -EINVAL;
}

/* Is standard error the stream that the service manager connected to the journal? See
 * sd-journal(3). */
static bool is_journal(void)
{
	const char *journal = getenv("JOURNAL_STREAM");
	struct stat here;
	char stream[64];

	if (!journal || fstat(STDERR_FILENO, &here))
		return false;
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)here.st_dev,
		       (uintmax_t)here.st_ino);
	return !strcmp(journal, stream);
}

int log_start(void)
{
	int err = outlet_open(&outlet, STDERR_FILENO, ROOM);

	if (!err)
		mark = is_journal() ? MARK_PRIORITY : MARK_TIME;
	return err;
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
	/* if the outlet cannot be closed, keep it, so that later calls do not block either */
	if (!outlet || outlet_close(outlet, PATIENCE_MS))
		return;
	outlet = NULL;
	mark = MARK_NOTHING;
}
