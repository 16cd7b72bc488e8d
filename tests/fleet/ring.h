/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which proxy is next on a ring of consistent hashing?
 *
 * Karger et al., "Consistent Hashing and Random Trees", STOC 1997: every proxy has many points on a
 * ring, and a flow goes to the proxy of the first point at or behind its own.
 */
#ifndef FLEET_RING_H
#define FLEET_RING_H

#include <stdint.h>

enum { RING_POINTS_EACH = 160 }; /* points of one proxy, as many as libketama gives */

struct ring;

/* A ring of `count` proxies, at least one, for ring_free(). */
struct ring *ring_make(const uint16_t *proxies, unsigned int count);

/* The proxy of a flow with this hash. */
uint16_t ring_find(const struct ring *ring, uint64_t hash);

/* NULL is fine. */
void ring_free(struct ring *ring);

#endif
