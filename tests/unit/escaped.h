/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What did a text that sys/printable.h wrote say before, and is it fit for a terminal?
 */
#ifndef UNIT_ESCAPED_H
#define UNIT_ESCAPED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/printable.h"

/* Writes a character as UTF-8, as RFC 3629 section 3 draws it; returns its length. */
static inline size_t put_character(char *out, uint32_t c)
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	out[0] = (char)(len == 1 ? c : (0xf00 >> len & 0xff) | c >> 6 * (len - 1));
	for (size_t i = 1; i < len; i++)
		out[i] = (char)(0x80 | (c >> 6 * (len - 1 - i) & 0x3f));
	return len;
}

/* Undoes the escapes of `text` into `out`, which has as much room. Returns the bytes written. */
static inline size_t unescaped(char *out, const char *text)
{
	size_t len = 0;

	while (*text) {
		char letter = *text == '\\' ? text[1] : 0;
		int digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
		char hex[9] = {0};

		if (!letter) {
			out[len++] = *text++;
			continue;
		}
		text += 2;
		memcpy(hex, text, (size_t)digits);
		text += digits;

		uint32_t value = (uint32_t)strtoul(hex, NULL, 16);

		if (!digits)
			out[len++] = letter == 'n'   ? '\n'
				     : letter == 'r' ? '\r'
				     : letter == 't' ? '\t'
						     : letter;
		else if (digits == 2)
			out[len++] = (char)value;
		else
			len += put_character(out + len, value);
	}
	return len;
}

/* Is it valid UTF-8 of printable characters alone? Written apart from the program's own list. */
static inline int is_fit_for_a_terminal(const char *text)
{
	size_t len = strlen(text);

	while (len) {
		uint32_t c;
		size_t taken = character_take(&c, text, len);

		if (!taken || c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
		    c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
		    (c >= 0x2066 && c <= 0x2069))
			return 0;
		text += taken;
		len -= taken;
	}
	return 1;
}

#endif
