/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program tell its operator something?
 *
 * One line on stderr: program, severity, text. Control characters in the text, which may come from
 * a file, become question marks. Never from the data path.
 *
 * A program that must not wait for whoever reads its stderr calls log_start().
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include <stddef.h>

/* For any thread. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lines of a library, with their newlines, as they are. For any thread. */
void log_lines(const char *lines, size_t len);

/*
 * From now on no call above waits: lines go through an outlet (sys/outlet.h), which loses what
 * nobody reads and says how much. Signals are to be blocked before, and no other thread to log yet.
 * 0, or -errno and lines are written as before.
 */
__attribute__((warn_unused_result)) int log_start(void);

/* Keeps the thread that writes to the processors that the calling thread may use. */
void log_stay_here(void);

/* Waits until everything is written, but not for long; last thing before the process ends. */
void log_stop(void);

#endif
