/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/device.h"
#include "suite.h"

enum { START_MS = 5000 };

static const struct device_state usual = {
	.ifindex = 7, .mtu = 1500, .is_up = true, .mac = {2, 0, 0, 0, 0, 1}};

static struct device followed(void)
{
	struct device device;

	device_start(&device, &usual, START_MS);
	return device;
}

START_TEST(every_change_is_heard_of_once)
{
	static const struct {
		struct device_state state;
		unsigned int want;
	} steps[] = {
		{{7, 1500, true, {2, 0, 0, 0, 0, 1}}, 0},
		{{7, 1500, false, {2, 0, 0, 0, 0, 1}}, DEVICE_DOWN},
		{{7, 1500, true, {2, 0, 0, 0, 0, 1}}, DEVICE_UP},
		{{7, 9000, true, {2, 0, 0, 0, 0, 2}}, DEVICE_MTU | DEVICE_MAC},
		{{.ifindex = 0}, DEVICE_GONE},
		{{.ifindex = 0}, 0},
		{{9, 9000, false, {2, 0, 0, 0, 0, 2}}, DEVICE_BACK},
		{{9, 9000, true, {2, 0, 0, 0, 0, 2}}, DEVICE_UP},
		{{11, 9000, true, {2, 0, 0, 0, 0, 3}}, DEVICE_BACK | DEVICE_MAC},
		{{11, 9000, false, {2, 0, 0, 0, 0, 3}}, DEVICE_DOWN},
		{{.ifindex = 0}, DEVICE_GONE},
	};
	struct device device = followed();

	for (unsigned int i = 0; i < COUNT_OF(steps); i++)
		ck_assert_msg(device_hear(&device, &steps[i].state) == steps[i].want, "step %u", i);
	ck_assert_uint_eq(device.changes, 11);
	ck_assert_uint_eq(device.downs, 3);
}
END_TEST

START_TEST(a_device_that_is_gone_keeps_its_addresses_for_comparison)
{
	static const struct device_state gone = {.ifindex = 0};
	struct device device = followed();

	(void)device_hear(&device, &gone);
	ck_assert_uint_eq(device.now.mtu, usual.mtu);
	ck_assert_mem_eq(device.now.mac, usual.mac, GLB_MAC_LEN);
	ck_assert(!device.now.is_up);
}
END_TEST

START_TEST(a_device_that_flaps_gets_some_lines_a_minute_and_a_sum)
{
	struct device device = followed();
	uint64_t now_ms = START_MS + DEVICE_WINDOW_MS;

	for (unsigned int i = 0; i < DEVICE_LINES; i++)
		ck_assert(device_may_log(&device));
	ck_assert(!device_may_log(&device));
	ck_assert(!device_may_log(&device));
	ck_assert_uint_eq(device_tick(&device, now_ms - 1), 0);
	ck_assert_uint_eq(device_tick(&device, now_ms), 2);
	ck_assert_uint_eq(device_tick(&device, now_ms + DEVICE_WINDOW_MS), 0);
	ck_assert(device_may_log(&device));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("device");
	TCase *device = tcase_create("device");

	tcase_add_test(device, every_change_is_heard_of_once);
	tcase_add_test(device, a_device_that_is_gone_keeps_its_addresses_for_comparison);
	tcase_add_test(device, a_device_that_flaps_gets_some_lines_a_minute_and_a_sum);
	suite_add_tcase(suite, device);
	return suite;
}
