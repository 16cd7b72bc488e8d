/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a harness say "any"?
 *
 * A property is a comment `check NAME: ...`: Eva has to find it valid for all values allowed. After
 * `split` Eva walks through the values of a variable one by one, from the statement that follows:
 * hence the lone semicolons.
 */
#ifndef PROOF_H
#define PROOF_H

#include <stdbool.h>
#include <stdlib.h>

#include "__fc_builtin.h"

#define ANY(least, most)   Frama_C_interval(least, most)
#define ANY32(least, most) Frama_C_unsigned_int_interval(least, most)
#define ANY64(least, most) Frama_C_unsigned_long_long_interval(least, most)
/* Any bytes, all of them initialised. */
#define ANY_BYTES(at, len) Frama_C_make_unknown((char *)(at), len)

#endif
