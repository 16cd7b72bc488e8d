/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is this the frame that a director should have made of that one?
 *
 * The specification of forward.h is asked, and what differs is put into words, so that unit tests
 * can ask the same question about any frame.
 */
#ifndef SPEC_FAULT_H
#define SPEC_FAULT_H

#include <glb/generation.h>

struct spec_case {
	const struct glb_generation *gen;
	const uint8_t *sent; /* encapsulated, or the reply */
	uint32_t sent_len;
	const uint8_t *original; /* as it was received */
	uint32_t original_len;
	uint8_t port;
};

/* What is wrong with a frame that was forwarded, or NULL. */
const char *spec_sent_fault(const struct spec_case *c);

/* What is wrong with the reply to a frame that has this verdict, or NULL. */
const char *spec_reply_fault(const struct spec_case *c, enum glb_verdict verdict);

#endif
