/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does "-" mean in the place of a file?
 *
 * Standard input where a file is read, standard output where one is written.
 */
#ifndef CTL_STANDARD_H
#define CTL_STANDARD_H

#include <stdbool.h>
#include <stddef.h>

bool is_standard(const char *path);

/* False after logging that both files would be standard input, which can be read once. */
bool reads_once(const char *one, const char *other);

/* Writes bytes to standard output. Returns an exit status; the flush at the end says why. */
int put_bytes(const void *bytes, size_t len);

#endif
