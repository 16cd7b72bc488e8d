/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program that reads a log tell which event a line is about, and which table or port?
 *
 * Behind the sentence of such a line there are pairs, KEY=VALUE with a space between:
 *
 *	port net0: gateway 10.0.0.1 is at 02:... [event=gateway_found port=net0 gateway=10.0.0.1]
 *
 * A value that is empty, or has a space, a quote, a bracket or "=" in it, is in quotes, with a
 * backslash in front of a quote. Values may come from outside: they are written as sys/printable.h
 * does. Names of events and keys are promised, sentences are not: docs/operations.md lists them.
 */
#ifndef SYS_LOG_PAIRS_H
#define SYS_LOG_PAIRS_H

#include <stdint.h>

#include "log.h"

enum { LOG_PAIRS_LEN = 512 };

struct log_pairs {
	char text[LOG_PAIRS_LEN]; /* without the brackets */
};

/* The pairs of an event, so far its name. */
struct log_pairs log_pairs_of(const char *event);

/* Adds a pair; one that has no room is left out whole. */
void log_pair(struct log_pairs *pairs, const char *key, const char *value);
void log_pair_number(struct log_pairs *pairs, const char *key, uint64_t number);

/* Logs a sentence with the pairs behind it. For any thread. */
void log_event(enum log_level level, const struct log_pairs *pairs, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
