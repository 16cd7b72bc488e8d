/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the current state of a backend, in terms for people?
 *
 * What monitor.h knows of its checks, condensed into one word, a strip of results, a latency and a
 * reason. Called on the loop's thread; results refer to the current turn.
 */
#ifndef HEALTHCHECK_SIGHT_H
#define HEALTHCHECK_SIGHT_H

#include "healthcheck/monitor.h"

/* constant, word, sentence for docs/health.md */
#define SIGHTS(X)                                                                                  \
	X(UP, "up", "all its checks are up")                                                       \
	X(DOWN, "down", "one of its checks is down")                                               \
	X(UNKNOWN, "unknown", "one of its checks has no verdict yet")                              \
	X(DEGRADED, "degraded", "up, but asks for less load")                                      \
	X(HELD, "held", "changed too often, and is held down for a while")                         \
	X(UNCHECKED, "unchecked", "has no checks, or is inactive")

enum sight_status {
#define SIGHT_CONSTANT(constant, ...) SIGHT_##constant,
	SIGHTS(SIGHT_CONSTANT)
#undef SIGHT_CONSTANT
		SIGHT_COUNT,
};

const char *sight_word(enum sight_status status);

enum { SIGHT_STRIP_LEN = MONITOR_RESULTS + 1, SIGHT_REASON_LEN = 256 };

struct sight {
	const struct health_backend *backend;
	enum sight_status status;
	bool healthy;		     /* as it is written */
	uint64_t since_ms;	     /* by clock_ms(); 0: unknown */
	char strip[SIGHT_STRIP_LEN]; /* results, oldest first: + good, ~ degraded, - bad */
	uint32_t connect_us; /* the slowest among its last results; 0: none has a connection */
	uint32_t total_us;
	char reason[SIGHT_REASON_LEN]; /* why a check is bad, or could not be tried; or "" */
};

/* Describes a backend of the monitor's plan, by index. */
void sight_of(struct sight *out, const struct monitor *monitor, unsigned int backend);

/* Only its status, which is cheaper. */
enum sight_status sight_status(const struct monitor *monitor, unsigned int backend);

/* Does it need an operator's attention? */
bool sight_is_unhealthy(const struct sight *sight);

/* Why a check is bad, or could not be tried: a word, or NULL if it is good or new. */
const char *sight_check_reason(const struct monitor_check *check);

/* Returns '+', '~' or '-'. */
char sight_mark(const struct monitor_result *result);

#endif
