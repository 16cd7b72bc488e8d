/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the end of a request say about a backend?
 *
 * For probe_http.c alone.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_OUTCOME_H
#define HEALTHCHECK_PROBE_HTTP_OUTCOME_H

#include <curl/curl.h>

#include "http_answer.h"
#include "probe_http.h"

/* How far a request has come. All zeros: nowhere. */
struct http_progress {
	struct http_answer answer;
	int err;	   /* why this host could not go on, -errno */
	bool is_requested; /* the request was sent, or part of it */
	bool is_too_long;  /* it is no header, going by its length */
	bool is_full;	   /* as much of the body has come as is read */
};

struct http_outcome {
	enum probe_reason reason;
	char detail[PROBE_DETAIL_LEN];
};

/* The status of an answer whose header has come. */
long http_status(CURL *easy);

/* A request that libcurl has ended. */
struct http_end {
	const struct http_order *order;
	const struct http_progress *progress;
	CURL *easy;
	CURLcode code;
	const char *words; /* libcurl's for it, or "" */
};

struct http_outcome http_outcome(const struct http_end *end);

#endif
