/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "printable.h"

/* Ranges, first and last, of controls, line separators, format characters and others that are
 * invisible. */
static const uint32_t unprintable[][2] = {
	{0, 0x1f},	    {0x7f, 0x9f}, /* DEL and C1 */
	{0xad, 0xad},			  /* soft hyphen */
	{0x61c, 0x61c},			  /* Arabic letter mark */
	{0x180e, 0x180e},		  /* Mongolian vowel separator */
	{0x200b, 0x200f},		  /* zero width, and marks of direction */
	{0x2028, 0x202e},   /* separators of lines and paragraphs, embeddings, overrides */
	{0x2060, 0x206f},   /* word joiner, isolates, deprecated format characters */
	{0xfeff, 0xfeff},   /* byte order mark */
	{0xfff9, 0xfffb},   /* interlinear annotation */
	{0xfffe, 0xffff},   /* noncharacters */
	{0xe0000, 0xe007f}, /* tags */
};

size_t character_take(uint32_t *character, const char *text, size_t len)
{
	static const uint32_t least[] = {
		0, 0, 0x80, 0x800, 0x10000}; /* smallest character by length of its encoding */
	uint8_t first = (uint8_t)*text;
	int ones = __builtin_clz(~((uint32_t)first << 24));
	size_t taken = ones ? (size_t)ones : 1;
	uint32_t c = first & (0x7fu >> ones);

	if (ones == 1 || taken > 4 || taken > len)
		return 0;
	for (size_t i = 1; i < taken; i++) {
		if (((uint8_t)text[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((uint8_t)text[i] & 0x3f);
	}
	if (c < least[taken] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return taken;
}

bool character_is_printable(uint32_t character)
{
	for (size_t i = 0; i < sizeof(unprintable) / sizeof(*unprintable); i++)
		if (character >= unprintable[i][0] && character <= unprintable[i][1])
			return false;
	return true;
}

static void write_escape(char out[PRINTABLE_ONE_LEN], uint32_t c)
{
	static const char with_letter[] = "\n\r\t\\";
	static const char letters[] = "nrt\\";
	const char *found = c && c < 0x80 ? strchr(with_letter, (int)c) : NULL;

	if (found)
		(void)snprintf(out, PRINTABLE_ONE_LEN, "\\%c", letters[found - with_letter]);
	else if (c < 0x80)
		(void)snprintf(out, PRINTABLE_ONE_LEN, "\\x%02x", c);
	else
		(void)snprintf(out, PRINTABLE_ONE_LEN, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
}

size_t printable_take(char out[PRINTABLE_ONE_LEN], const char *text, size_t len)
{
	uint32_t c;
	size_t taken = character_take(&c, text, len);

	if (!taken) {
		(void)snprintf(out, PRINTABLE_ONE_LEN, "\\x%02x", (uint8_t)*text);
		return 1;
	}
	if (c == '\\' || !character_is_printable(c)) {
		write_escape(out, c);
	} else {
		memcpy(out, text, taken);
		out[taken] = 0;
	}
	return taken;
}

const char *printable(char *out, size_t room, const char *text)
{
	static const char cut[] = "...";
	size_t len = strlen(text);
	size_t at = 0;
	size_t cut_at = 0; /* the last position at which "..." still fits */

	out[0] = 0;
	while (len) {
		char one[PRINTABLE_ONE_LEN];
		size_t taken = printable_take(one, text, len);
		size_t one_len = strlen(one);

		if (at + one_len >= room) {
			memcpy(out + cut_at, cut, sizeof(cut));
			break;
		}
		memcpy(out + at, one, one_len + 1);
		at += one_len;
		if (at + sizeof(cut) <= room)
			cut_at = at;
		text += taken;
		len -= taken;
	}
	return out;
}

void character_trim(char *text)
{
	size_t len = strlen(text);

	for (size_t back = 1; back <= 3 && back <= len; back++) {
		uint8_t byte = (uint8_t)text[len - back];

		if ((byte & 0xc0) == 0x80)
			continue;
		if (byte >= 0xc0 && (size_t)__builtin_clz(~((uint32_t)byte << 24)) > back)
			text[len - back] = 0;
		return;
	}
}
