/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of the expected types: see json.h. */
#include <string.h>

#include <jansson.h>

#include "conf/addr.h"
#include "conf/json.h"

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
		return conf_refuse(value, "has %zu bytes, expected at least %zu", strlen(text),
				   least);
	if (strlen(text) > most)
		return conf_refuse(value, "has %zu bytes, expected at most %zu", strlen(text),
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

int conf_prefix(struct glb_addr *out, uint8_t *prefix_len, const struct conf_value *value)
{
	struct glb_addr network;
	char meant[PREFIX_TEXT_LEN];
	const char *text;
	int err = conf_string(&text, value);

	if (err)
		return err;
	if (!prefix_parse(out, prefix_len, text))
		return conf_refuse(value, "\"%s\" is not an IPv4 or IPv6 address or prefix", text);
	network = addr_network(out, *prefix_len);
	if (!glb_addr_equal(&network, out))
		conf_warn(value, "\"%s\" has host bits: it means %s", text,
			  prefix_text(meant, &network, *prefix_len));
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
