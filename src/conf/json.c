/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "conf/addr.h"
#include "conf/json.h"
#include "sys/log.h"

enum { PATH_LEN_MAX = 256 };

int conf_parse(struct conf_file *out, const char *path, const char *bytes, size_t len,
	       struct glb_diag *diag)
{
	json_error_t error;
	json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);

	if (!root) {
		glb_diag(diag, "%s:%d:%d: %s", path, error.line, error.column, error.text);
		return -EINVAL;
	}
	*out = (struct conf_file){path, root};
	return 0;
}

void conf_close(struct conf_file *file)
{
	json_decref(file->root);
	file->root = NULL;
}

struct conf_value conf_root(const struct conf_file *file)
{
	return (struct conf_value){.file = file, .json = file->root};
}

/* Writes `$.tables[0].seed` into a buffer of PATH_LEN_MAX bytes; returns its length. */
static size_t write_path(char *out, const struct conf_value *value)
{
	size_t at;
	int more;

	if (!value->parent)
		return (size_t)snprintf(out, PATH_LEN_MAX, "$");

	at = write_path(out, value->parent);
	if (value->key)
		more = snprintf(out + at, PATH_LEN_MAX - at, ".%s", value->key);
	else
		more = snprintf(out + at, PATH_LEN_MAX - at, "[%zu]", value->index);
	at += (size_t)more;
	return at < PATH_LEN_MAX ? at : PATH_LEN_MAX - 1;
}

int conf_refuse(const struct conf_value *value, struct glb_diag *diag, const char *format, ...)
{
	char path[PATH_LEN_MAX];
	char reason[256];
	va_list args;

	(void)write_path(path, value);
	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	glb_diag(diag, "%s: %s: %s", value->file->path, path, reason);
	return -EINVAL;
}

static bool is_known(const char *key, const char *const known[])
{
	for (; *known; known++)
		if (!strcmp(key, *known))
			return true;
	return false;
}

void conf_warn_unknown(const struct conf_value *object, const char *const known[])
{
	char path[PATH_LEN_MAX];
	const char *key;
	json_t *member;

	(void)write_path(path, object);
	json_object_foreach(object->json, key, member) {
		if (!is_known(key, known))
			log_warning("%s: %s.%s: unknown key, ignored", object->file->path, path,
				    key);
	}
}

int conf_refuse_unknown(const struct conf_value *object, const char *const known[],
			struct glb_diag *diag)
{
	const char *key;
	json_t *member;

	json_object_foreach(object->json, key, member) {
		struct conf_value unknown;

		if (is_known(key, known))
			continue;
		(void)conf_find(&unknown, object, key);
		return conf_refuse(&unknown, diag, "unknown key");
	}
	return 0;
}

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

int conf_object(const struct conf_value *value, struct glb_diag *diag)
{
	if (!json_is_object(value->json))
		return conf_refuse(value, diag, "is %s, expected an object", type_name(value));
	return 0;
}

int conf_array(const struct conf_value *value, struct glb_diag *diag)
{
	if (!json_is_array(value->json))
		return conf_refuse(value, diag, "is %s, expected an array", type_name(value));
	return 0;
}

bool conf_find(struct conf_value *out, const struct conf_value *object, const char *key)
{
	*out = (struct conf_value){
		.file = object->file,
		.parent = object,
		.key = key,
		.json = json_object_get(object->json, key),
	};
	return out->json;
}

int conf_member(struct conf_value *out, const struct conf_value *object, const char *key,
		struct glb_diag *diag)
{
	struct conf_value member;

	if (!conf_find(&member, object, key))
		return conf_refuse(&member, diag, "is missing");
	*out = member;
	return 0;
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
	};
}

int conf_string(const char **out, const struct conf_value *value, struct glb_diag *diag)
{
	if (!json_is_string(value->json))
		return conf_refuse(value, diag, "is %s, expected a string", type_name(value));
	*out = json_string_value(value->json);
	return 0;
}

int conf_bool(bool *out, const struct conf_value *value, struct glb_diag *diag)
{
	if (!json_is_boolean(value->json))
		return conf_refuse(value, diag, "is %s, expected true or false", type_name(value));
	*out = json_is_true(value->json);
	return 0;
}

int conf_uint(uint32_t *out, uint32_t max, const struct conf_value *value, struct glb_diag *diag)
{
	if (!json_is_integer(value->json))
		return conf_refuse(value, diag, "is %s, expected an integer from 0 to %u",
				   json_is_real(value->json) ? "a fraction" : type_name(value),
				   max);

	json_int_t number = json_integer_value(value->json);

	if (number < 0 || number > (json_int_t)max)
		return conf_refuse(value, diag, "%" JSON_INTEGER_FORMAT " is not from 0 to %u",
				   number, max);
	*out = (uint32_t)number;
	return 0;
}

int conf_addr(struct glb_addr *out, const struct conf_value *value, struct glb_diag *diag)
{
	const char *text;
	int err = conf_string(&text, value, diag);

	if (err)
		return err;
	if (!addr_parse(out, text))
		return conf_refuse(value, diag, "\"%s\" is not an IPv4 or IPv6 address", text);
	return 0;
}
