/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is what answers at the director's control socket. */
#include <string.h>

#include "fuzz.h"
#include "healthcheck/director_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct director_answer answer;

	director_answer_read(&answer, (const char *)input, len);
	PROMISE(answer.result <= DIRECTOR_FAILED);
	PROMISE(answer.result != DIRECTOR_ABSENT);
	PROMISE(memchr(answer.reason, 0, sizeof(answer.reason)));
	PROMISE(memchr(answer.tables_file, 0, sizeof(answer.tables_file)));
	PROMISE(answer.result == DIRECTOR_DONE || !answer.table_count);
	for (unsigned int i = 0; i < answer.table_count; i++)
		PROMISE(strlen(answer.digests[i]) == GLB_DIGEST_TEXT_LEN - 1);
	director_answer_free(&answer);
	return 0;
}
