/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why did a director do that with a frame?
 *
 * Every decision in words, for people who ask: what the frame is, which bind and row it belongs to,
 * and what left. It is decided once more, by the data path itself and the generation that decided
 * then; only where both agree is there anything to explain.
 */
#ifndef CONF_REASONS_H
#define CONF_REASONS_H

#include <glb/forward.h>

enum {
	REASONS_MAX = 12,
	REASON_LEN = 384,
	REASONS_FRAME_MAX = 65536 + 64, /* bytes of a frame that is explained */
	REASONS_ROOM = REASONS_FRAME_MAX + GLB_OUTER_LEN_MAX,
};

struct reasons {
	unsigned int count;
	char lines[REASONS_MAX][REASON_LEN]; /* fit to be printed */
};

/* A frame of `len` bytes, of which `kept` are there. */
struct fate_frame {
	const uint8_t *bytes;
	uint32_t len;
	uint32_t kept;
	uint8_t port;
};

/* What became of a frame. */
struct fate {
	const struct glb_generation *gen; /* that decided; NULL: it is gone */
	uint64_t generation;		  /* its number */
	struct fate_frame received;
	struct fate_frame sent; /* len 0: nothing was */
	uint32_t backend;	/* of glb_packet, with GLB_FORWARD */
	uint8_t verdict;
};

/* Finds them. `room` has REASONS_ROOM bytes, to decide in. */
void reasons_find(struct reasons *out, const struct fate *fate, uint8_t *room);

/* The sentence of a verdict, as in docs/counters.md. */
const char *verdict_sentence(enum glb_verdict verdict);

#endif
