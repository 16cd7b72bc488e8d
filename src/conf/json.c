/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <glb/image.h>

#include "conf/addr.h"
#include "conf/encoding.h"
#include "conf/json.h"
#include "conf/room.h"
#include "sys/printable.h"
#include "sys/words.h"

enum { HINT_LEN = 96 };

/* --- Files --- */

static int refuse_text(struct report *report, const char *bytes, size_t len, size_t offset,
		       const char *reason)
{
	struct place place = text_place(bytes, len, offset);
	struct problem problem = {
		.severity = SEVERITY_ERROR,
		.offset = offset,
		.line = place.line,
		.column = place.column,
	};

	report_add(report, &problem, "%s", reason);
	return -EINVAL;
}

enum { SECRET_DIGITS = 8 }; /* so many in a row may be part of a key */

/* Start of the file excerpt in an error of the library, if it may contain part of a key. */
static char *secret_quote(char *text)
{
	char *near = strstr(text, " near '");
	unsigned int digits = 0;

	for (const char *c = near; c && *c; c++) {
		digits = isxdigit((unsigned char)*c) ? digits + 1 : 0;
		if (digits == SECRET_DIGITS)
			return near;
	}
	return NULL;
}

/*
 * The library reports the column of the last character it read. This reports the start of the
 * unexpected token, or the end if the text ends too early.
 */
static int refuse_syntax(struct report *report, const char *bytes, size_t len, json_error_t *error)
{
	char *secret = secret_quote(error->text);
	size_t offset = len;

	if (secret)
		*secret = 0;

	if (json_error_code(error) != json_error_premature_end_of_input)
		offset = last_token(bytes, len, mark_len(bytes, len) + (size_t)error->position);
	return refuse_text(report, bytes, len, offset, error->text);
}

/*
 * The library has an error code for it, but mostly fails without a message, or reports an invalid
 * token. malloc() sets errno.
 */
static bool is_out_of_memory(const json_error_t *error)
{
	return errno == ENOMEM || !*error->text ||
	       json_error_code(error) == json_error_out_of_memory;
}

/* Returns 0; or -EINVAL after reporting that the library cannot read the text. */
static int check_text(struct report *report, const char *bytes, size_t len)
{
	const char *nul = len ? memchr(bytes, 0, len) : NULL;
	const char *encoding = other_encoding(bytes, len);
	char reason[32];

	if (encoding) {
		(void)snprintf(reason, sizeof(reason), "is %s, expected UTF-8", encoding);
		return refuse_text(report, bytes, len, 0, reason);
	}
	if (nul) /* the library ignores one after a number or word */
		return refuse_text(report, bytes, len, (size_t)(nul - bytes), "a NUL byte");
	return 0;
}

int conf_parse(struct conf_file *out, const char *path, const char *bytes, size_t len,
	       struct report *report)
{
	struct conf_file file = {.report = report};
	size_t mark = mark_len(bytes, len);
	struct glb_diag reason = {{0}};
	json_error_t error;

	report_file(report, path);
	if (glb_image_detect((const uint8_t *)bytes, len)) {
		report_fail(report, "is a binary image of tables, where JSON is wanted: name its "
				    "source");
		return -EINVAL;
	}
	if (check_text(report, bytes, len))
		return -EINVAL;
	if (room_check(room_of_json(bytes, len), &reason)) {
		report_fail(report, "%s", reason.text);
		return -ENOMEM;
	}
	errno = 0;
	file.root = json_loadb(bytes + mark, len - mark, JSON_REJECT_DUPLICATES, &error);
	if (!file.root && is_out_of_memory(&error)) {
		report_fail(report, "out of memory");
		return -ENOMEM;
	}
	if (!file.root)
		return refuse_syntax(report, bytes, len, &error);
	if (locator_make(&file.locator, bytes, len)) {
		report_fail(report, "out of memory");
		json_decref(file.root);
		return -ENOMEM;
	}
	*out = file;
	return 0;
}

/* Computes lines and columns, only of problems that were kept: lines can be long. */
static void find_places(const struct conf_file *file)
{
	struct report *report = file->report;

	for (uint32_t i = 0; i < report->count; i++) {
		struct problem *problem = &report->problems[i];
		struct place place;

		if (problem->file != report->files || !problem->place[0])
			continue; /* it is about another file, or the whole file */
		place = locator_place(file->locator, problem->offset);
		problem->line = place.line;
		problem->column = place.column;
	}
}

void conf_close(struct conf_file *file)
{
	find_places(file);
	json_decref(file->root);
	locator_free(file->locator);
	*file = (struct conf_file){0};
}

struct conf_value conf_root(const struct conf_file *file)
{
	return (struct conf_value){.file = file, .json = file->root};
}

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

/* --- Typed reads --- */

static const char *type_name(const struct conf_value *value)
{
	switch (json_typeof(value->json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		break;
	}
	return "null";
}

int conf_object(const struct conf_value *value)
{
	if (!json_is_object(value->json))
		return conf_refuse(value, "is %s, expected an object", type_name(value));
	return 0;
}

int conf_array(const struct conf_value *value)
{
	if (!json_is_array(value->json))
		return conf_refuse(value, "is %s, expected an array", type_name(value));
	return 0;
}

int conf_string(const char **out, const struct conf_value *value)
{
	if (!json_is_string(value->json))
		return conf_refuse(value, "is %s, expected a string", type_name(value));
	*out = json_string_value(value->json);
	return 0;
}

int conf_sized_string(const char **out, size_t least, size_t most, const struct conf_value *value)
{
	const char *text;
	int err = conf_string(&text, value);

	if (err)
		return err;
	if (!*text && least)
		return conf_refuse(value, "is empty");
	if (strlen(text) < least)
		return conf_refuse(value, "is a text of %zu bytes, expected %zu at least",
				   strlen(text), least);
	if (strlen(text) > most)
		return conf_refuse(value, "is a text of %zu bytes, at most %zu fit", strlen(text),
				   most);
	*out = text;
	return 0;
}

int conf_name(char *out, size_t room, const char *what, const struct conf_value *value)
{
	const char *text;
	int err = conf_string(&text, value);

	if (err)
		return err;
	if (!*text || strlen(text) >= room)
		return conf_refuse(value, "\"%s\" is no %s", text, what);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

int conf_bool(bool *out, const struct conf_value *value)
{
	if (!json_is_boolean(value->json))
		return conf_refuse(value, "is %s, expected true or false", type_name(value));
	*out = json_is_true(value->json);
	return 0;
}

int conf_uint(uint32_t *out, uint32_t min, uint32_t max, const struct conf_value *value)
{
	if (!json_is_integer(value->json))
		return conf_refuse(value, "is %s, expected an integer from %u to %u",
				   json_is_real(value->json) ? "a fraction" : type_name(value), min,
				   max);

	json_int_t number = json_integer_value(value->json);

	if (number < (json_int_t)min || number > (json_int_t)max)
		return conf_refuse(value, "%" JSON_INTEGER_FORMAT " is not from %u to %u", number,
				   min, max);
	*out = (uint32_t)number;
	return 0;
}

int conf_count64(uint64_t *out, const struct conf_value *value)
{
	if (!json_is_integer(value->json) || json_integer_value(value->json) < 0)
		return conf_refuse(value, "is %s, expected an integer from 0",
				   value->json ? type_name(value) : "missing");
	*out = (uint64_t)json_integer_value(value->json);
	return 0;
}

int conf_addr(struct glb_addr *out, const struct conf_value *value)
{
	const char *text;
	int err = conf_string(&text, value);

	if (err)
		return err;
	if (!addr_parse(out, text))
		return conf_refuse(value, "\"%s\" is not an IPv4 or IPv6 address", text);
	return 0;
}

int conf_choice(uint32_t *out, const char *const names[], const char *wanted,
		const struct conf_value *value)
{
	const char *text;
	int err = conf_string(&text, value);

	if (err)
		return err;
	for (uint32_t i = 0; names[i]; i++)
		if (!strcmp(text, names[i])) {
			*out = i;
			return 0;
		}
	return conf_refuse(value, "\"%s\" is not %s", text, wanted);
}
