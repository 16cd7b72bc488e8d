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
#include "director/trace_filter.h"
#include "sys/log.h"

enum { PROTOCOL_VERSION = 1, REQUEST_TABLE_LEN = 256 };

/* constant, word, why it is for operators alone; NULL: it is not */
#define VERBS(X)                                                                                   \
	X(RELOAD, "reload", "changes something")                                                   \
	X(STATUS, "status", NULL)                                                                  \
	X(LEAVE, "leave", "changes something")                                                     \
	X(LOG_LEVEL, "log-level", "changes something")                                             \
	X(LOOKUP, "lookup", NULL)                                                                  \
	X(TOP, "top", NULL)                                                                        \
	X(STATS, "stats", NULL)                                                                    \
	X(TABLES, "tables", NULL)                                                                  \
	X(BACKENDS, "backends", NULL)                                                              \
	X(WORKERS, "workers", NULL)                                                                \
	X(PORTS, "ports", NULL)                                                                    \
	X(STALLS, "stalls", NULL)                                                                  \
	X(TRACE, "trace", "shows packets")                                                         \
	X(TRACE_NEXT, "trace-next", "shows packets")

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
	struct trace_order trace;      /* of a trace */
	uint64_t trace_number;	       /* of a trace-next */
	char table[REQUEST_TABLE_LEN]; /* name of the one that is meant; "": all */
};

/* The word for a verb. */
const char *verb_name(enum verb verb);

/* What it does that is for operators alone, or NULL. */
const char *verb_privilege(enum verb verb);

/*
 * Reads a line of `len` bytes. 0 and *out; or -EINVAL or -ENOMEM and the fresh report says why,
 * about a file that is called "request".
 */
GLB_NODISCARD int request_read(struct request *out, const char *line, size_t len,
			       struct report *report);

#endif
