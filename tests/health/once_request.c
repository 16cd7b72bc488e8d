/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "once_request.h"

enum { HEADERS_MAX = 8 };

void once_request_init(struct health_request *request)
{
	static char get[] = "GET";
	static char root[] = "/";

	*request = (struct health_request){
		.method = get,
		.path = root,
		.statuses = {{200, 200}},
		.status_count = 1,
		.verify = true,
	};
}

static void fail(const char *word)
{
	(void)fprintf(stderr, "probe_once: one too many: %s\n", word);
	exit(2);
}

static void add_header(struct health_request *request, char *text)
{
	unsigned int count = 0;

	if (!request->headers)
		request->headers = calloc(HEADERS_MAX + 1, sizeof(*request->headers));
	while (request->headers && request->headers[count])
		count++;
	if (!request->headers || count == HEADERS_MAX)
		fail(text);
	request->headers[count] = text;
}

static void set_statuses(struct health_request *request, char *text)
{
	request->status_count = 0;
	for (char *one; (one = strsep(&text, ","));) {
		const char *dash = strchr(one, '-');

		if (request->status_count == HEALTH_STATUS_RANGES_MAX)
			fail(one);
		request->statuses[request->status_count++] = (struct health_status_range){
			.first = (uint16_t)atoi(one),
			.last = (uint16_t)atoi(dash ? dash + 1 : one),
		};
	}
}

bool once_request_take(struct health_request *request, char *word)
{
	char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value++ - word) : 0;

	if (len == 6 && !strncmp(word, "method", len))
		request->method = value;
	else if (len == 4 && !strncmp(word, "path", len))
		request->path = value;
	else if (len == 4 && !strncmp(word, "host", len))
		request->host = value;
	else if (len == 4 && !strncmp(word, "body", len))
		request->body = value;
	else if (len == 6 && !strncmp(word, "header", len))
		add_header(request, value);
	else if (len == 6 && !strncmp(word, "status", len))
		set_statuses(request, value);
	else if (len == 6 && !strncmp(word, "verify", len))
		request->verify = strcmp(value, "no") != 0;
	else
		return false;
	return true;
}
