/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a line on the control socket ask for?
 *
 * A verb and what belongs to it (conf/envelope.h). Everything that is wrong is reported.
 */
#ifndef DIRECTOR_REQUEST_H
#define DIRECTOR_REQUEST_H

#include "conf/envelope.h"
#include "conf/path.h"
#include "conf/report.h"
#include "director/trace_filter.h"
#include "sys/log.h"

enum { REQUEST_TABLE_LEN = 256 };

/* constant, word, why it is for operators alone or NULL, keys besides those of every request */
#define VERBS(X)                                                                                   \
	X(RELOAD, "reload", "changes something", "tables_only")                                    \
	X(STATUS, "status", NULL, )                                                                \
	X(LEAVE, "leave", "changes something", "quiet_s", "deadline_s")                            \
	X(LOG_LEVEL, "log-level", "changes something", "level")                                    \
	X(LOOKUP, "lookup", NULL, "src", "src_port", "dst", "dst_port", "proto")                   \
	X(TOP, "top", NULL, )                                                                      \
	X(STATS, "stats", NULL, )                                                                  \
	X(TABLES, "tables", NULL, "table")                                                         \
	X(BACKENDS, "backends", NULL, "table")                                                     \
	X(WORKERS, "workers", NULL, )                                                              \
	X(PORTS, "ports", NULL, )                                                                  \
	X(STALLS, "stalls", NULL, )                                                                \
	X(TRACE, "trace", "shows packets", "filter", "verdicts", "count", "seconds", "snaplen",    \
	  "reasons")                                                                               \
	X(TRACE_NEXT, "trace-next", "shows packets", "trace")

enum verb {
#define VERB_CONSTANT(constant, ...) VERB_##constant,
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

/* The words of a verb. */
const struct envelope_verb *verb_words(enum verb verb);

/*
 * Reads a line of `len` bytes. 0 and *out; or -EINVAL or -ENOMEM and the fresh report says why,
 * about a file that is called "request".
 */
GLB_NODISCARD int request_read(struct request *out, const char *line, size_t len,
			       struct report *report);

#endif
