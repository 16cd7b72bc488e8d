/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is a check called, and where is what it points to?
 *
 * Checks of one plan share what they point to: a table's check is one of each backend.
 */
#ifndef CONF_HEALTH_CHECK_H
#define CONF_HEALTH_CHECK_H

#include "conf/health.h"

/* Pieces of memory that are released together. NULL: none. */
struct health_memory;

/* Another piece, of zeros; NULL: out of memory. */
void *health_keep(struct health_memory **memory, size_t len);

/* A copy of `len` bytes, with a 0 byte behind; NULL: out of memory. */
char *health_keep_text(struct health_memory **memory, const char *text, size_t len);

void health_memory_free(struct health_memory *memory);

/*
 * The name of a check that has all else: what people call it, and a digest of what they would not
 * read or must not see, such as a header with a password. Two that probe different things, or
 * expect different answers, have different names; how often they are tried is no part of it. NULL:
 * out of memory.
 */
char *health_check_name(struct health_memory **memory, const struct health_check *check);

#endif
