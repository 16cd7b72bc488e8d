/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a line on the control socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "director/request.h"
#include "fuzz.h"
#include "reported.h"

/* A program that was let in ends, and reads nothing but the frame, however short that is. */
static void run_filter(const struct trace_filter *filter)
{
	enum { LEN = 60 };
	uint8_t *frame = calloc(1, LEN);

	PROMISE(filter->len <= TRACE_PROGRAM_MAX);
	PROMISE(filter->verdicts && !(filter->verdicts & ~trace_any_verdict()));
	for (uint32_t len = 0; frame && len <= LEN; len += 20)
		(void)trace_filter_takes(filter, frame + LEN - len, len);
	free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct request request = {.verb = VERB_COUNT};
	static struct report report;

	report_init(&report);

	int err = request_read(&request, (const char *)input, len, &report);

	check_report(&report, "request:");
	if (err) {
		PROMISE(err == -EINVAL);
		PROMISE(request.verb == VERB_COUNT);
		PROMISE(report_has_errors(&report));
		return 0;
	}
	PROMISE(!report_has_errors(&report));
	PROMISE(request.verb < VERB_COUNT);
	PROMISE(strlen(verb_words(request.verb)->word) > 0);
	PROMISE(memchr(request.table, 0, sizeof(request.table)));
	if (request.verb == VERB_TRACE) {
		run_filter(&request.trace.filter);
		PROMISE(request.trace.snaplen >= TRACE_SNAPLEN_MIN);
		PROMISE(request.trace.snaplen <= TRACE_SNAPLEN_MAX);
		PROMISE(request.trace.seconds <= TRACE_SECONDS_MAX);
	}
	PROMISE(request.verb != VERB_LOOKUP ||
		(request.flow.src.version && request.flow.dst.version));
	return 0;
}
