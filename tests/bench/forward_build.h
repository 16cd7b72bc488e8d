/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a benchmark need of a build of the data path?
 *
 * The module forward-build.so has this tree's data path behind one name, forward_build(), so that a
 * process may load that of another commit and compare the two, chunk by chunk. Generations and
 * packets have the layout of their build: what passes between the two are plain numbers and frames.
 *
 * A change of this header that an older module would not understand counts FORWARD_BUILD_VERSION
 * up.
 */
#ifndef BENCH_FORWARD_BUILD_H
#define BENCH_FORWARD_BUILD_H

#include "subject.h"

enum {
	FORWARD_BUILD_VERSION = 1,
	FORWARD_BUILD_PACKET_LEN = 64, /* bytes of a packet's description, at most */
};

/* A frame in its buffer. */
struct frame_at {
	uint8_t *data;
	uint32_t len;
	uint16_t headroom; /* writable bytes before data */
};

/* What became of a frame. */
struct fate {
	const uint8_t *data;
	uint32_t len;
	const char *verdict; /* the label of its counter */
};

struct forward_build {
	uint32_t version;     /* FORWARD_BUILD_VERSION */
	uint32_t subject_len; /* bytes of struct subject that it reads */
	uint32_t kind_count;  /* kinds of traffic it has binds for */

	/* Is there a data path for this enum glb_isa, and a processor for it? */
	bool (*has)(unsigned int isa);

	/* A generation for a subject of subject_whole(), to be freed; failure ends the program. */
	void *(*make)(const struct subject *subject);
	void (*free)(void *gen);

	/* Describes n frames to the data path: n times packet_len bytes from `packets` on. */
	void (*describe)(void *packets, const struct frame_at *frames, unsigned int n);

	/* Decides about n of them, `burst` at a time. */
	void (*forward)(const void *gen, unsigned int isa, void *packets, unsigned int n,
			unsigned int burst);

	struct fate (*fate)(const void *packets, unsigned int i);
};

/* This tree's; of a module, that of its tree. */
const struct forward_build *forward_build(void);

/*
 * The build in a module, for the life of the program. NULL after the reason has been printed. The
 * path of a file, with a slash in it.
 */
const struct forward_build *forward_build_load(const char *path);

/* Does a build know all that a subject asks for? */
bool forward_build_knows(const struct forward_build *build, const struct subject *subject);

#endif
