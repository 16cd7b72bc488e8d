/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is this the answer a director should give to that frame?
 *
 * Written from the RFCs, like outer.h from the description of the wire.
 */
#ifndef UNIT_ANSWERED_H
#define UNIT_ANSWERED_H

#include <glb/verdict.h>

#include "outer.h"

/* The first thing wrong with the answer `sent`, or NULL. */
const char *answer_fault(const struct outer_case *c, enum glb_verdict verdict);

#endif
