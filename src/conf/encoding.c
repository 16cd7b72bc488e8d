/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <string.h>

#include "conf/encoding.h"

size_t mark_len(const char *text, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf";

	return len >= strlen(mark) && !memcmp(text, mark, strlen(mark)) ? strlen(mark) : 0;
}

const char *other_encoding(const char *bytes, size_t len)
{
	static const struct {
		const char *name;
		const char *mark;
		size_t len;
		uint8_t zeros; /* bit i: byte i is 0 */
	} encodings[] = {
		{"UTF-32", "\xff\xfe\0\0", 4, 0xe}, /* before UTF-16: its mark begins this one */
		{"UTF-32", "\0\0\xfe\xff", 4, 0x7},
		{"UTF-16", "\xff\xfe", 2, 0xa},
		{"UTF-16", "\xfe\xff", 2, 0x5},
	};
	uint8_t zeros = 0;

	for (size_t i = 0; i < 4 && i < len; i++)
		zeros |= (uint8_t)(!bytes[i] << i);
	for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++)
		if ((len >= encodings[i].len &&
		     !memcmp(bytes, encodings[i].mark, encodings[i].len)) ||
		    (len >= 4 && zeros == encodings[i].zeros))
			return encodings[i].name;
	return NULL;
}
