/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why did a director do that with a frame?
 *
 * Every decision in words, for explanations: what the frame is, which bind and row it belongs to,
 * and what was sent. It is decided again, by the data path itself and the same generation; only if
 * both agree is there anything to explain.
 */
#ifndef CONF_REASONS_H
#define CONF_REASONS_H

#include <glb/forward.h>

enum {
	REASONS_MAX = 12,
	REASON_LEN = 384,
	REASONS_FRAME_MAX = 65536 + 64, /* bytes of a frame that can be explained */
	REASONS_ROOM = REASONS_FRAME_MAX + GLB_OUTER_LEN_MAX,
};

struct reasons {
	unsigned int count;
	char lines[REASONS_MAX][REASON_LEN]; /* printable */
};

/* A frame of `len` bytes, of which `kept` are available. */
struct fate_frame {
	const uint8_t *bytes;
	uint32_t len;
	uint32_t kept;
	uint8_t port;
};

/* The fate of a frame. */
struct fate {
	const struct glb_generation *gen; /* that made the decision; NULL: released */
	uint64_t generation;		  /* its number */
	struct fate_frame received;
	struct fate_frame sent; /* len 0: none was sent */
	uint32_t backend;	/* of glb_packet, with GLB_FORWARD */
	uint8_t verdict;
};

/* Determines the reasons. `room` is scratch space of REASONS_ROOM bytes. */
void reasons_find(struct reasons *out, const struct fate *fate, uint8_t *room);

/* The sentence of a verdict, as in docs/counters.md. */
const char *verdict_sentence(enum glb_verdict verdict);

#endif
