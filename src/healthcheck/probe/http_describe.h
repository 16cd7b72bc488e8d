/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a request described to libcurl, and what must libcurl not do?
 *
 * Private to http.c.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_DESCRIBE_H
#define HEALTHCHECK_PROBE_HTTP_DESCRIBE_H

#include <curl/curl.h>

#include "http.h"

/* Data that libcurl does not copy: must outlive the transfer. */
struct http_description {
	char *url; /* as a client that uses this Host would write it */
	struct curl_slist *connect_to;
	struct curl_slist *headers;
};

/* The file with the trusted CAs. Valid until the environment changes. */
const char *http_ca_file(void);

/*
 * Sets all options of an order on a handle that has been reset, except for the handling of the
 * response. Returns 0, with *out to be released after the transfer; or -ENOMEM.
 */
GLB_NODISCARD int http_describe(struct http_description *out, CURL *easy,
				const struct http_order *order, const char *ca_file);

/* All zeros are fine. */
void http_description_clear(struct http_description *description);

#endif
