/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "director/gateway.h"
#include "suite.h"

enum { ETH0 = 2, ETH1 = 3, START_MS = 5000 };

static const uint8_t no_mac[GLB_MAC_LEN];
static const uint8_t first[GLB_MAC_LEN] = {2, 0, 0, 0, 0, 1};
static const uint8_t second[GLB_MAC_LEN] = {2, 0, 0, 0, 0, 2};

static const struct port_conf conf = {
	.name = "net0",
	.gateway_auto = true,
	.gateway_addr = {.bytes = {10, 0, 0, 1}, .version = 4},
};

/* A gateway that nothing is known of, on any interface. */
static struct gateway unknown(void)
{
	struct gateway gateway;

	gateway_start(&gateway, &conf, no_mac, START_MS);
	return gateway;
}

static struct neighbour says(uint8_t state, uint32_t ifindex, const uint8_t mac[GLB_MAC_LEN])
{
	struct neighbour neighbour = {
		.addr = conf.gateway_addr, .ifindex = ifindex, .state = state};

	memcpy(neighbour.mac, mac, GLB_MAC_LEN);
	return neighbour;
}

static enum gateway_event hear(struct gateway *gateway, struct neighbour neighbour, uint64_t now_ms)
{
	return gateway_hear(gateway, &neighbour, now_ms);
}

/* A gateway whose address was found on the first interface. */
static struct gateway found(void)
{
	struct gateway gateway = unknown();

	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_SURE, ETH0, first), START_MS),
			 GATEWAY_FOUND);
	return gateway;
}

static void check_mac(const struct gateway *gateway, const uint8_t mac[GLB_MAC_LEN])
{
	ck_assert_mem_eq(gateway->mac, mac, GLB_MAC_LEN);
	ck_assert_int_eq(gateway_has_mac(gateway), mac != no_mac);
}

START_TEST(every_change_is_told_once)
{
	static const struct {
		uint8_t state;
		const uint8_t *mac;
		enum gateway_event want;
	} steps[] = {
		{NEIGHBOUR_LOST, no_mac, GATEWAY_SAME},	 {NEIGHBOUR_STALE, first, GATEWAY_FOUND},
		{NEIGHBOUR_SURE, first, GATEWAY_SAME},	 {NEIGHBOUR_STALE, first, GATEWAY_SAME},
		{NEIGHBOUR_SURE, second, GATEWAY_MOVED}, {NEIGHBOUR_SURE, second, GATEWAY_SAME},
		{NEIGHBOUR_LOST, second, GATEWAY_LOST},	 {NEIGHBOUR_LOST, no_mac, GATEWAY_SAME},
		{NEIGHBOUR_STALE, second, GATEWAY_BACK}, {NEIGHBOUR_LOST, no_mac, GATEWAY_LOST},
		{NEIGHBOUR_SURE, first, GATEWAY_MOVED},
	};
	struct gateway gateway = unknown();

	for (unsigned int i = 0; i < COUNT_OF(steps); i++) {
		struct neighbour neighbour = says(steps[i].state, ETH0, steps[i].mac);

		ck_assert_msg(hear(&gateway, neighbour, START_MS + i) == steps[i].want, "step %u",
			      i);
	}
	check_mac(&gateway, first);
}
END_TEST

START_TEST(a_silent_gateway_keeps_its_address_for_the_hold_time_and_no_longer)
{
	struct gateway gateway = found();
	uint64_t lost_at = START_MS + 700;

	ck_assert_int_eq(gateway_tick(&gateway, START_MS + GATEWAY_HOLD_MS), GATEWAY_SAME);
	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_LOST, ETH0, no_mac), lost_at), GATEWAY_LOST);
	/* that the kernel keeps failing is no new loss */
	(void)hear(&gateway, says(NEIGHBOUR_LOST, ETH0, no_mac), lost_at + 20000);
	ck_assert_int_eq(gateway_tick(&gateway, lost_at + GATEWAY_HOLD_MS - 1), GATEWAY_SAME);
	check_mac(&gateway, first);
	ck_assert_int_eq(gateway_tick(&gateway, lost_at + GATEWAY_HOLD_MS), GATEWAY_GIVEN_UP);
	check_mac(&gateway, no_mac);
	ck_assert_int_eq(gateway_tick(&gateway, lost_at + 2 * GATEWAY_HOLD_MS), GATEWAY_SAME);
	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_SURE, ETH0, first), lost_at + 90000),
			 GATEWAY_FOUND);
}
END_TEST

START_TEST(the_address_in_use_counts_until_the_gateway_is_known)
{
	struct gateway gateway;

	gateway_start(&gateway, &conf, second, START_MS);
	check_mac(&gateway, second);
	ck_assert_int_eq(gateway_tick(&gateway, START_MS + GATEWAY_HOLD_MS - 1), GATEWAY_SAME);
	ck_assert_int_eq(gateway_tick(&gateway, START_MS + GATEWAY_HOLD_MS), GATEWAY_GIVEN_UP);
	check_mac(&gateway, no_mac);
}
END_TEST

START_TEST(other_addresses_say_nothing)
{
	struct gateway gateway = found();
	struct neighbour other = says(NEIGHBOUR_SURE, ETH0, second);

	other.addr.bytes[3] = 2;
	ck_assert_int_eq(hear(&gateway, other, START_MS), GATEWAY_SAME);
	other.addr = (struct glb_addr){.bytes = {10, 0, 0, 1}, .version = 6};
	ck_assert_int_eq(hear(&gateway, other, START_MS), GATEWAY_SAME);
	check_mac(&gateway, first);
}
END_TEST

START_TEST(where_nothing_is_followed_nothing_is_heard)
{
	struct gateway gateway = {0};
	struct neighbour nobody = {.state = NEIGHBOUR_SURE, .mac = {2}};

	ck_assert_int_eq(hear(&gateway, nobody, START_MS), GATEWAY_SAME);
	ck_assert(!gateway_has_mac(&gateway));
	ck_assert(!gateway_is_due(&gateway, START_MS));
	ck_assert(!gateway_is_for(&gateway, &(struct port_conf){.gateway_auto = true}));
}
END_TEST

START_TEST(without_a_name_the_first_interface_counts_until_it_loses_the_gateway)
{
	struct gateway gateway = found();

	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_SURE, ETH1, second), START_MS),
			 GATEWAY_SAME);
	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_LOST, ETH1, no_mac), START_MS),
			 GATEWAY_SAME);
	check_mac(&gateway, first);
	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_LOST, ETH0, no_mac), START_MS),
			 GATEWAY_LOST);
	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_LOST, ETH1, no_mac), START_MS),
			 GATEWAY_SAME);
	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_SURE, ETH1, second), START_MS),
			 GATEWAY_MOVED);
	check_mac(&gateway, second);
}
END_TEST

START_TEST(with_a_name_only_that_interface_counts)
{
	struct port_conf named = conf;
	struct gateway gateway;

	memcpy(named.gateway_interface, "eth1", 5);
	gateway_start(&gateway, &named, no_mac, START_MS);
	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_SURE, ETH0, first), START_MS), GATEWAY_SAME);
	gateway.ifindex = ETH1;
	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_SURE, ETH0, first), START_MS), GATEWAY_SAME);
	ck_assert_int_eq(hear(&gateway, says(NEIGHBOUR_SURE, ETH1, second), START_MS),
			 GATEWAY_FOUND);
	ck_assert(gateway_is_for(&gateway, &named));
	ck_assert(!gateway_is_for(&gateway, &conf));
}
END_TEST

START_TEST(who_is_missing_in_the_kernels_list_is_lost)
{
	struct gateway gateway = found();

	gateway_list_starts(&gateway);
	(void)hear(&gateway, says(NEIGHBOUR_STALE, ETH0, first), START_MS);
	ck_assert_int_eq(gateway_list_ends(&gateway, START_MS), GATEWAY_SAME);
	gateway_list_starts(&gateway);
	(void)hear(&gateway, says(NEIGHBOUR_STALE, ETH1, first), START_MS);
	ck_assert_int_eq(gateway_list_ends(&gateway, START_MS), GATEWAY_LOST);
	check_mac(&gateway, first);
}
END_TEST

START_TEST(the_kernel_is_asked_once_a_second_unless_it_is_sure)
{
	struct gateway gateway = unknown();

	ck_assert(gateway_is_due(&gateway, START_MS));
	ck_assert(!gateway_is_due(&gateway, START_MS + GATEWAY_ASK_MS - 1));
	ck_assert(gateway_is_due(&gateway, START_MS + GATEWAY_ASK_MS));

	gateway = found();
	ck_assert(!gateway_is_due(&gateway, START_MS + 90000));
	(void)hear(&gateway, says(NEIGHBOUR_STALE, ETH0, first), START_MS + 90000);
	ck_assert(gateway_is_due(&gateway, START_MS + 90000));
	/* and at once when it has just been lost */
	(void)hear(&gateway, says(NEIGHBOUR_LOST, ETH0, no_mac), START_MS + 90001);
	ck_assert(gateway_is_due(&gateway, START_MS + 90001));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("gateway");
	TCase *gateway = tcase_create("gateway");

	tcase_add_test(gateway, every_change_is_told_once);
	tcase_add_test(gateway, a_silent_gateway_keeps_its_address_for_the_hold_time_and_no_longer);
	tcase_add_test(gateway, the_address_in_use_counts_until_the_gateway_is_known);
	tcase_add_test(gateway, other_addresses_say_nothing);
	tcase_add_test(gateway, where_nothing_is_followed_nothing_is_heard);
	tcase_add_test(gateway,
		       without_a_name_the_first_interface_counts_until_it_loses_the_gateway);
	tcase_add_test(gateway, with_a_name_only_that_interface_counts);
	tcase_add_test(gateway, who_is_missing_in_the_kernels_list_is_lost);
	tcase_add_test(gateway, the_kernel_is_asked_once_a_second_unless_it_is_sure);
	suite_add_tcase(suite, gateway);
	return suite;
}
