/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a frame that was captured in part go the same way whatever was missing?
 *
 * It does when all headers that decide were captured: then neither zeros nor ones in the place of
 * the rest make another flow of it, nor another verdict. A few that two such trials cannot tell
 * apart (types, ports and connection IDs that are not there) are looked for by their length.
 */
#ifndef CTL_CUT_H
#define CTL_CUT_H

#include <glb/generation.h>

#include "capture.h"

enum { CUT_HEADROOM = 128 }; /* bytes in front of a frame, for its outer headers */

/* `room` has CUT_HEADROOM bytes and the frame's length, to try in. */
bool cut_is_decided(const struct glb_generation *gen, uint8_t *room, const struct frame *frame);

#endif
