/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a line on the checker's control socket request?
 *
 * A verb and its members (conf/envelope.h). All problems are reported.
 */
#ifndef HEALTHCHECK_INQUIRY_H
#define HEALTHCHECK_INQUIRY_H

#include "conf/envelope.h"
#include "conf/health.h"
#include "sys/log.h"

enum { INQUIRY_TABLE_LEN = 256 };

/* constant, word, why only operators may use it or NULL, keys in addition to those of every
 * request */
#define INQUIRIES(X)                                                                               \
	X(STATUS, "status", NULL, )                                                                \
	X(HEALTH, "health", NULL, "table", "unhealthy")                                            \
	X(PROBE, "probe", "probes something", "backend", "table", "check")                         \
	X(PROBE_NEXT, "probe-next", "probes something", "probe")                                   \
	X(LOG_LEVEL, "log-level", "changes something", "level")

enum inquiry_verb {
#define INQUIRY_CONSTANT(constant, ...) INQUIRY_##constant,
	INQUIRIES(INQUIRY_CONSTANT)
#undef INQUIRY_CONSTANT
		INQUIRY_COUNT,
};

struct inquiry {
	enum inquiry_verb verb;
	char table[INQUIRY_TABLE_LEN]; /* name of the table; "": all */
	bool unhealthy;		       /* verb health: only backends that need attention */
	struct glb_addr backend;       /* verb probe */
	bool has_check;		       /* verb probe: only checks of this type */
	enum health_check_type check;
	uint64_t probe; /* verb probe-next: the probe's number */
	enum log_level level;
};

/* The description of a verb. */
const struct envelope_verb *inquiry_words(enum inquiry_verb verb);

/*
 * Parses a line of `len` bytes. Returns 0 and sets *out; or -EINVAL or -ENOMEM, with the reasons in
 * the fresh report, under the file name "request".
 */
GLB_NODISCARD int inquiry_read(struct inquiry *out, const char *line, size_t len,
			       struct report *report);

#endif
