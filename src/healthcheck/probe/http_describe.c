/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "http_describe.h"
#include "sys/version.h"

enum {
	CA_SECONDS = 3600, /* how often the CA file is read again */
	BUFFER_LEN = 1024, /* read buffer of each transfer: most responses are short */
};

const char *http_ca_file(void)
{
	const char *file = getenv("SSL_CERT_FILE"); /* as in OpenSSL's own programs */

	return file && *file ? file : curl_version_info(CURLVERSION_NOW)->cainfo;
}

static bool set_manners(CURL *easy)
{
	char agent[64];
	int failed = 0;

	(void)snprintf(agent, sizeof(agent), "glb-healthcheck/%s", version_number());
	failed |= (int)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	failed |= (int)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	failed |= (int)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	failed |= (int)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_LEN);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_USERAGENT, agent);
	return !failed;
}

static bool set_tls(CURL *easy, bool verify, const char *ca_file)
{
	int failed = 0;

	failed |= (int)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_CAINFO, verify ? ca_file : NULL);
	/* with a directory as well, libcurl would read the file for each connection */
	failed |= (int)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_SECONDS);
	/* resuming a session would hide an expired certificate */
	failed |= (int)curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	return !failed;
}

static bool set_method(CURL *easy, const char *method)
{
	if (strcmp(method, "GET") == 0)
		return true;
	if (strcmp(method, "HEAD") == 0)
		return !curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	return !curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static bool http_describe_append(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (!longer)
		return false;
	*list = longer;
	return true;
}

/* Appends a field. libcurl requires a semicolon to send one without a value. */
static bool append_field(struct curl_slist **list, const char *field)
{
	const char *colon = strchr(field, ':');
	char *empty;
	bool done;

	if (!colon || colon[1 + strspn(colon + 1, " \t")])
		return http_describe_append(list, field);
	if (asprintf(&empty, "%.*s;", (int)(colon - field), field) < 0)
		return false;
	done = http_describe_append(list, empty);
	free(empty);
	return done;
}

static bool set_fields(struct http_description *out, CURL *easy,
		       const struct health_request *request)
{
	if (!http_describe_append(&out->headers, "Connection: close"))
		return false;
	for (char **field = request->headers; field && *field; field++)
		if (!append_field(&out->headers, *field))
			return false;
	return !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, out->headers);
}

/* Sets the URL as the client sees it, and the address to which everything is actually sent. */
static bool set_target(struct http_description *out, CURL *easy, const struct http_order *order)
{
	const struct health_request *request = order->request;
	const char *scheme = order->is_tls ? "https" : "http";
	char addr[ADDR_TEXT_LEN];
	char target[ADDR_TEXT_LEN + 16];
	char to[sizeof(target) + 16];

	(void)addr_text(addr, &order->addr);
	(void)snprintf(target, sizeof(target), order->addr.version == 6 ? "[%s]:%u" : "%s:%u", addr,
		       order->port);
	(void)snprintf(to, sizeof(to), "::%s", target);
	if (asprintf(&out->url, "%s://%s%s", scheme, request->host ? request->host : target,
		     request->path) < 0) {
		out->url = NULL;
		return false;
	}
	return http_describe_append(&out->connect_to, to) &&
	       !curl_easy_setopt(easy, CURLOPT_CONNECT_TO, out->connect_to) &&
	       !curl_easy_setopt(easy, CURLOPT_URL, out->url);
}

int http_describe(struct http_description *out, CURL *easy, const struct http_order *order,
		  const char *ca_file)
{
	const struct health_request *request = order->request;
	struct http_description made = {0};

	if (set_manners(easy) && set_tls(easy, request->verify, ca_file) &&
	    set_method(easy, request->method) && set_fields(&made, easy, request) &&
	    set_target(&made, easy, order)) {
		*out = made;
		return 0;
	}
	http_description_clear(&made);
	return -ENOMEM;
}

void http_description_clear(struct http_description *description)
{
	free(description->url);
	curl_slist_free_all(description->connect_to);
	curl_slist_free_all(description->headers);
	*description = (struct http_description){0};
}
