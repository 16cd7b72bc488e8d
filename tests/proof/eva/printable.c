/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What src/sys/printable.h promises: any text of up to LEN_MAX bytes into any room that is allowed,
 * and any character of four bytes.
 * snprintf() is written down here for the formats that are used.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proof.h"

/* A backslash, the letter of the format, and digits if it asks for them: "\\x%02x". */
static int model_escape(char *out, size_t room, const char *format, uint32_t value)
{
	static const char digits[] = "0123456789abcdef";
	int width = format[1] == '%' ? 0 : format[4] - '0';

	//@ check room: 2 + width < room;
	//@ check fits: width == 0 || width == 8 || value < (1 << 4 * width);
	out[0] = '\\';
	out[1] = width ? format[1] : (char)value;
	for (int i = width; i > 0; i--, value >>= 4)
		out[1 + i] = digits[value & 15];
	out[2 + width] = 0;
	return 2 + width;
}

#define snprintf(out, room, format, value) model_escape(out, room, format, (uint32_t)(value))

#include "sys/printable.c"

/* Bytes without a NUL behind them. */
static void decode(size_t len)
{
	char *bytes = malloc(len);
	uint32_t character;

	ANY_BYTES(bytes, len);

	size_t taken = character_take(&character, bytes, len);

	//@ check taken: taken <= len;
	//@ check set: taken > 0 ==> \initialized(&character);

	char one[PRINTABLE_ONE_LEN];
	size_t consumed = printable_take(one, bytes, len);

	//@ check consumed: 1 <= consumed <= len;
}

int main(void)
{
	size_t len = (size_t)ANY(0, LEN_MAX + 1); /* the last one: a character of four bytes */
	//@ split len;
	;
	if (len && len <= LEN_MAX && ANY(0, 1)) {
		decode(len);
		return 0;
	}
	size_t room = PRINTABLE_ONE_LEN + (size_t)ANY(0, 2);
	//@ split room;
	;
	char *text = malloc(len + 1);
	char *out = malloc(room);

	for (size_t i = 0; i < len; i++)
		if (len <= LEN_MAX)
			text[i] = (char)(ANY(0, 1) ? ANY(-128, -1) : ANY(1, 127));
		else
			text[i] = (char)(i ? ANY(-128, -65) : ANY(-16, -9));
	text[len] = 0;

	const char *shown = printable(out, room, text);
	size_t shown_len = 0;

	//@ check same: shown == out;
	while (shown_len < room && shown[shown_len])
		shown_len++;
	//@ check ends: shown_len < room;
	character_trim(text);
	return 0;
}
