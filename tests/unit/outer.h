/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is this the frame a director should have made of that one?
 *
 * Written from the description of the wire format, with its own checksum, so that unit tests and
 * fuzzers can ask the same question about any packet.
 */
#ifndef UNIT_OUTER_H
#define UNIT_OUTER_H

#include <glb/generation.h>

struct outer_case {
	const struct glb_generation *gen;
	const uint8_t *sent; /* encapsulated */
	uint32_t sent_len;
	const uint8_t *original;
	uint32_t original_len;
	uint8_t port;
};

/* The first thing wrong with it, or NULL. */
const char *outer_fault(const struct outer_case *c);

#endif
