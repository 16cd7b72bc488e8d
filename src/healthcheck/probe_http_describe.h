/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is libcurl to make a request, and what is it not to do?
 *
 * For probe_http.c alone.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_DESCRIBE_H
#define HEALTHCHECK_PROBE_HTTP_DESCRIBE_H

#include <curl/curl.h>

#include "probe_http.h"

/* What libcurl does not copy: has to live as long as the transfer. */
struct http_description {
	char *url; /* as a client of the Host would write it */
	struct curl_slist *connect_to;
	struct curl_slist *headers;
};

/* The file with the CAs to trust. Valid as long as the environment stays as it is. */
const char *http_ca_file(void);

/*
 * Says to a handle that has been reset all of an order but what becomes of the answer. 0, and *out
 * is to be released after the transfer; or -ENOMEM.
 */
GLB_NODISCARD int http_describe(struct http_description *out, CURL *easy,
				const struct http_order *order, const char *ca_file);

/* All zeros are fine. */
void http_description_clear(struct http_description *description);

#endif
