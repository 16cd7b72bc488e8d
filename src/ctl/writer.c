/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "writer.h"

/*
 * Bytes of the UTF-8 character at a text's beginning, RFC 3629 section 4; 0: there is none. A path
 * may be of any bytes, and a reason may be cut within a character.
 */
static int character_len(const unsigned char *text)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* by length */
	int ones = __builtin_clz(~((uint32_t)*text << 24));
	int len = ones ? ones : 1;
	uint32_t character = *text & (0x7fu >> ones);

	if (ones == 1 || len > 4)
		return 0;
	for (int i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (text[i] & 0x3f);
	}

	bool surrogate = character >= 0xd800 && character <= 0xdfff;

	return character < least[len] || character > 0x10ffff || surrogate ? 0 : len;
}

static void put_string(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (const unsigned char *c = (const unsigned char *)text; *c;) {
		int len = character_len(c);

		if (!len)
			(void)fputs("\\ufffd", out);
		else if (*c == '"' || *c == '\\')
			(void)fprintf(out, "\\%c", *c);
		else if (*c < ' ')
			(void)fprintf(out, "\\u%04x", *c);
		else
			(void)fwrite(c, 1, (size_t)len, out);
		c += len ? len : 1;
	}
	(void)fputc('"', out);
}

/* What stands before a value: comma, line break, indentation, key. */
static void lead_in(struct writer *w, const char *key)
{
	if (w->more)
		(void)fputc(',', w->out);
	if (w->depth)
		(void)fprintf(w->out, "\n%*s", 2 * (int)w->depth, "");
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
		(void)fprintf(w->out, "\n%*s", 2 * (int)w->depth, "");
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
