/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a log line identify its event and the objects concerned to programs that parse the log?
 *
 * By pairs KEY=VALUE after the sentence, separated by spaces:
 *
 *   port net0: gateway 10.0.0.1 is at 02:... [event=gateway_found port=net0 gateway=10.0.0.1]
 *
 * A value that is empty or contains a space, quote, bracket or "=" is quoted, with a backslash
 * before each quote in it. Values are escaped as in sys/printable.h. Event names and keys are
 * stable, sentences are not: docs/operations.md lists them.
 */
#ifndef SYS_LOG_PAIRS_H
#define SYS_LOG_PAIRS_H

#include <stdint.h>

#include "log.h"

enum { LOG_PAIRS_LEN = 512 };

struct log_pairs {
	char text[LOG_PAIRS_LEN]; /* without the brackets */
};

/* Starts the pairs of an event with its name. */
struct log_pairs log_pairs_of(const char *event);

/* Appends a pair, or nothing if it does not fit whole. */
void log_pair(struct log_pairs *pairs, const char *key, const char *value);
void log_pair_number(struct log_pairs *pairs, const char *key, uint64_t number);

/* Logs a sentence followed by the pairs. Callable from any thread. */
void log_event(enum log_level level, const struct log_pairs *pairs, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
