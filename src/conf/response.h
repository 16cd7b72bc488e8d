/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does an answer on the control socket look like?
 *
 * A JSON object on one line: {"glb": 1, "ok": true, ...} with what was asked for, or {"glb": 1,
 * "ok": false, "error": {"code": ..., "reason": ...}}.
 */
#ifndef CONF_RESPONSE_H
#define CONF_RESPONSE_H

#include "conf/report.h"
#include "sys/writer.h"

struct lines_request;

/* constant, word */
#define RESPONSE_ERRORS(X)                                                                         \
	X(BAD_REQUEST, "bad_request") /* it is no JSON, or asks for what there is not */           \
	X(REFUSED, "refused")	      /* it is understood, and is not done */                      \
	X(PUT_OFF, "put_off")	      /* it is done later */                                       \
	X(FAILED, "failed")	      /* it was tried */                                           \
	X(BUSY, "busy")		      /* there are too many clients */

enum response_error {
#define RESPONSE_ERROR_CONSTANT(constant, word) RESPONSE_##constant,
	RESPONSE_ERRORS(RESPONSE_ERROR_CONSTANT)
#undef RESPONSE_ERROR_CONSTANT
};

struct response {
	struct writer w; /* members of the object are to be written to it */
	char *text;
	size_t len;
};

/* Begins an answer that what was asked for was done. False: out of memory, and there is none. */
bool response_begin(struct response *out);

/* Begins one that it was not, and why. Members of "error" may follow. */
GLB_PRINTF(3, 4)
bool response_begin_error(struct response *out, enum response_error error, const char *format, ...);

/* Ends it and sends it; the request is used up. */
void response_send(struct response *response, struct lines_request *request);

/* Ends it: the whole text, for free(), and its length. NULL: out of memory. */
char *response_text(struct response *response, size_t *len);

/* Forgets one that was begun. */
void response_drop(struct response *response);

/* The same where there was no memory to begin one: the client is disconnected. */
void response_give_up(struct lines_request *request);

/* Answers with a reason, and nothing else. */
GLB_PRINTF(3, 4)
void response_refuse(struct lines_request *request, enum response_error error, const char *format,
		     ...);

/* The same with everything that is wrong with the request, of which the first is the reason. */
void response_refuse_report(struct lines_request *request, const struct report *report);

/* An error as it is given to who cannot ask: the whole line, for free(). NULL: out of memory. */
char *response_error_line(enum response_error error, const char *reason);

/* A member "problems": the errors in a report, each with its file, place and reason. */
void response_put_problems(struct writer *w, const struct problem *problems, uint32_t count);

#endif
