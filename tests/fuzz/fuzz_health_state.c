/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a state file of glb-healthcheck. */
#include <errno.h>

#include "fuzz.h"
#include "health_view.h"
#include "reported.h"

static const struct state_time now = {.now_ms = 5000, .wall_ms = 1796040000000};

/* What can be used for judging, without end or beginning. */
static void check_backend(const struct judge_backend *backend)
{
	for (unsigned int i = 0; i < JUDGE_FLAPS_MAX; i++) {
		uint64_t age_ms = now.now_ms - backend->flaps_ms[i];

		if (!backend->flaps_ms[i])
			continue;
		PROMISE(age_ms <= now.wall_ms);
		PROMISE(!i || backend->flaps_ms[i - 1]);
		PROMISE(!i || age_ms >= now.now_ms - backend->flaps_ms[i - 1]);
	}
	PROMISE(!backend->since_ms || now.now_ms - backend->since_ms <= now.wall_ms);
}

/* What was read is written as it is, and read as that. */
static void check_round(struct health_view *first)
{
	static struct health_view second;
	static struct report report;
	size_t len;
	char *text = state_text(&len, &first->view, &now);

	PROMISE(text);
	health_view_make(&second);
	report_init(&report);
	PROMISE(!state_parse(&second.view, &now, "again.json", text, len, &report));
	PROMISE(health_view_same(first, &second));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	static struct health_view view;
	static struct health_view blank;
	static struct report report;
	int err;

	health_view_make(&view);
	health_view_make(&blank);
	report_init(&report);
	err = state_parse(&view.view, &now, "health.json", (const char *)input, len, &report);
	check_report(&report, "health.json:");
	PROMISE(!err == !report_has_errors(&report));
	if (err) {
		PROMISE(err == -EINVAL);
		PROMISE(health_view_same(&view, &blank));
		return 0;
	}
	for (unsigned int i = 0; i < VIEW_BACKENDS; i++)
		check_backend(&view.backends[i]);
	for (unsigned int i = 0; i < VIEW_CHECKS; i++)
		PROMISE(view.checks[i].status <= JUDGE_DOWN && !view.checks[i].streak);
	check_round(&view);
	return 0;
}
