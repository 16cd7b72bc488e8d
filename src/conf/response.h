/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a reply on the control socket look like?
 *
 * A JSON object on one line: {"glb": 1, "ok": true, ...} with what was requested, or {"glb": 1,
 * "ok": false, "error": {"code": ..., "reason": ...}}.
 */
#ifndef CONF_RESPONSE_H
#define CONF_RESPONSE_H

#include "conf/report.h"
#include "sys/writer.h"

struct lines_request;

/* constant, word */
#define RESPONSE_ERRORS(X)                                                                         \
	X(BAD_REQUEST, "bad_request") /* not JSON, or requests something that does not exist */    \
	X(REFUSED, "refused")	      /* valid, but will not be done */                            \
	X(PUT_OFF, "put_off")	      /* will be done later */                                     \
	X(FAILED, "failed")	      /* was tried and failed */                                   \
	X(BUSY, "busy")		      /* too many clients */

enum response_error {
#define RESPONSE_ERROR_CONSTANT(constant, word) RESPONSE_##constant,
	RESPONSE_ERRORS(RESPONSE_ERROR_CONSTANT)
#undef RESPONSE_ERROR_CONSTANT
};

struct response {
	struct writer w; /* for writing members of the object */
	char *text;
	size_t len;
};

/* Begins a reply to a successful request. False: out of memory; nothing was begun. */
bool response_begin(struct response *out);

/* Begins a reply to a failed one, with the reason. Members of "error" may follow. */
GLB_PRINTF(3, 4)
bool response_begin_error(struct response *out, enum response_error error, const char *format, ...);

/* Completes and sends it; consumes the request. */
void response_send(struct response *response, struct lines_request *request);

/* Completes it. Returns the whole text, to be released with free(), and its length. NULL: out of
 * memory. */
char *response_text(struct response *response, size_t *len);

/* Discards a reply that was begun. */
void response_drop(struct response *response);

/* For a reply that could not be begun for lack of memory: the client is disconnected. */
void response_give_up(struct lines_request *request);

/* Replies with just a reason. */
GLB_PRINTF(3, 4)
void response_refuse(struct lines_request *request, enum response_error error, const char *format,
		     ...);

/* Replies with all problems of the request, the first of which is the reason. */
void response_refuse_report(struct lines_request *request, const struct report *report);

/* An error for a client that cannot send a request: the whole line, to be released with free().
 * NULL: out of memory. */
char *response_error_line(enum response_error error, const char *reason);

/* A member "problems": the errors in a report, each with its file, place and reason. */
void response_put_problems(struct writer *w, const struct problem *problems, uint32_t count);

#endif
