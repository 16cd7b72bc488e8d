/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the answer to a request say to a check?
 *
 * libcurl has parsed it, and hands over its header line by line and its body piece by piece. What
 * is kept of them is bounded. Pure: no I/O, no clock, no libcurl.
 */
#ifndef HEALTHCHECK_HTTP_ANSWER_H
#define HEALTHCHECK_HTTP_ANSWER_H

#include "conf/health.h"

enum {
	HTTP_ANSWER_HEADER_MAX = 65536, /* bytes, with those of trailers and of answers like 100 */
	HTTP_ANSWER_LINES_MAX = 256,	/* with those, too */
	HTTP_ANSWER_BODY_MAX = 65536,
};

/* All zeros: nothing has come yet. */
struct http_answer {
	size_t header_len;
	unsigned int line_count;
	bool has_header; /* all of it, which the caller knows: lines are of a trailer from now on */
	bool is_degraded; /* "GLB-Grade: degraded" stands in the header */
	char *body;	  /* its beginning; NULL: none, or nobody asks for it */
	size_t body_room;
	size_t body_len; /* as seen, kept or not */
};

/*
 * Takes one line of the header, its CRLF included: a status line, a field, or the empty line at the
 * end. What an earlier answer of the same connection said, such as 100, is void with a status line.
 * False: that is longer, or has more lines, than an answer may have.
 */
GLB_NODISCARD bool http_answer_line(struct http_answer *answer, const char *line, size_t len);

/*
 * Takes a piece of the body, and keeps it if `keep`. 0: go on; -EFBIG: HTTP_ANSWER_BODY_MAX bytes
 * have come, and what follows is of no interest; -ENOMEM.
 */
GLB_NODISCARD int http_answer_piece(struct http_answer *answer, const char *piece, size_t len,
				    bool keep);

/* Does the text stand in what was kept of the body? */
bool http_answer_has(const struct http_answer *answer, const char *text);

/* Releases the body; all zeros again. */
void http_answer_clear(struct http_answer *answer);

/* Is a status one of the expected ones? */
bool http_status_expected(const struct health_request *request, long status);

#endif
