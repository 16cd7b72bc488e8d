/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program tell its operator something?
 *
 * One line on stderr: program, severity, text. Control characters in the text, which may come from
 * a file, become question marks. Never from the data path.
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
