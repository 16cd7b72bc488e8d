/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "base64.h"
#include "printable.h"
#include "writer.h"

/* RFC 8259 section 7: characters beyond U+FFFF as two surrogates, RFC 2781 section 2.1. */
static void put_escape(FILE *out, uint32_t c)
{
	if (c > 0xffff)
		(void)fprintf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
			      0xdc00 + ((c - 0x10000) & 0x3ff));
	else
		(void)fprintf(out, "\\u%04x", c);
}

/* Characters that would affect a terminal are escaped even where JSON allows them. */
static void put_string(FILE *out, const char *text)
{
	size_t len = strlen(text);

	(void)fputc('"', out);
	while (len) {
		uint32_t c = 0xfffd; /* for invalid UTF-8, such as in a path */
		size_t taken = character_take(&c, text, len);

		if (!taken || !character_is_printable(c))
			put_escape(out, c);
		else if (c == '"' || c == '\\')
			(void)fprintf(out, "\\%c", *text);
		else
			(void)fwrite(text, 1, taken, out);
		text += taken ? taken : 1;
		len -= taken ? taken : 1;
	}
	(void)fputc('"', out);
}

static void break_line(const struct writer *w)
{
	if (!w->on_one_line)
		(void)fprintf(w->out, "\n%*s", 2 * (int)w->depth, "");
}

/* Writes what precedes a value: comma, line break, indentation, key. */
static void lead_in(struct writer *w, const char *key)
{
	if (w->more)
		(void)fputs(w->on_one_line ? ", " : ",", w->out);
	if (w->depth)
		break_line(w);
	if (key) {
		put_string(w->out, key);
		(void)fputs(": ", w->out);
	}
	w->more = true;
}

void write_open(struct writer *w, const char *key, char bracket)
{
	lead_in(w, key);
	(void)fputc(bracket, w->out);
	w->depth++;
	w->more = false;
}

void write_close(struct writer *w, char bracket)
{
	w->depth--;
	if (w->more)
		break_line(w);
	(void)fputc(bracket, w->out);
	w->more = true;
	if (!w->depth)
		(void)fputc('\n', w->out);
}

void write_string(struct writer *w, const char *key, const char *value)
{
	lead_in(w, key);
	if (value)
		put_string(w->out, value);
	else
		(void)fputs("null", w->out);
}

void write_uint(struct writer *w, const char *key, uint64_t value)
{
	lead_in(w, key);
	(void)fprintf(w->out, "%" PRIu64, value);
}

void write_real(struct writer *w, const char *key, double value)
{
	lead_in(w, key);
	(void)fprintf(w->out, "%.6f", value);
}

void write_bool(struct writer *w, const char *key, bool value)
{
	lead_in(w, key);
	(void)fputs(value ? "true" : "false", w->out);
}

void write_bytes(struct writer *w, const char *key, const uint8_t *bytes, size_t len)
{
	enum { AT_ONCE = 768 }; /* a multiple of 3 */
	char text[BASE64_LEN(AT_ONCE)];

	lead_in(w, key);
	(void)fputc('"', w->out);
	for (size_t at = 0; at < len; at += AT_ONCE) {
		const size_t n = len - at < AT_ONCE ? len - at : AT_ONCE;

		(void)fwrite(text, 1, base64_encode(text, bytes + at, n), w->out);
	}
	(void)fputc('"', w->out);
}

enum { TIME_LEN = 40 };

void write_time(struct writer *w, const char *key, time_t at)
{
	char text[TIME_LEN];
	struct tm parts;

	if (at && gmtime_r(&at, &parts) && strftime(text, sizeof(text), "%FT%TZ", &parts))
		write_string(w, key, text);
	else
		write_string(w, key, NULL);
}

void write_time_ms(struct writer *w, const char *key, uint64_t at_ms)
{
	const time_t at = (time_t)(at_ms / 1000);
	char text[TIME_LEN];
	char whole[TIME_LEN + 8];
	struct tm parts;

	if (!at_ms || !gmtime_r(&at, &parts) || !strftime(text, sizeof(text), "%FT%T", &parts)) {
		write_string(w, key, NULL);
		return;
	}
	(void)snprintf(whole, sizeof(whole), "%s.%03uZ", text, (unsigned int)(at_ms % 1000));
	write_string(w, key, whole);
}
