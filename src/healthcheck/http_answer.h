/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does an HTTP response mean for a check?
 *
 * libcurl parses it and delivers the header line by line and the body in pieces. The amount kept is
 * bounded. Pure functions: no I/O, no clock, no libcurl.
 */
#ifndef HEALTHCHECK_HTTP_ANSWER_H
#define HEALTHCHECK_HTTP_ANSWER_H

#include "conf/health.h"

enum {
	HTTP_ANSWER_HEADER_MAX = 65536, /* bytes, with trailers and interim responses */
	HTTP_ANSWER_LINES_MAX = 256,	/* counted in the same way */
	HTTP_ANSWER_BODY_MAX = 65536,
};

/* Initially all zeros. */
struct http_answer {
	size_t header_len;
	unsigned int line_count;
	bool has_header;  /* the whole header has arrived, set by the caller; further lines are
			     trailers */
	bool is_degraded; /* the header contains "GLB-Grade: degraded" */
	char *body;	  /* its beginning; NULL: none, or not wanted */
	size_t body_room;
	size_t body_len; /* bytes seen, kept or not */
};

/*
 * Processes one header line, including its CRLF: a status line, a field, or the empty line at the
 * end. A status line discards what an earlier response on the same connection said, such as 100.
 * False: the header exceeds the limits above.
 */
GLB_NODISCARD bool http_answer_line(struct http_answer *answer, const char *line, size_t len);

/*
 * Processes a piece of the body, which is kept if `keep` is set. Returns 0 to continue; -EFBIG when
 * HTTP_ANSWER_BODY_MAX bytes have arrived, so that the rest is not needed; or -ENOMEM.
 */
GLB_NODISCARD int http_answer_piece(struct http_answer *answer, const char *piece, size_t len,
				    bool keep);

/* Does the part of the body that was kept contain the text? */
bool http_answer_has(const struct http_answer *answer, const char *text);

/* Releases the body and resets the structure to zeros. */
void http_answer_clear(struct http_answer *answer);

/* Is the status an expected one? */
bool http_status_expected(const struct health_request *request, long status);

#endif
