/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is this the answer a director should give to that frame?
 *
 * Written from the RFCs, like outer.h from the description of the wire.
 */
#ifndef UNIT_ANSWERED_H
#define UNIT_ANSWERED_H

#include <glb/parse.h>

#include "outer.h"

/* The first thing wrong with the answer `sent`, or NULL. */
const char *answer_fault(const struct outer_case *c, enum glb_verdict verdict);

/* Bytes that encapsulation adds to the packets of a flow, by what the tables say. */
uint32_t answer_overhead(const struct outer_case *c, const struct glb_flow *flow);

/*
 * Writes the error to a client about a packet of its own that does not fit, of which `len` bytes
 * are there: an IP packet of at most 1280 bytes. Returns the length.
 */
uint32_t answer_write_too_big(uint8_t *ip, const uint8_t *was, uint32_t len, uint32_t mtu);

#endif
