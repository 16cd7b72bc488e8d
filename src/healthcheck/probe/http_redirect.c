/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_redirect.h"

bool http_status_redirects(long status)
{
	switch (status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return true;
	default:
		return false;
	}
}

const char *http_redirect_text(CURL *easy)
{
	struct curl_header *field;

	return curl_easy_header(easy, "Location", 0, CURLH_HEADER, -1, &field) ? NULL
									       : field->value;
}

static bool same_part(CURLU *one, CURLU *other, CURLUPart part)
{
	char *text = NULL;
	char *other_text = NULL;
	const bool same = !curl_url_get(one, part, &text, CURLU_DEFAULT_PORT) &&
			  !curl_url_get(other, part, &other_text, CURLU_DEFAULT_PORT) &&
			  strcasecmp(text, other_text) == 0;

	curl_free(text);
	curl_free(other_text);
	return same;
}

/* The text of `target` if it is on the same server as `from`. NULL: it is not, or out of memory. */
static char *text_if_same(CURLU *target, CURLU *from)
{
	char *text;
	char *copy;

	if (!same_part(target, from, CURLUPART_SCHEME) ||
	    !same_part(target, from, CURLUPART_HOST) || !same_part(target, from, CURLUPART_PORT) ||
	    curl_url_get(target, CURLUPART_URL, &text, 0))
		return NULL;
	copy = strdup(text);
	curl_free(text);
	return copy;
}

/* The URL that `location` denotes relative to `url`. */
static char *resolve(const char *url, const char *location)
{
	CURLU *from = curl_url();
	CURLU *target = NULL;
	char *out = NULL;

	if (from && !curl_url_set(from, CURLUPART_URL, url, CURLU_PATH_AS_IS))
		target = curl_url_dup(from);
	if (target &&
	    !curl_url_set(target, CURLUPART_URL, location, CURLU_DISALLOW_USER | CURLU_URLENCODE))
		out = text_if_same(target, from);
	curl_url_cleanup(target);
	curl_url_cleanup(from);
	return out;
}

char *http_redirect_url(CURL *easy, const char *url)
{
	const char *location = http_redirect_text(easy);

	return location ? resolve(url, location) : NULL;
}
