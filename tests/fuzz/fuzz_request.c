/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a line on the control socket. */
#include <errno.h>
#include <string.h>

#include "director/request.h"
#include "fuzz.h"
#include "reported.h"

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
	PROMISE(strlen(verb_name(request.verb)) > 0);
	PROMISE(memchr(request.table, 0, sizeof(request.table)));
	PROMISE(request.verb != VERB_LOOKUP ||
		(request.flow.src.version && request.flow.dst.version));
	return 0;
}
