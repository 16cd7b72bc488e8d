/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where does a redirect lead, and is it the same place?
 *
 * For probe_http.c alone.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_REDIRECT_H
#define HEALTHCHECK_PROBE_HTTP_REDIRECT_H

#include <curl/curl.h>
#include <stdbool.h>

/*
 * Is a status one that a client follows without being asked (RFC 9110 section 15.4)? 304 and 300
 * are none.
 */
bool http_status_redirects(long status);

/*
 * What the field "Location" says of an answer that has ended, or NULL. Valid until the handle is
 * used again.
 */
const char *http_redirect_text(CURL *easy);

/*
 * The URL that an answer from `url` redirects to, to be released with free(). NULL: it names none,
 * or one that has another scheme, name or port, or a user, or makes no sense; or there is no
 * memory.
 */
char *http_redirect_url(CURL *easy, const char *url);

#endif
