/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_answer.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Is it this field with this value, ignoring case, and white space around the value (RFC 9110
 * section 5.5)? */
static bool is_field(const char *line, size_t len, const char *name, const char *value)
{
	const size_t name_len = strlen(name);
	const size_t value_len = strlen(value);

	if (len <= name_len || strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
		return false;
	line += name_len + 1;
	len -= name_len + 1;
	while (len && is_space(*line)) {
		line++;
		len--;
	}
	while (len && is_space(line[len - 1]))
		len--;
	return len == value_len && strncasecmp(line, value, len) == 0;
}

bool http_answer_line(struct http_answer *answer, const char *line, size_t len)
{
	answer->header_len += len;
	answer->line_count++;
	if (answer->header_len > HTTP_ANSWER_HEADER_MAX ||
	    answer->line_count > HTTP_ANSWER_LINES_MAX)
		return false;
	if (answer->has_header)
		return true;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		answer->is_degraded = false;
	else if (is_field(line, len, "GLB-Grade", "degraded"))
		answer->is_degraded = true;
	return true;
}

/* Ensures room for `len` bytes of the body. Returns 0 or -ENOMEM. */
static int http_answer_make_room(struct http_answer *answer, size_t len)
{
	size_t room = answer->body_room ? answer->body_room : 1024;
	char *body;

	while (room < len)
		room *= 2;
	if (room == answer->body_room)
		return 0;
	body = realloc(answer->body, room);
	if (!body)
		return -ENOMEM;
	answer->body = body;
	answer->body_room = room;
	return 0;
}

int http_answer_piece(struct http_answer *answer, const char *piece, size_t len, bool keep)
{
	const size_t wanted = HTTP_ANSWER_BODY_MAX - answer->body_len;
	const bool is_last = len >= wanted;

	if (is_last)
		len = wanted;
	if (keep && len) {
		if (http_answer_make_room(answer, answer->body_len + len))
			return -ENOMEM;
		memcpy(answer->body + answer->body_len, piece, len);
	}
	answer->body_len += len;
	return is_last ? -EFBIG : 0;
}

bool http_answer_has(const struct http_answer *answer, const char *text)
{
	return !*text ||
	       (answer->body && memmem(answer->body, answer->body_len, text, strlen(text)));
}

void http_answer_clear(struct http_answer *answer)
{
	free(answer->body);
	*answer = (struct http_answer){0};
}

bool http_status_expected(const struct health_request *request, long status)
{
	for (unsigned int i = 0; i < request->status_count; i++)
		if (status >= request->statuses[i].first && status <= request->statuses[i].last)
			return true;
	return false;
}
