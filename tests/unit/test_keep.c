/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "director/keep.h"
#include "suite.h"

static struct director_conf conf_of(const char *top, const char *port, const char *twin)
{
	struct director_conf conf = {.port_count = 1};

	(void)snprintf(conf.punt_port, sizeof(conf.punt_port), "%s", top);
	(void)snprintf(conf.ports[0].name, sizeof(conf.ports[0].name), "%s", port);
	(void)snprintf(conf.ports[0].punt_port, sizeof(conf.ports[0].punt_port), "%s", twin);
	return conf;
}

START_TEST(every_twin_stays_what_it_was)
{
	const struct director_conf old = conf_of("net_tap0", "net_null1", "net_tap1");
	struct director_conf new = conf_of("net_tap8", "net_null1", "net_tap9");

	keep_restart_only(&new, &old);
	ck_assert_str_eq(new.punt_port, "net_tap0");
	ck_assert_str_eq(director_conf_port(&new, "net_null1")->punt_port, "net_tap1");
}
END_TEST

START_TEST(a_port_that_is_listed_now_has_no_twin_before_a_restart)
{
	const struct director_conf old = conf_of("", "net_null1", "net_tap1");
	struct director_conf new = conf_of("", "net_null2", "net_tap2");

	keep_restart_only(&new, &old);
	ck_assert_str_eq(director_conf_port(&new, "net_null2")->punt_port, "");
}
END_TEST

START_TEST(every_port_stays_bifurcated_or_not)
{
	const struct director_conf old = {.defaults.bifurcate = true};
	struct director_conf new = conf_of("", "net_af_xdp0", "");

	keep_restart_only(&new, &old);
	ck_assert(new.defaults.bifurcate);
	ck_assert(new.ports[0].bifurcate);
}
END_TEST

START_TEST(what_is_steered_stays_so)
{
	struct director_conf old = conf_of("", "net_null1", "");
	struct director_conf new = conf_of("", "net_null1", "");

	old.ports[0].is_steered = new.defaults.is_steered = true;
	keep_restart_only(&new, &old);
	ck_assert(new.ports[0].is_steered && !new.defaults.is_steered);
}
END_TEST

START_TEST(other_keys_of_a_restart_stay_and_all_else_changes)
{
	const struct director_conf old = {.idle_sleep_us = 1, .punt_unmatched = true};
	struct director_conf new = {.idle_sleep_us = 2,
				    .rx_drop_en = true,
				    .backend_counters = true,
				    .has_control_socket = true,
				    .control_socket = "/run/x"};

	(void)strcpy(new.live_device, "glb-live");
	new.settings.min_ttl = 7;
	keep_restart_only(&new, &old);
	ck_assert_uint_eq(new.idle_sleep_us, 1);
	ck_assert_str_eq(new.live_device, "");
	ck_assert(new.punt_unmatched);
	ck_assert(!new.rx_drop_en && !new.backend_counters);
	ck_assert(!new.has_control_socket);
	ck_assert_str_eq(new.control_socket, "");
	ck_assert_uint_eq(new.settings.min_ttl, 7);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("keep");
	TCase *tests = tcase_create("keep");

	tcase_add_test(tests, every_twin_stays_what_it_was);
	tcase_add_test(tests, a_port_that_is_listed_now_has_no_twin_before_a_restart);
	tcase_add_test(tests, every_port_stays_bifurcated_or_not);
	tcase_add_test(tests, what_is_steered_stays_so);
	tcase_add_test(tests, other_keys_of_a_restart_stay_and_all_else_changes);
	suite_add_tcase(suite, tests);
	return suite;
}
