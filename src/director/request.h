/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a line on the control socket ask for?
 *
 * A JSON object: the version of the protocol, a verb, and keys of that verb. Read strictly, as the
 * files are: an unknown verb or key is refused by name, and everything that is wrong is reported.
 */
#ifndef DIRECTOR_REQUEST_H
#define DIRECTOR_REQUEST_H

#include "conf/path.h"
#include "conf/report.h"
#include "sys/log.h"

enum { PROTOCOL_VERSION = 1, REQUEST_TABLE_LEN = 256 };

/* constant, word, does it change something? */
#define VERBS(X)                                                                                   \
	X(RELOAD, "reload", true)                                                                  \
	X(STATUS, "status", false)                                                                 \
	X(LEAVE, "leave", true)                                                                    \
	X(LOG_LEVEL, "log-level", true)                                                            \
	X(LOOKUP, "lookup", false)                                                                 \
	X(TOP, "top", false)                                                                       \
	X(STATS, "stats", false)                                                                   \
	X(TABLES, "tables", false)                                                                 \
	X(BACKENDS, "backends", false)                                                             \
	X(WORKERS, "workers", false)                                                               \
	X(PORTS, "ports", false)                                                                   \
	X(STALLS, "stalls", false)

enum verb {
#define VERB_CONSTANT(constant, word, changes) VERB_##constant,
	VERBS(VERB_CONSTANT)
#undef VERB_CONSTANT
		VERB_COUNT,
};

struct request {
	enum verb verb;
	struct path_question flow;     /* of a lookup */
	enum log_level level;	       /* of a log-level */
	uint32_t quiet_s;	       /* of a leave: see director/leave.h */
	uint32_t deadline_s;	       /* likewise */
	bool tables_only;	       /* of a reload */
	char table[REQUEST_TABLE_LEN]; /* name of the one that is meant; "": all */
};

/* The word for a verb. */
const char *verb_name(enum verb verb);

/* Does it do more than look? */
bool verb_changes(enum verb verb);

/*
 * Reads a line of `len` bytes. 0 and *out; or -EINVAL or -ENOMEM and the fresh report says why,
 * about a file that is called "request".
 */
GLB_NODISCARD int request_read(struct request *out, const char *line, size_t len,
			       struct report *report);

#endif
