/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is this proxy ok, degraded or down, by what its kernel says?
 *
 * Numbers in, grade out: nothing is read here, and time is an argument. Each signal has two limits,
 * for degraded and for down. A grade gets worse when a limit has been reached for half of a window,
 * and better when all signals have been below six tenths of the limits of the better grade for two
 * windows. So a signal that stays near a limit, on one side or the other, changes nothing again and
 * again.
 */
#ifndef GLB_REDIRECT_SERVE_GRADE_H
#define GLB_REDIRECT_SERVE_GRADE_H

#include <glb/bytes.h>

enum grade { GRADE_OK, GRADE_DEGRADED, GRADE_DOWN, GRADE_COUNT };

/* name, label, unit, default limits for degraded and down (0: never), sentence for docs/proxy.md */
#define GRADE_SIGNALS(X)                                                                           \
	X(LOST, "lost", "a second", 1, 0,                                                          \
	  "SYNs and handshakes that listeners dropped, on average over the window")                \
	X(COOKIES, "cookies", "a second", 10, 0,                                                   \
	  "SYN cookies that were sent as a SYN queue was full, on average over the window")        \
	X(QUEUE, "queue", "%", 70, 100, "how full the fullest accept queue of a VIP is")           \
	X(MEMORY, "memory", "%", 66, 95, "how much TCP uses of the memory that it may have")

enum grade_signal {
#define GRADE_SIGNAL_ENUM(name, label, unit, degraded, down, sentence) GRADE_##name,
	GRADE_SIGNALS(GRADE_SIGNAL_ENUM)
#undef GRADE_SIGNAL_ENUM
		GRADE_SIGNAL_COUNT
};

enum {
	GRADE_MILLI = 1000, /* signals are kept in thousandths of their unit */
	GRADE_LIMIT_MAX = 1000000000,
	GRADE_HISTORY = 16, /* samples of a window that are kept */
	GRADE_WHY_LEN = 128,
	GRADE_TEXT_LEN = 192,
};

/* By signal; 0: never. */
struct grade_limits {
	struct {
		uint32_t degraded;
		uint32_t down;
	} of[GRADE_SIGNAL_COUNT];
};

/* What was seen at one moment. */
struct grade_sample {
	uint64_t at_ms;
	uint64_t lost;	  /* since any earlier moment */
	uint64_t cookies; /* since any earlier moment */
	uint32_t queue;	  /* percent */
	uint32_t memory;  /* percent */
};

/* For how long the grade should have been another one, without a break. */
struct grade_streak {
	bool runs;
	uint64_t since_ms;
	enum grade to;
};

struct grade_judge {
	struct grade_limits limits;
	uint64_t window_ms; /* at least 1 */
	enum grade grade;
	uint64_t since_ms; /* when it became that; 0: it has always been ok */
	uint64_t changes;
	uint64_t milli[GRADE_SIGNAL_COUNT];
	struct grade_streak worse, better;
	struct grade_sample history[GRADE_HISTORY]; /* the oldest first */
	unsigned int history_count;
};

/* "ok", "degraded" or "down"; the label and the unit of a signal. Static strings. */
const char *grade_word(enum grade grade);
const char *grade_signal_label(enum grade_signal signal);
const char *grade_signal_unit(enum grade_signal signal);

struct grade_limits grade_limits_default(void);

/*
 * Changes some limits by a text such as `lost=5,queue=80:100`: a signal with its limit for degraded
 * and, behind a colon, for down. A limit that is 0 or left out is never reached.
 *
 * Returns 0; or -EINVAL, with *limits untouched, and writes into `why` what is wrong.
 */
GLB_NODISCARD int grade_limits_parse(struct grade_limits *limits, const char *text,
				     char why[GRADE_WHY_LEN]);

/* A judge that has seen nothing: ok. */
struct grade_judge grade_judge_start(const struct grade_limits *limits, uint64_t window_ms);

/* Considers a sample, not older than the last one. Returns the grade. */
enum grade grade_judge_take(struct grade_judge *judge, const struct grade_sample *sample);

/*
 * Writes why the grade is not ok, such as `queue 100 %, lost 12.0 a second`: the signals that keep
 * it, or that none does any more. Returns out.
 */
const char *grade_text(char out[GRADE_TEXT_LEN], const struct grade_judge *judge);

#endif
