/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a line on the control socket request?
 *
 * A verb and its members (conf/envelope.h). All problems are reported.
 */
#ifndef DIRECTOR_REQUEST_H
#define DIRECTOR_REQUEST_H

#include "conf/envelope.h"
#include "conf/path.h"
#include "conf/report.h"
#include "director/leave.h"
#include "director/reload_scope.h"
#include "director/trace/filter.h"
#include "sys/log.h"

enum { REQUEST_TABLE_LEN = 256 };

/* constant, word, why only operators may use it or NULL, keys in addition to those of every
 * request */
#define VERBS(X)                                                                                   \
	X(RELOAD, "reload", "changes something", "tables_only", "deny_only")                       \
	X(STATUS, "status", NULL, )                                                                \
	X(LEAVE, "leave", "changes something", "quiet_s", "deadline_s", "or_stay")                 \
	X(STAY, "stay", "changes something", )                                                     \
	X(LOG_LEVEL, "log-level", "changes something", "level")                                    \
	X(LOOKUP, "lookup", NULL, "src", "src_port", "dst", "dst_port", "proto")                   \
	X(TOP, "top", NULL, )                                                                      \
	X(STATS, "stats", NULL, )                                                                  \
	X(TABLES, "tables", NULL, "table")                                                         \
	X(BACKENDS, "backends", NULL, "table")                                                     \
	X(WORKERS, "workers", NULL, )                                                              \
	X(PORTS, "ports", NULL, )                                                                  \
	X(METERS, "meters", NULL, )                                                                \
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
	struct path_question flow;     /* verb lookup */
	enum log_level level;	       /* verb log-level */
	struct leave_order leave;      /* verb leave */
	enum reload_scope reload;      /* verb reload */
	struct trace_order trace;      /* verb trace */
	uint64_t trace_number;	       /* verb trace-next */
	char table[REQUEST_TABLE_LEN]; /* name of the table; "": all */
};

/* The description of a verb. */
const struct envelope_verb *verb_words(enum verb verb);

/*
 * Parses a line of `len` bytes. Returns 0 and sets *out; or -EINVAL or -ENOMEM, with the reasons in
 * the fresh report, under the file name "request".
 */
GLB_NODISCARD int request_read(struct request *out, const char *line, size_t len,
			       struct report *report);

#endif
