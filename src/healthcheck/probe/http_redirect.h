/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where does a redirect lead, and is it the same server?
 *
 * Private to http.c.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_REDIRECT_H
#define HEALTHCHECK_PROBE_HTTP_REDIRECT_H

#include <curl/curl.h>
#include <stdbool.h>

/* Do clients follow this status automatically (RFC 9110 section 15.4)? Not so 300 and 304. */
bool http_status_redirects(long status);

/* The Location field of a completed response, or NULL. Valid until the handle is used again. */
const char *http_redirect_text(CURL *easy);

/*
 * The URL that a response from `url` redirects to, to be released with free(). NULL: there is none;
 * it has another scheme, host or port, or a user; it is malformed; or out of memory.
 */
char *http_redirect_url(CURL *easy, const char *url);

#endif
