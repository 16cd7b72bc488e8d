/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is a text of limits, a NUL and samples for the judge: six bytes each, of which the
 * first two are the time since the last one in milliseconds.
 */
#include <string.h>

#include "fuzz.h"
#include "redirect/serve/grade.h"

enum { WINDOW_MS = 1000, SAMPLE_LEN = 6 };

static void judge(const struct grade_limits *limits, const uint8_t *bytes, size_t len)
{
	struct grade_judge judge = grade_judge_start(limits, WINDOW_MS);
	struct grade_sample sample = {.at_ms = 1};
	char text[GRADE_TEXT_LEN];

	for (; len >= SAMPLE_LEN; len -= SAMPLE_LEN, bytes += SAMPLE_LEN) {
		enum grade before = judge.grade;
		uint64_t since_ms = judge.since_ms;

		sample.at_ms += glb_load_be16(bytes);
		sample.lost += (uint64_t)bytes[2] << bytes[3] % 64;
		sample.cookies += bytes[3];
		sample.queue = bytes[4];
		sample.memory = bytes[5];
		PROMISE(grade_judge_take(&judge, &sample) < GRADE_COUNT);
		PROMISE(judge.history_count && judge.history_count <= GRADE_HISTORY);
		/* to get better takes two windows, since it got worse too */
		PROMISE(judge.grade >= before || sample.at_ms - since_ms >= 2 * WINDOW_MS);
		PROMISE(strlen(grade_text(text, &judge)) < GRADE_TEXT_LEN);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct grade_limits limits = grade_limits_default();
	char why[GRADE_WHY_LEN] = "";
	size_t text_len = strnlen((const char *)input, len);
	char *text = malloc(text_len + 1);

	if (!text)
		return 0;
	memcpy(text, input, text_len);
	text[text_len] = '\0';
	if (grade_limits_parse(&limits, text, why)) {
		struct grade_limits untouched = grade_limits_default();

		PROMISE(!memcmp(&limits, &untouched, sizeof(limits)) && *why);
	}
	for (unsigned int i = 0; i < GRADE_SIGNAL_COUNT; i++)
		PROMISE(!limits.of[i].down || limits.of[i].degraded <= limits.of[i].down);
	if (text_len < len)
		judge(&limits, input + text_len + 1, len - text_len - 1);
	free(text);
	return 0;
}
