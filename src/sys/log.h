/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program tell its operator something?
 *
 * One line on stderr for each event: program, severity, text, which may quote anything: it is
 * written as sys/printable.h does. Never from the data path.
 *
 * A program that runs for long, and must not wait for whoever reads its stderr, calls log_start().
 * Its lines begin with the time of day, as in
 *
 *	2026-11-30T03:12:45.678Z glb-director: warning: ...
 *
 * or, where stderr is the journal, which notes time and program itself, with their priority:
 *
 *	<4>warning: ...
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include <stdarg.h>
#include <stddef.h>

/* How much it matters. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

enum { LOG_HEAD_LEN = 112 };

/* For any thread. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The same with what is for programs behind the sentence, in brackets: see sys/log_pairs.h, which
 * is how to call it.
 */
void log_with(enum log_level level, const char *pairs, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/*
 * From now on nothing is logged that matters less; LOG_LEVEL_INFO, as at the beginning: everything
 * is. For any thread, as are the next three.
 */
void log_level(enum log_level level);

enum log_level log_level_now(void);

/* "error", "warning" or "info". */
const char *log_level_name(enum log_level level);

/* 0, or -EINVAL: no level has this name. */
__attribute__((warn_unused_result)) int log_level_read(enum log_level *out, const char *name);

/*
 * As log_info(), lines that are fit to be printed as they are, however long and many, each with its
 * newline. They are logged together or, without memory, not at all. For any thread.
 */
void log_printable(const char *lines);

/*
 * What a library logs in one go, with the newline at its end: what it quotes, line breaks too, is
 * written as above, without program and severity. For any thread.
 */
void log_message(enum log_level level, const char *message, size_t len);

/* Lines of a library that quotes nothing from outside, each with its newline. For any thread. */
void log_lines(enum log_level level, const char *lines, size_t len);

/* The same of what a library has yet to format; nothing without memory. */
void log_lines_args(enum log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* What is in front of a text of that level now. Returns out. For those who write past the log. */
const char *log_head(char out[LOG_HEAD_LEN], enum log_level level);

/*
 * From now on no call above waits: lines go through an outlet (sys/outlet.h), which loses what
 * nobody reads and says how much. Signals are to be blocked before, and no other thread to log yet.
 * 0, or -errno and lines are written as before.
 */
__attribute__((warn_unused_result)) int log_start(void);

/* Keeps the thread that writes to the processors that the calling thread may use. */
void log_stay_here(void);

/*
 * Waits until everything is written, but not for long. For a process that is about to end by
 * _exit() while other threads may log.
 */
void log_flush(void);

/* The same, and gives up what log_start() took and began: no other thread may log any more. */
void log_stop(void);

#endif
