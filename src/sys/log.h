/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program report to its operator?
 *
 * One line on stderr per event: program, severity, text. Text may quote anything: it is escaped as
 * in sys/printable.h. Never called from the data path.
 *
 * A long-running program, which must not block on the reader of its stderr, calls log_start(). Its
 * lines then begin with the time of day, as in
 *
 *   2026-11-30T03:12:45.678Z glb-director: warning: ...
 *
 * or, where stderr is the journal, which records time and program itself, with their priority:
 *
 *   <4>warning: ...
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include <stdarg.h>
#include <stddef.h>

/* Severity, most severe first. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

enum { LOG_HEAD_LEN = 112 };

/* Callable from any thread. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * As above, followed by key-value pairs in brackets for programs to parse. Call it through
 * sys/log_pairs.h.
 */
void log_with(enum log_level level, const char *pairs, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/*
 * Suppresses lines less severe than `level`. Initially LOG_LEVEL_INFO: nothing is suppressed.
 * Callable from any thread, as are the next three.
 */
void log_level(enum log_level level);

enum log_level log_level_now(void);

/* Returns "error", "warning" or "info". */
const char *log_level_name(enum log_level level);

/* Returns 0, or -EINVAL if no level has this name. */
__attribute__((warn_unused_result)) int log_level_read(enum log_level *out, const char *name);

/*
 * As log_info(), for lines of any number and length that need no escaping, each with its newline.
 * They are logged together or, without memory, not at all. Callable from any thread.
 */
void log_printable(const char *lines);

/*
 * Logs one message of a library, with its trailing newline. It may quote anything: everything else,
 * including other newlines, is escaped. Without program and severity. Callable from any thread.
 */
void log_message(enum log_level level, const char *message, size_t len);

/* Logs lines of a library that quotes nothing from outside, each with its newline. Callable from
 * any thread. */
void log_lines(enum log_level level, const char *lines, size_t len);

/* As log_lines(), formatted first. Logs nothing if out of memory. Callable from any thread. */
void log_lines_args(enum log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Writes the prefix that a line of that level has now, for code that bypasses the log. Returns
 * out. */
const char *log_head(char out[LOG_HEAD_LEN], enum log_level level);

/*
 * From now on no function above blocks: lines go through an outlet (sys/outlet.h), which drops what
 * is not read and reports how much. Signals must be blocked already, and no other thread may be
 * logging yet. Returns 0; or -errno, and logging goes on as before.
 */
__attribute__((warn_unused_result)) int log_start(void);

/* Binds the writing thread to the processors that the calling thread may use. */
void log_stay_here(void);

/*
 * Waits briefly for everything to be written. For a process about to call _exit() while other
 * threads may still log.
 */
void log_flush(void);

/* As log_flush(), and releases what log_start() acquired. No other thread may be logging any
 * more. */
void log_stop(void);

#endif
