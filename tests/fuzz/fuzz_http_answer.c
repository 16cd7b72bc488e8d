/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a header, line by line, an empty line, and a body that arrives in pieces. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "healthcheck/http_answer.h"

/* What libcurl hands over is not ended by a NUL: a copy of its own length has no byte behind it. */
static bool take_line(struct http_answer *answer, const uint8_t *line, size_t len)
{
	char *copy = malloc(len ? len : 1);
	bool taken;

	PROMISE(copy);
	memcpy(copy, line, len);
	taken = http_answer_line(answer, copy, len);
	free(copy);
	return taken;
}

static size_t take_header(struct http_answer *answer, const uint8_t *input, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const uint8_t *end = memchr(input + at, '\n', len - at);
		size_t line_len = end ? (size_t)(end - input) + 1 - at : len - at;
		bool taken = take_line(answer, input + at, line_len);

		at += line_len;
		PROMISE(taken == (at <= HTTP_ANSWER_HEADER_MAX &&
				  answer->line_count <= HTTP_ANSWER_LINES_MAX));
		if (!taken || line_len <= 2)
			break;
	}
	PROMISE(answer->header_len == at);
	return at;
}

/* In pieces of 1, 2, 4, 8 bytes and so on, and whole: the same. */
static void check_body(const uint8_t *body, size_t len)
{
	struct http_answer whole = {0};
	struct http_answer pieces = {0};
	size_t kept = len < HTTP_ANSWER_BODY_MAX ? len : HTTP_ANSWER_BODY_MAX;
	size_t size = 1;

	PROMISE(http_answer_piece(&whole, (const char *)body, len, true) ==
		(len < HTTP_ANSWER_BODY_MAX ? 0 : -EFBIG));
	for (size_t at = 0; at < len; at += size, size *= 2) {
		size_t piece_len = size < len - at ? size : len - at;

		if (http_answer_piece(&pieces, (const char *)body + at, piece_len, true))
			break;
	}
	PROMISE(whole.body_len == kept && pieces.body_len == kept);
	PROMISE(!kept || (!memcmp(whole.body, body, kept) && !memcmp(pieces.body, body, kept)));
	http_answer_clear(&whole);
	http_answer_clear(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct http_answer answer = {0};
	size_t at = take_header(&answer, input, len);

	check_body(input + at, len - at);
	http_answer_clear(&answer);
	return 0;
}
