/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(char *out, const uint8_t *bytes, size_t len)
{
	char *to = out;

	for (size_t at = 0; at < len; at += 3) {
		const size_t n = len - at;
		const uint32_t group = (uint32_t)bytes[at] << 16 |
				       (n > 1 ? (uint32_t)bytes[at + 1] << 8 : 0) |
				       (n > 2 ? bytes[at + 2] : 0);

		*to++ = alphabet[group >> 18];
		*to++ = alphabet[group >> 12 & 63];
		*to++ = n > 1 ? alphabet[group >> 6 & 63] : '=';
		*to++ = n > 2 ? alphabet[group & 63] : '=';
	}
	return (size_t)(to - out);
}

/* The six bits that a character stands for; above 63 if it is not in the alphabet. */
static uint32_t value_of(char c)
{
	const char *found = c ? strchr(alphabet, c) : NULL;

	return found ? (uint32_t)(found - alphabet) : 64;
}

ssize_t base64_decode(uint8_t *out, size_t room, const char *text)
{
	const size_t len = strlen(text);
	size_t count = 0;

	if (len % 4)
		return -1;
	for (size_t at = 0; at < len; at += 4) {
		const size_t padding = at + 4 < len	     ? 0
				       : text[at + 3] != '=' ? 0
				       : text[at + 2] != '=' ? 1
							     : 2;
		uint32_t group = 0;

		for (size_t i = 0; i < 4; i++) {
			const uint32_t bits = i < 4 - padding ? value_of(text[at + i]) : 0;

			if (bits > 63)
				return -1;
			group = group << 6 | bits;
		}
		if ((padding == 1 && group & 0xff) || (padding == 2 && group & 0xffff) ||
		    room - count < 3 - padding)
			return -1;
		for (size_t i = 0; i < 3 - padding; i++)
			out[count++] = (uint8_t)(group >> (16 - 8 * i));
	}
	return (ssize_t)count;
}
