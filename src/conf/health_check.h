/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is a check called, and where is the memory that it points to?
 *
 * The checks of one plan share that memory: a table's check exists once per backend.
 */
#ifndef CONF_HEALTH_CHECK_H
#define CONF_HEALTH_CHECK_H

#include "conf/health.h"

/* Pieces of memory that are released together. NULL: none. */
struct health_memory;

/* Allocates another piece, zeroed; NULL: out of memory. */
void *health_keep(struct health_memory **memory, size_t len);

/* Copies `len` bytes and appends a 0 byte; NULL: out of memory. */
char *health_keep_text(struct health_memory **memory, const char *text, size_t len);

void health_memory_free(struct health_memory *memory);

/*
 * The name of a check that is otherwise complete: a readable part, and a digest of what is too long
 * or must not be seen, such as a header with a password. Checks that probe different things, or
 * expect different responses, have different names; how often they are tried does not matter. NULL:
 * out of memory.
 */
char *health_check_name(struct health_memory **memory, const struct health_check *check);

#endif
