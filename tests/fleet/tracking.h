/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which proxy did a director choose for a flow, as far as it remembers?
 *
 * A connection table of one director: so many entries, in sets of eight that flows are hashed to.
 * In a full set the entry that was not used for the longest time makes room.
 */
#ifndef FLEET_TRACKING_H
#define FLEET_TRACKING_H

#include <stdint.h>

enum { TRACKING_NONE = 0xffff, TRACKING_WAYS = 8 };

struct tracking;

/* An empty table of at least `capacity` entries, a power of two, for tracking_free(). */
struct tracking *tracking_make(unsigned int capacity);

/* The proxy of a flow, whose entry is the newest then; or TRACKING_NONE. Flow 0 is none. */
uint16_t tracking_find(struct tracking *tracking, uint32_t flow);

/* Remembers the proxy of a flow. */
void tracking_put(struct tracking *tracking, uint32_t flow, uint16_t proxy);

/* NULL is fine. */
void tracking_free(struct tracking *tracking);

#endif
