/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include "director/telemetry.h"
#include "suite.h"

/* Requests as the EAL leaves them in the buffers of two clients, split at the comma. */
static const char one[] = "/glb/tables\0from";
static const char other[] = "/glb/counters\0one";

START_TEST(parameters_lie_behind_their_command)
{
	ck_assert(telemetry_are_own(one, NULL));
	ck_assert(telemetry_are_own(one, &one[12]));
	ck_assert(telemetry_are_own(other, &other[14]));
}
END_TEST

START_TEST(parameters_of_another_client_are_noticed)
{
	ck_assert(!telemetry_are_own(one, &other[14]));
	ck_assert(!telemetry_are_own(other, &one[12]));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("telemetry");
	TCase *parameters = tcase_create("parameters");

	tcase_add_test(parameters, parameters_lie_behind_their_command);
	tcase_add_test(parameters, parameters_of_another_client_are_noticed);
	suite_add_tcase(suite, parameters);
	return suite;
}
