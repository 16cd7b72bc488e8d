/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the end of a request say about a backend?
 *
 * Private to http.c.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_OUTCOME_H
#define HEALTHCHECK_PROBE_HTTP_OUTCOME_H

#include <curl/curl.h>

#include "healthcheck/http_answer.h"
#include "http.h"

/* Progress of a request. Initially all zeros. */
struct http_progress {
	struct http_answer answer;
	int err;	   /* -errno of a local failure; 0: none */
	bool is_requested; /* the request was sent, at least in part */
	bool is_too_long;  /* the header exceeds its limits */
	bool is_full;	   /* the maximum amount of body was received */
};

struct http_outcome {
	enum probe_reason reason;
	char detail[PROBE_DETAIL_LEN];
};

/* The status of a response whose header has arrived. */
long http_status(CURL *easy);

/* A request that has ended, as seen by libcurl. */
struct http_end {
	const struct http_order *order;
	const struct http_progress *progress;
	CURL *easy;
	CURLcode code;
	const char *words; /* libcurl's error message, or "" */
};

struct http_outcome http_outcome(const struct http_end *end);

#endif
