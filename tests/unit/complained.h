/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What would a router say about a frame that a director has sent, and does the director relay to
 * the client what the specification says?
 */
#ifndef UNIT_COMPLAINED_H
#define UNIT_COMPLAINED_H

#include "fault.h"

/* A router's error that a frame of the director's does not fit. */
struct complaint_case {
	uint32_t mtu;	    /* that it names */
	uint32_t quote_len; /* bytes of the outer packet that it quotes, at most */
	uint32_t flip_at;   /* offset in the quote of a byte that is not as it was sent, */
	uint8_t flip;	    /* by these bits */
};

/*
 * Has a director read the error about the frame c->sent, which it made of c->original, and answer
 * it. How that differs from the specification, or NULL. *relayed: was the client informed?
 */
const char *complaint_fault(bool *relayed, const struct spec_case *c,
			    const struct complaint_case *how);

#endif
