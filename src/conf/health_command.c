/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/health_command.h"

/* --- Programs --- */

/* Reads one word of a command; *out stays NULL if it is invalid. */
static int read_word(char **out, struct health_memory **memory, const struct conf_value *value,
		     bool is_first)
{
	size_t most = is_first ? HEALTH_PATH_LEN - 1 : HEALTH_WORD_MAX;
	const char *text;

	if (conf_sized_string(&text, 0, most, value))
		return 0;
	if (is_first && *text != '/') {
		(void)conf_refuse(value, "\"%s\" is not the absolute path of a program", text);
		return 0;
	}
	*out = health_keep_text(memory, text, strlen(text));
	return *out ? 0 : -ENOMEM;
}

int health_command_read(char ***out, struct health_memory **memory, const struct conf_value *value)
{
	bool is_list = conf_is_array(value);
	struct conf_value command;

	if (conf_is_object(value)) {
		if (conf_member(&command, value, "command"))
			return 0;
		value = &command;
		is_list = conf_is_array(value);
	}

	size_t count = is_list ? conf_count(value) : 1;
	char **words;
	int err = 0;

	if (!count || count > HEALTH_WORDS_MAX) {
		(void)conf_refuse(value, "%zu words, expected from 1 to %d", count,
				  HEALTH_WORDS_MAX);
		return 0;
	}
	words = health_keep(memory, (count + 1) * sizeof(*words));
	if (!words)
		return -ENOMEM;
	for (size_t i = 0; i < count && !err; i++) {
		struct conf_value word = is_list ? conf_element(value, i) : *value;

		err = read_word(&words[i], memory, &word, i == 0);
	}
	if (words[0])
		*out = words;
	return err;
}

/* --- Datagrams --- */

struct datagram {
	char *bytes; /* NULL if absent */
	size_t len;
};

static int keep_text(struct datagram *out, struct health_memory **memory,
		     const struct conf_value *value)
{
	const char *text;

	if (conf_sized_string(&text, 0, HEALTH_DATAGRAM_MAX, value))
		return 0;
	out->len = strlen(text);
	out->bytes = health_keep_text(memory, text, out->len);
	return out->bytes ? 0 : -ENOMEM;
}

static int keep_hex(struct datagram *out, struct health_memory **memory,
		    const struct conf_value *value)
{
	uint8_t bytes[HEALTH_DATAGRAM_MAX];
	const char *text;

	if (conf_string(&text, value))
		return 0;
	out->len = strlen(text) / 2;
	if (out->len > sizeof(bytes) || !hex_parse(bytes, out->len, text)) {
		(void)conf_refuse(value, "is not hexadecimal: two digits a byte, at most %d bytes",
				  HEALTH_DATAGRAM_MAX);
		return 0;
	}
	out->bytes = health_keep_text(memory, (const char *)bytes, out->len);
	return out->bytes ? 0 : -ENOMEM;
}

/* Reads a datagram, given either as text or in hexadecimal digits. */
static int read_datagram(struct datagram *out, struct health_memory **memory,
			 const struct conf_value *object, const char *const keys[2])
{
	struct conf_value text;
	struct conf_value hex;
	bool is_text = conf_find(&text, object, keys[0]);
	bool is_hex = conf_find(&hex, object, keys[1]);

	if (is_text && is_hex)
		(void)conf_refuse(&hex, "is given with \"%s\": one of them is enough", keys[0]);
	if (is_text)
		return keep_text(out, memory, &text);
	return is_hex ? keep_hex(out, memory, &hex) : 0;
}

int health_datagrams_read(struct health_check *check, struct health_memory **memory,
			  const struct conf_value *object)
{
	static const char *const send_keys[] = {"send", "send_hex"};
	static const char *const expect_keys[] = {"expect", "expect_hex"};
	struct datagram send = {NULL, 0};
	struct datagram expect = {NULL, 0};
	struct conf_value value;
	int err = read_datagram(&send, memory, object, send_keys);

	if (!err)
		err = read_datagram(&expect, memory, object, expect_keys);
	if (err)
		return err;
	if (!conf_find(&value, object, "send") && !conf_find(&value, object, "send_hex"))
		(void)conf_refuse(object, "has neither \"send\" nor \"send_hex\"");
	if (expect.bytes && !expect.len) {
		const char *key = conf_find(&value, object, "expect") ? "expect" : "expect_hex";

		(void)conf_refuse(&value, "is empty: without \"%s\" any reply is right", key);
	}
	check->send = send.bytes;
	check->send_len = send.len;
	check->expect = expect.bytes;
	check->expect_len = expect.len;
	return 0;
}
