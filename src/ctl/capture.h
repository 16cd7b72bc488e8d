/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which frames does a capture have, and what is odd about them?
 *
 * Captures are cut by a snapshot length, end within a record, or hold what no wire carries. Each
 * oddity is warned about with file and frame number, the first few of a kind one by one and the
 * others by their number, and counted. Whatever libpcap reads is read: pcap and pcapng, with
 * microseconds or nanoseconds.
 */
#ifndef CTL_CAPTURE_H
#define CTL_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

#include <glb/bytes.h>

/* constant, name in JSON, what is said of further ones */
#define ODDITIES(X)                                                                                \
	X(CUT, "cut", "were captured in part, and decided by that")                                \
	X(UNDECIDED, "undecided", "were captured in part, and not replayed")                       \
	X(TOO_LONG, "too_long", "are longer than a director receives, and were not replayed")      \
	X(STRETCHED, "stretched", "were captured with more bytes than they had")                   \
	X(CLOCK_BACK, "clock_back", "are from before an earlier one")

enum oddity {
#define ODDITY_CONSTANT(constant, ...) ODD_##constant,
	ODDITIES(ODDITY_CONSTANT)
#undef ODDITY_CONSTANT
		ODD_COUNT,
};

struct pcap;

struct capture {
	const char *path;
	struct pcap *pcap;
	uint64_t frames; /* read so far */
	uint64_t odd[ODD_COUNT];
	uint64_t latest_ns; /* time of the latest frame so far */
	bool micro;	    /* its times are in microseconds; false: finer, or not known */
	bool broken;	    /* it ended at a record that could not be read */
};

struct frame {
	uint64_t number; /* from 1 */
	uint64_t at_ns;	 /* since the epoch */
	const uint8_t *bytes;
	uint32_t captured; /* bytes there are of it */
	uint32_t len;	   /* bytes it had, at least `captured` */
};

/*
 * Opens a capture of Ethernet frames; "-" is standard input. 0, to be closed with capture_close(),
 * or -EINVAL after logging why not.
 */
GLB_NODISCARD int capture_open(struct capture *capture, const char *path);

/*
 * Reads the next frame, whose bytes are there until the next call. False at the end, or at a record
 * that cannot be read: then `broken` is set, and that is logged.
 */
bool capture_next(struct frame *out, struct capture *capture);

/* Counts a frame as odd, and warns about it if there were not too many of the kind. */
GLB_PRINTF(4, 5)
void capture_note(struct capture *capture, const struct frame *frame, enum oddity oddity,
		  const char *format, ...);

/* Warns about those that were not warned about one by one. */
void capture_sum_up(const struct capture *capture);

/* Was there no oddity, and an end where one belongs? */
bool capture_is_sound(const struct capture *capture);

const char *oddity_name(enum oddity oddity);

void capture_close(struct capture *capture);

#endif
