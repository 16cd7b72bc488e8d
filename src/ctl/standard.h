/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does "-" mean as a file name?
 *
 * Standard input for a file that is read, standard output for one that is written.
 */
#ifndef CTL_STANDARD_H
#define CTL_STANDARD_H

#include <stdbool.h>
#include <stddef.h>

bool is_standard(const char *path);

/* False after logging that both would be standard input, which can be read only once. */
bool reads_once(const char *one, const char *other);

/* Writes bytes to standard output. Returns an exit status; the flush at the end reports the
 * reason. */
int put_bytes(const void *bytes, size_t len);

#endif
