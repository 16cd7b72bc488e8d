/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a text from outside, which may hold any bytes, a NUL among them. */
#include <string.h>

#include "escaped.h"
#include "fuzz.h"

/* Character by character, what is written is fit for a terminal and leads back to the text. */
static void check_takes(const char *text, size_t len)
{
	while (len) {
		char one[PRINTABLE_ONE_LEN];
		char back[PRINTABLE_ONE_LEN];
		size_t taken = printable_take(one, text, len);

		PROMISE(taken && taken <= len && strlen(one) < sizeof(one));
		PROMISE(*one && is_fit_for_a_terminal(one));
		PROMISE(unescaped(back, one) == taken && !memcmp(back, text, taken));
		text += taken;
		len -= taken;
	}
}

static void check_whole(const char *text)
{
	size_t room = 4 * strlen(text) + PRINTABLE_ONE_LEN;
	char *out = malloc(room);
	char *back = malloc(room);
	char small[PRINTABLE_ONE_LEN + 5];

	PROMISE(out && back);
	PROMISE(printable(out, room, text) == out && is_fit_for_a_terminal(out));
	PROMISE(unescaped(back, out) == strlen(text) && !memcmp(back, text, strlen(text)));
	PROMISE(printable(small, sizeof(small), text) == small && is_fit_for_a_terminal(small));
	PROMISE(strlen(small) < sizeof(small));
	PROMISE(!strcmp(small, out) || strlen(out) >= sizeof(small));
	free(out);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	char *text = malloc(len + 1);

	PROMISE(text);
	memcpy(text, input, len);
	text[len] = 0;
	check_takes(text, len);
	check_whole(text);
	character_trim(text);
	free(text);
	return 0;
}
