/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/health_request.h"

enum { STATUS_LEAST = 100, STATUS_MOST = 599 };

int health_request_init(struct health_request *out, struct health_memory **memory)
{
	struct health_request request = {
		.method = health_keep_text(memory, "GET", 3),
		.path = health_keep_text(memory, "/", 1),
		.statuses = {{200, 200}},
		.status_count = 1,
		.verify = true,
	};

	if (!request.method || !request.path)
		return -ENOMEM;
	*out = request;
	return 0;
}

/* --- Request line and destination --- */

static int health_request_keep(char **out, struct health_memory **memory, const char *text)
{
	char *copy = health_keep_text(memory, text, strlen(text));

	if (!copy)
		return -ENOMEM;
	*out = copy;
	return 0;
}

static bool is_path(const char *text)
{
	const char *c = text;

	if (*text != '/')
		return false;
	while (*c > ' ' && *c < 0x7f && *c != '#')
		c++;
	return !*c && c - text <= HEALTH_PATH_MAX;
}

int health_path_read(char **out, struct health_memory **memory, const struct conf_value *value)
{
	const char *text;

	if (conf_string(&text, value))
		return 0;
	if (is_path(text))
		return health_request_keep(out, memory, text);
	(void)conf_refuse(value,
			  "is not a path: expected \"/\" first and at most %d visible ASCII "
			  "characters without \"#\"",
			  HEALTH_PATH_MAX);
	return 0;
}

static int read_method(struct health_request *request, struct health_memory **memory,
		       const struct conf_value *object)
{
	static const char *const names[] = {"GET", "HEAD", "OPTIONS", NULL};
	struct conf_value value;
	uint32_t method;

	if (!conf_find(&value, object, "method") ||
	    conf_choice(&method, names, "GET, HEAD or OPTIONS", &value))
		return 0;
	return health_request_keep(&request->method, memory, names[method]);
}

static bool is_host(const char *text)
{
	const char *c = text;

	while (isalnum((unsigned char)*c) || (*c && strchr("._-", *c)))
		c++;
	return *text && !*c && c - text <= HEALTH_HOST_MAX;
}

static int health_request_read_host(struct health_request *request, struct health_memory **memory,
				    const struct conf_value *object)
{
	struct conf_value value;
	const char *text;

	if (!conf_find(&value, object, "host") || conf_string(&text, &value))
		return 0;
	if (is_host(text))
		return health_request_keep(&request->host, memory, text);
	(void)conf_refuse(&value, "\"%s\" is not a host name", text);
	return 0;
}

/* --- Header fields --- */

/* RFC 9110, 5.6.2: a token. */
static bool is_field_name(const char *text)
{
	const char *c = text;

	while (isalnum((unsigned char)*c) || (*c && strchr("!#$%&'*+-.^_`|~", *c)))
		c++;
	return *text && !*c;
}

static bool is_field_value(const char *text)
{
	while (*text == '\t' || (unsigned char)*text >= 0x80 || (*text >= ' ' && *text < 0x7f))
		text++;
	return !*text;
}

/* The reason why a field must not be set, or NULL if it may be. */
static const char *reserved(const char *name)
{
	if (!strcasecmp(name, "Host"))
		return "is set with \"host\"";
	if (!strcasecmp(name, "Content-Length") || !strcasecmp(name, "Transfer-Encoding"))
		return "cannot be set: requests have no content";
	return NULL;
}

static int check_header(char line[HEALTH_HEADER_MAX + 1], const struct conf_value *field)
{
	const char *why = reserved(field->key);
	const char *text;
	int err;

	if (!is_field_name(field->key))
		return conf_refuse(field, "is not the name of a header field");
	if (why)
		return conf_refuse(field, "%s", why);
	err = conf_string(&text, field);
	if (err)
		return err;
	if (!is_field_value(text))
		return conf_refuse(field, "has a control character");
	if (snprintf(line, HEALTH_HEADER_MAX + 1, "%s: %s", field->key, text) > HEALTH_HEADER_MAX)
		return conf_refuse(field, "is longer than %d bytes with its name",
				   HEALTH_HEADER_MAX);
	return 0;
}

/* Reads one field; *out stays NULL if it is invalid. */
static int health_request_read_header(char **out, struct health_memory **memory,
				      const struct conf_value *field)
{
	char line[HEALTH_HEADER_MAX + 1];

	return check_header(line, field) ? 0 : health_request_keep(out, memory, line);
}

static int read_headers(struct health_request *request, struct health_memory **memory,
			const struct conf_value *object)
{
	struct conf_value fields;
	size_t next = 0;

	if (!conf_find(&fields, object, "headers") || conf_object(&fields))
		return 0;

	size_t count = conf_member_count(&fields);

	if (count > HEALTH_HEADERS_MAX) {
		(void)conf_refuse(&fields, "%zu fields, at most %d fit", count, HEALTH_HEADERS_MAX);
		return 0;
	}
	request->headers = health_keep(memory, (count + 1) * sizeof(*request->headers));
	if (!request->headers)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct conf_value field = conf_member_at(&fields, i);

		if (conf_is_remark(&field))
			continue;
		if (health_request_read_header(&request->headers[next], memory, &field))
			return -ENOMEM;
		next += request->headers[next] != NULL;
	}
	return 0;
}

/* --- The response --- */

static bool is_status(const char *text)
{
	return isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]) &&
	       isdigit((unsigned char)text[2]) && *text >= '1' && *text <= '5';
}

/* 204, or "200-299". */
static void read_status(struct health_request *request, const struct conf_value *value)
{
	struct health_status_range *range = &request->statuses[request->status_count];
	const char *text;
	uint32_t status;

	if (!conf_is_string(value)) {
		if (!conf_uint(&status, STATUS_LEAST, STATUS_MOST, value)) {
			*range = (struct health_status_range){(uint16_t)status, (uint16_t)status};
			request->status_count++;
		}
		return;
	}
	if (conf_string(&text, value))
		return;
	if (strlen(text) != strlen("200-299") || !is_status(text) || text[3] != '-' ||
	    !is_status(text + 4)) {
		(void)conf_refuse(value, "\"%s\" is not a range of statuses such as 200-299", text);
		return;
	}
	range->first = (uint16_t)strtoul(text, NULL, 10);
	range->last = (uint16_t)strtoul(text + 4, NULL, 10);
	if (range->first > range->last)
		(void)conf_refuse(value, "\"%s\" ends before it begins", text);
	else
		request->status_count++;
}

static void read_statuses(struct health_request *request, const struct conf_value *object)
{
	struct conf_value value;

	if (!conf_find(&value, object, "status"))
		return;

	size_t count = conf_count(&value);

	if (conf_is_array(&value) && (!count || count > HEALTH_STATUS_RANGES_MAX)) {
		(void)conf_refuse(&value, "%zu ranges, expected from 1 to %d", count,
				  HEALTH_STATUS_RANGES_MAX);
		return;
	}
	request->status_count = 0;
	if (!conf_is_array(&value))
		read_status(request, &value);
	for (size_t i = 0; i < count; i++) {
		struct conf_value one = conf_element(&value, i);

		read_status(request, &one);
	}
}

static int read_body(struct health_request *request, struct health_memory **memory,
		     const struct conf_value *object)
{
	struct conf_value value;
	const char *text;

	if (!conf_find(&value, object, "body"))
		return 0;
	if (!strcmp(request->method, "HEAD"))
		(void)conf_refuse(&value, "cannot be used with \"HEAD\"");
	if (conf_sized_string(&text, 1, HEALTH_BODY_MAX, &value))
		return 0;
	return health_request_keep(&request->body, memory, text);
}

int health_request_read(struct health_request *request, struct health_memory **memory,
			const struct conf_value *object)
{
	int err = read_method(request, memory, object);
	struct conf_value path;

	if (!err && conf_find(&path, object, "path"))
		err = health_path_read(&request->path, memory, &path);
	if (!err)
		err = health_request_read_host(request, memory, object);
	if (!err)
		err = read_headers(request, memory, object);
	if (!err)
		err = read_body(request, memory, object);
	read_statuses(request, object);
	return err;
}

void health_verify_read(struct health_request *request, const struct conf_value *value)
{
	struct conf_value verify;
	bool is_given = conf_find(&verify, value, "verify");

	if (is_given)
		(void)conf_bool(&request->verify, &verify);
	if (request->verify && !request->host)
		conf_warn(is_given ? &verify : value,
			  "the certificate must be for the address: give \"host\", or "
			  "\"verify\": false");
}
