/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/copy.h"
#include "suite.h"

enum { GROUPS = COPY_GROUP + 1 };

static const struct copy_host quiet = {.forwards4 = false};
static const struct copy_host router = {.forwards4 = true, .forwards6 = true, .has_gateway6 = true};
static const struct copy_host routed6 = {.has_gateway6 = true};
static const struct copy_host without6 = {.forwards6 = true, .disabled6 = true};

START_TEST(only_a_silent_kernel_is_right)
{
	static const struct {
		const struct copy_host *host;
		uint8_t version;
		enum copy_fate want[GROUPS]; /* no route, blackhole, local, elsewhere, group */
	} cases[] = {
		{&quiet, 4, {0, 0, COPY_ANSWERED, 0, 0}},
		{&quiet, 6, {0, 0, COPY_ANSWERED, 0, 0}},
		{&routed6, 4, {0, 0, COPY_ANSWERED, 0, 0}},
		{&routed6, 6, {COPY_REJECTED, 0, COPY_ANSWERED, 0, 0}},
		{&router, 4, {COPY_REJECTED, 0, COPY_ANSWERED, COPY_FORWARDED, 0}},
		{&router, 6, {COPY_REJECTED, 0, COPY_ANSWERED, COPY_FORWARDED, 0}},
		{&without6, 6, {0, 0, 0, 0, 0}},
		{&without6, 4, {0, 0, COPY_ANSWERED, 0, 0}},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++)
		for (unsigned int route = 0; route < GROUPS; route++)
			ck_assert_msg(copy_fate(cases[i].host, cases[i].version,
						(enum copy_route)route) == cases[i].want[route],
				      "case %u, route %u", i, route);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("copy");
	TCase *copy = tcase_create("copy");

	tcase_add_test(copy, only_a_silent_kernel_is_right);
	suite_add_tcase(suite, copy);
	return suite;
}
