/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a line on the health checker's control socket. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "healthcheck/inquiry.h"
#include "reported.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct inquiry inquiry = {.verb = INQUIRY_COUNT};
	static struct report report;

	report_init(&report);

	int err = inquiry_read(&inquiry, (const char *)input, len, &report);

	check_report(&report, "request:");
	if (err) {
		PROMISE(err == -EINVAL);
		PROMISE(inquiry.verb == INQUIRY_COUNT);
		PROMISE(report_has_errors(&report));
		return 0;
	}
	PROMISE(!report_has_errors(&report));
	PROMISE(inquiry.verb < INQUIRY_COUNT);
	PROMISE(strlen(inquiry_words(inquiry.verb)->word) > 0);
	PROMISE(memchr(inquiry.table, 0, sizeof(inquiry.table)));
	PROMISE(inquiry.check < HEALTH_TYPE_COUNT);
	PROMISE(inquiry.verb != INQUIRY_PROBE || inquiry.backend.version == 4 ||
		inquiry.backend.version == 6);
	return 0;
}
