/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Would a frame that was captured in part be treated the same whatever its missing bytes are?
 *
 * Yes, if all headers that matter were captured: then neither zeros nor ones in place of the
 * missing bytes change its flow or its verdict. A few cases that two such trials cannot tell apart
 * (types, ports and connection IDs that are missing) are detected by length.
 */
#ifndef CTL_CUT_H
#define CTL_CUT_H

#include <glb/generation.h>

#include "capture.h"

enum { CUT_HEADROOM = 128 }; /* bytes in front of a frame, for the outer headers */

/* `room` is scratch space of CUT_HEADROOM bytes plus the frame's length. */
bool cut_is_decided(const struct glb_generation *gen, uint8_t *room, const struct frame *frame);

#endif
