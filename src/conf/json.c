/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "conf/encoding.h"
#include "conf/json.h"
#include "sys/printable.h"
#include "sys/words.h"

enum { HINT_LEN = 96 };

/* --- Places --- */

static bool is_plain(const char *key)
{
	bool plain = *key && !isdigit((unsigned char)*key);

	for (; *key; key++)
		plain &= isalnum((unsigned char)*key) || *key == '_';
	return plain;
}

/* Returns the length of the text in `out`. */
static size_t write_place(char *out, const struct conf_value *value)
{
	size_t at;
	int more;

	if (!value->parent)
		return (size_t)snprintf(out, CONF_PLACE_LEN_MAX, "$");

	at = write_place(out, value->parent);
	if (!value->key)
		more = snprintf(out + at, CONF_PLACE_LEN_MAX - at, "[%zu]", value->index);
	else
		more = snprintf(out + at, CONF_PLACE_LEN_MAX - at,
				is_plain(value->key) ? ".%s" : "[\"%s\"]", value->key);
	at += (size_t)more;
	return at < CONF_PLACE_LEN_MAX ? at : CONF_PLACE_LEN_MAX - 1;
}

const char *conf_place(char out[CONF_PLACE_LEN_MAX], const struct conf_value *value)
{
	(void)write_place(out, value);
	return out;
}

void conf_span(const struct conf_value *value, size_t *start, size_t *end)
{
	locator_span(value->file->locator, value->node, start, end);
}

size_t conf_key(const struct conf_value *member)
{
	return locator_key(member->file->locator, member->node);
}

uint32_t conf_line(const struct conf_value *value)
{
	size_t start;
	size_t end;

	conf_span(value, &start, &end);
	return locator_line(value->file->locator, start);
}

/* --- Problems --- */

GLB_PRINTF(3, 0)
static void add_problem(const struct conf_value *value, enum severity severity, const char *format,
			va_list args)
{
	struct report *report = value->file->report;
	struct problem problem = {.severity = severity};
	size_t end;

	conf_span(value, &problem.offset, &end);
	if (report_has_room(report, &problem))
		(void)conf_place(problem.place, value);
	report_add_args(report, &problem, format, args);
}

int conf_refuse(const struct conf_value *value, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_problem(value, SEVERITY_ERROR, format, args);
	va_end(args);
	return -EINVAL;
}

void conf_warn(const struct conf_value *value, const char *format, ...)
{
	bool strict = value->file->report->strict;
	va_list args;

	va_start(args, format);
	add_problem(value, strict ? SEVERITY_ERROR : SEVERITY_WARNING, format, args);
	va_end(args);
}

void conf_remark(const struct conf_value *value, enum severity severity, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_problem(value, severity, format, args);
	va_end(args);
}

/* --- Members and elements --- */

/* An existing member, whose index is a hint. */
static struct conf_value member_at(const struct conf_value *object, const char *key, json_t *json,
				   uint32_t index)
{
	return (struct conf_value){
		.file = object->file,
		.parent = object,
		.key = key,
		.json = json,
		.node = locator_member(object->file->locator, object->node, key, index),
	};
}

bool conf_find(struct conf_value *out, const struct conf_value *object, const char *key)
{
	json_t *json = json_object_get(object->json, key);

	if (json) {
		*out = member_at(object, key, json, 0);
		return true;
	}
	*out = (struct conf_value){object->file, object, key, 0, NULL, object->node};
	return false;
}

int conf_member(struct conf_value *out, const struct conf_value *object, const char *key)
{
	struct conf_value member;

	if (!conf_find(&member, object, key))
		return conf_refuse(&member, "is missing");
	*out = member;
	return 0;
}

/* Comments for readers, and keys for editors: ignored. */
static bool is_remark(const struct conf_value *object, const char *key)
{
	if (!object->parent && !strcmp(key, "$schema"))
		return true;
	return !strcmp(key, "_comment") || !strcmp(key, "comment");
}

bool conf_is_remark(const struct conf_value *member)
{
	return is_remark(member->parent, member->key);
}

static bool json_is_known(const struct conf_value *object, const char *key,
			  const char *const known[])
{
	for (; *known; known++)
		if (!strcmp(key, *known))
			return true;
	return is_remark(object, key);
}

/* "; did you mean ...?" if a known key is similar, or "". Returns out. */
static const char *json_hint(char out[HINT_LEN], const char *key, const char *const known[])
{
	struct nearest nearest = nearest_start(key);

	for (; *known; known++)
		nearest_try(&nearest, *known, *known);
	out[0] = '\0';
	if (nearest.found)
		(void)snprintf(out, HINT_LEN, "; did you mean \"%s\"?", nearest.found);
	return out;
}

void conf_warn_unknown(const struct conf_value *object, const char *const known[])
{
	char text[HINT_LEN];
	const char *key;
	json_t *json;
	uint32_t index = 0; /* the library preserves the order */

	json_object_foreach (object->json, key, json) {
		struct conf_value member;

		if (!json_is_known(object, key, known)) {
			member = member_at(object, key, json, index);
			conf_warn(&member, "unknown key, ignored%s", json_hint(text, key, known));
		}
		index++;
	}
}

int conf_refuse_unknown(const struct conf_value *object, const char *const known[])
{
	char text[HINT_LEN];
	const char *key;
	json_t *json;
	uint32_t index = 0;
	int err = 0;

	json_object_foreach (object->json, key, json) {
		struct conf_value member;

		if (!json_is_known(object, key, known)) {
			member = member_at(object, key, json, index);
			err = conf_refuse(&member, "unknown key%s", json_hint(text, key, known));
		}
		index++;
	}
	return err;
}

bool conf_is_string(const struct conf_value *value)
{
	return json_is_string(value->json);
}

bool conf_is_object(const struct conf_value *value)
{
	return json_is_object(value->json);
}

bool conf_is_array(const struct conf_value *value)
{
	return json_is_array(value->json);
}

bool conf_is_integer(const struct conf_value *value)
{
	return json_is_integer(value->json);
}

bool conf_is_true(const struct conf_value *value)
{
	return json_is_true(value->json);
}

bool conf_flag(const struct conf_value *object, const char *key)
{
	struct conf_value value;

	return conf_find(&value, object, key) && conf_is_true(&value);
}

bool conf_is_null(const struct conf_value *value)
{
	return json_is_null(value->json);
}

bool conf_is_boolean(const struct conf_value *value)
{
	return json_is_boolean(value->json);
}

/* A scalar, never an array. */
static void write_scalar(char *out, size_t room, const json_t *json)
{
	if (json_is_string(json))
		(void)printable(out, room, json_string_value(json));
	else if (json_is_integer(json))
		(void)snprintf(out, room, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
	else if (json_is_real(json))
		(void)snprintf(out, room, "%.3f", json_real_value(json));
	else if (json_is_boolean(json))
		(void)snprintf(out, room, "%s", json_is_true(json) ? "yes" : "no");
	else
		(void)snprintf(out, room, "-");
}

const char *conf_text(char out[CONF_TEXT_LEN], const struct conf_value *value)
{
	size_t at = 0;
	size_t index;
	json_t *one;

	out[0] = '\0';
	if (!json_is_array(value->json))
		write_scalar(out, CONF_TEXT_LEN, value->json);
	json_array_foreach(value->json, index, one)
	{
		if (at + 3 >= CONF_TEXT_LEN)
			break;
		if (index)
			at += (size_t)snprintf(out + at, CONF_TEXT_LEN - at, ", ");
		write_scalar(out + at, CONF_TEXT_LEN - at, one);
		at += strlen(out + at);
	}
	return out;
}

size_t conf_member_count(const struct conf_value *object)
{
	return json_object_size(object->json);
}

struct conf_value conf_member_at(const struct conf_value *object, size_t index)
{
	void *at = json_object_iter(object->json);

	for (size_t i = 0; i < index; i++)
		at = json_object_iter_next(object->json, at);
	return member_at(object, json_object_iter_key(at), json_object_iter_value(at),
			 (uint32_t)index);
}

size_t conf_count(const struct conf_value *array)
{
	return json_array_size(array->json);
}

struct conf_value conf_element(const struct conf_value *array, size_t index)
{
	return (struct conf_value){
		.file = array->file,
		.parent = array,
		.index = index,
		.json = json_array_get(array->json, index),
		.node = locator_child(array->file->locator, array->node, (uint32_t)index),
	};
}
