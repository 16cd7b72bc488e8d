/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a line on the checker's control socket ask for?
 *
 * A verb and what belongs to it (conf/envelope.h). Everything that is wrong is reported.
 */
#ifndef HEALTHCHECK_INQUIRY_H
#define HEALTHCHECK_INQUIRY_H

#include "conf/envelope.h"
#include "conf/health.h"
#include "sys/log.h"

enum { INQUIRY_TABLE_LEN = 256 };

/* constant, word, why it is for operators alone or NULL, keys besides those of every request */
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
	char table[INQUIRY_TABLE_LEN]; /* name of the one that is meant; "": all */
	bool unhealthy;		 /* of a health: only backends about which there is more to say */
	struct glb_addr backend; /* of a probe */
	bool has_check;		 /* of a probe: only checks of this type */
	enum health_check_type check;
	uint64_t probe; /* number, of a probe-next */
	enum log_level level;
};

/* The words of a verb. */
const struct envelope_verb *inquiry_words(enum inquiry_verb verb);

/*
 * Reads a line of `len` bytes. 0 and *out; or -EINVAL or -ENOMEM and the fresh report says why,
 * about a file that is called "request".
 */
GLB_NODISCARD int inquiry_read(struct inquiry *out, const char *line, size_t len,
			       struct report *report);

#endif
