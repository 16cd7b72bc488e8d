/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program tell its operator something?
 *
 * One line on stderr: program, severity, text, which may quote anything: it is written as
 * sys/printable.h does. Never from the data path.
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

/*
 * As log_info(), lines that are fit to be printed as they are, however long and many, each with its
 * newline. They are logged together or, without memory, not at all. For any thread.
 */
void log_printable(const char *lines);

/*
 * What a library logs in one go, with the newline at its end: what it quotes, line breaks too, is
 * written as above. For any thread.
 */
void log_message(const char *message, size_t len);

/* Lines of a library that quotes nothing from outside, each with its newline. For any thread. */
void log_lines(const char *lines, size_t len);

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

/* The same, and gives up what log_start() took: no other thread may log any more. */
void log_stop(void);

#endif
