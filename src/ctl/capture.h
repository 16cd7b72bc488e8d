/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which frames does a capture contain, and what is unusual about them?
 *
 * Captures are truncated by a snapshot length, end within a record, or contain frames that no wire
 * carries. Each oddity is counted and reported with file and frame number; after the first few of a
 * kind, only their number is. Reads everything that libpcap reads: pcap and pcapng, with
 * microseconds or nanoseconds.
 */
#ifndef CTL_CAPTURE_H
#define CTL_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

#include <glb/bytes.h>

/* constant, name in JSON, text about those not reported one by one */
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
	bool micro;	    /* its timestamps are in microseconds; false: finer, or unknown */
	bool broken;	    /* it ended with a record that could not be read */
};

struct frame {
	uint64_t number; /* from 1 */
	uint64_t at_ns;	 /* since the epoch */
	const uint8_t *bytes;
	uint32_t captured; /* bytes captured */
	uint32_t len;	   /* bytes on the wire, at least `captured` */
};

/*
 * Opens a capture of Ethernet frames; "-" is standard input. Returns 0, to be released with
 * capture_close(); or -EINVAL after logging why.
 */
GLB_NODISCARD int capture_open(struct capture *capture, const char *path);

/*
 * Reads the next frame. Its bytes are valid until the next call. False at the end, or at a record
 * that cannot be read, which is logged and sets `broken`.
 */
bool capture_next(struct frame *out, struct capture *capture);

/* Counts a frame as odd and logs a warning, up to a limit per kind. */
GLB_PRINTF(4, 5)
void capture_note(struct capture *capture, const struct frame *frame, enum oddity oddity,
		  const char *format, ...);

/* Logs how many oddities of each kind were not reported one by one. */
void capture_sum_up(const struct capture *capture);

/* Were there no oddities, and was the end read properly? */
bool capture_is_sound(const struct capture *capture);

const char *oddity_name(enum oddity oddity);

void capture_close(struct capture *capture);

#endif
