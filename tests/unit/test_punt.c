/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "director/punt.h"
#include "frame.h"
#include "suite.h"

static const uint64_t second = 1000000000;
static const uint64_t start = 1000 * 1000000000ULL;

enum { RATE = 50000, INTERVAL = 20000, ALL_AT_ONCE = PUNT_SHARED_BURST + PUNT_KIND_BURST };

static const struct sample to_host = {.version = 4,
				      .proto = 6,
				      .src = "198.51.100.7",
				      .dst = "10.0.0.11",
				      .src_port = 40000,
				      .dst_port = 22,
				      .tcp_flags = 0x10};

/* How many frames of those kinds pass at one time? */
static unsigned int pass_all(struct punt_budget *budget, uint32_t interval, uint64_t now,
			     uint8_t kinds)
{
	unsigned int n = 0;

	while (n < 100000 && punt_pass(budget, interval, now, kinds))
		n++;
	return n;
}

/* How many pass of a flood in one second? */
static unsigned int flood(struct punt_budget *budget, uint64_t from, uint8_t kinds)
{
	unsigned int n = 0;

	for (uint64_t ns = 0; ns < second; ns += 1000)
		n += punt_pass(budget, INTERVAL, from + ns, kinds);
	return n;
}

START_TEST(a_burst_fits_the_ring_of_a_twin)
{
	struct punt_budget budget = {0};
	unsigned int sum = 0;

	for (unsigned int i = 0; i < PUNT_KINDS; i++)
		sum += pass_all(&budget, INTERVAL, start, (uint8_t)(1U << i));
	ck_assert_uint_eq(sum, 1024);
	ck_assert_uint_eq(pass_all(&budget, INTERVAL, start, 0xf), 0);
}
END_TEST

START_TEST(a_low_rate_has_a_burst_of_a_second)
{
	struct punt_budget budget = {0};

	/* 50 of 100 that are shared, 12.5 of the kind */
	ck_assert_uint_eq(pass_all(&budget, 10000000, start, PUNT_OTHER), 50 + 12);
}
END_TEST

START_TEST(without_a_rate_all_pass)
{
	struct punt_budget budget = {0};

	ck_assert_uint_eq(pass_all(&budget, 0, start, PUNT_OTHER), 100000);
}
END_TEST

START_TEST(without_a_rate_the_clocks_of_other_workers_may_be_ahead)
{
	struct punt_budget budget = {0};

	for (uint8_t kind = 1; kind < 1 << PUNT_KINDS; kind = (uint8_t)(kind << 1)) {
		ck_assert(punt_pass(&budget, 0, start + 1000, kind));
		ck_assert(punt_pass(&budget, 0, start + 500, kind));
		ck_assert(punt_pass(&budget, 0, start, kind));
	}
}
END_TEST

START_TEST(the_lowest_rate_lets_one_pass_now_and_then)
{
	struct punt_budget budget = {0};
	unsigned int n = 0;

	/* one that is shared, one of the kind; then 1 in 2 seconds, and in 8 */
	ck_assert_uint_eq(pass_all(&budget, (uint32_t)second, start, PUNT_LINK), 2);
	for (uint64_t s = 1; s <= 8; s++)
		n += pass_all(&budget, (uint32_t)second, start + s * second, PUNT_LINK);
	ck_assert_uint_eq(n, 4 + 1);
}
END_TEST

START_TEST(a_flood_of_one_kind_leaves_the_others_their_parts)
{
	struct punt_budget budget = {0};

	(void)pass_all(&budget, INTERVAL, start, PUNT_LINK);
	/* half and an eighth of the rate, in a second */
	ck_assert_uint_eq(flood(&budget, start, PUNT_LINK), RATE / 2 + RATE / 8 - 2);
	/* whatever it takes, there is this much for each of the others */
	for (unsigned int i = 1; i < PUNT_KINDS; i++)
		ck_assert_uint_ge(pass_all(&budget, INTERVAL, start + second, (uint8_t)(1U << i)),
				  PUNT_KIND_BURST);
}
END_TEST

START_TEST(all_kinds_together_get_the_rate)
{
	struct punt_budget budget = {0};
	unsigned int n = 0;

	(void)pass_all(&budget, INTERVAL, start, 0xf);
	for (uint64_t ns = 0; ns < second; ns += 1000)
		for (unsigned int i = 0; i < PUNT_KINDS; i++)
			n += punt_pass(&budget, INTERVAL, start + ns, (uint8_t)(1U << i));
	ck_assert_uint_ge(n, RATE - 5);
	ck_assert_uint_le(n, RATE);
}
END_TEST

START_TEST(a_packet_of_two_kinds_passes_by_either)
{
	struct punt_budget budget = {0};

	(void)pass_all(&budget, INTERVAL, start, PUNT_ROUTING);
	ck_assert_uint_eq(pass_all(&budget, INTERVAL, start, PUNT_ROUTING | PUNT_HOST),
			  PUNT_KIND_BURST);
}
END_TEST

START_TEST(a_time_near_the_start_of_the_clock_is_one_like_any)
{
	struct punt_budget budget = {0};

	ck_assert_uint_eq(pass_all(&budget, INTERVAL, 0, PUNT_OTHER), 0);
	ck_assert_uint_eq(pass_all(&budget, INTERVAL, second, PUNT_OTHER), ALL_AT_ONCE);
}
END_TEST

static const struct {
	struct sample sample;
	uint8_t want;
} kinds_of[] = {
	{{.version = 4, .proto = 6, .src = "10.0.0.1", .dst = "10.0.0.2", .dst_port = 179},
	 PUNT_ROUTING},
	{{.version = 6, .proto = 6, .src = "fd00::1", .dst = "fd00::2", .src_port = 179},
	 PUNT_ROUTING},
	{{.version = 4, .proto = 6, .src = "10.0.0.1", .dst = "10.0.0.2", .dst_port = 178},
	 PUNT_OTHER},
	{{.version = 4, .proto = 17, .src = "10.0.0.1", .dst = "10.0.0.2", .dst_port = 179},
	 PUNT_OTHER},
	{{.version = 4, .proto = 17, .src = "10.0.0.1", .dst = "10.0.0.2", .dst_port = 3784},
	 PUNT_ROUTING},
	{{.version = 6, .proto = 17, .src = "fd00::1", .dst = "fd00::2", .dst_port = 3785},
	 PUNT_ROUTING},
	{{.version = 4, .proto = 17, .src = "10.0.0.1", .dst = "10.0.0.2", .dst_port = 4784},
	 PUNT_ROUTING},
	{{.version = 4, .proto = 17, .src = "10.0.0.1", .dst = "10.0.0.2", .src_port = 3784},
	 PUNT_OTHER},
	{{.version = 4,
	  .proto = 6,
	  .src = "10.0.0.1",
	  .dst = "10.0.0.2",
	  .dst_port = 179,
	  .vlan_count = 2,
	  .option_words = 2},
	 PUNT_ROUTING},
	{{.version = 4, .proto = 89, .src = "10.0.0.1", .dst = "10.0.0.2"}, PUNT_ROUTING},
	{{.version = 4, .proto = 89, .src = "10.0.0.1", .dst = "224.0.0.5"}, PUNT_ROUTING},
	{{.version = 4, .proto = 112, .src = "10.0.0.1", .dst = "224.0.0.18"}, PUNT_ROUTING},
	{{.version = 4, .proto = 112, .src = "10.0.0.1", .dst = "224.0.1.18"}, PUNT_OTHER},
	{{.version = 6, .proto = 89, .src = "fe80::1", .dst = "ff02::5"}, PUNT_ROUTING},
	{{.version = 6, .proto = 103, .src = "fe80::1", .dst = "ff05::5"}, PUNT_OTHER},
	{{.version = 6, .proto = 58, .src = "fe80::1", .dst = "fd00::2", .type = 135, .ttl = 255},
	 PUNT_LINK},
	{{.version = 6, .proto = 58, .src = "fe80::1", .dst = "ff02::1", .type = 134, .ttl = 255},
	 PUNT_LINK | PUNT_ROUTING},
	{{.version = 6, .proto = 58, .src = "fd00::1", .dst = "fd00::2", .type = 135, .ttl = 254},
	 PUNT_OTHER},
	{{.version = 6, .proto = 58, .src = "fd00::1", .dst = "fd00::2", .type = 128, .ttl = 255},
	 PUNT_OTHER},
	{{.version = 4, .proto = 1, .src = "10.0.0.1", .dst = "10.0.0.2", .type = 8}, PUNT_OTHER},
};

START_TEST(kinds_are_told_by_what_only_neighbours_and_routers_send)
{
	static uint8_t frame[FRAME_LEN_MAX];
	uint32_t len = frame_write(frame, &kinds_of[_i].sample);

	ck_assert_uint_eq(punt_kinds(NULL, frame, len), kinds_of[_i].want);
}
END_TEST

START_TEST(frames_without_ip_are_told_by_their_ethertype)
{
	static const struct {
		uint16_t type;
		uint8_t want;
	} cases[] = {{0x0806, PUNT_LINK},    {0x8809, PUNT_LINK},  {0x88cc, PUNT_LINK},
		     {0x00fe, PUNT_ROUTING}, {0x88b5, PUNT_OTHER}, {0x0600, PUNT_OTHER}};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		uint8_t frame[18] = {[12] = 0x81, [15] = 7};

		glb_store_be16(frame + 16, cases[i].type);
		ck_assert_uint_eq(punt_kinds(NULL, frame, 18), cases[i].want);
		glb_store_be16(frame + 12, cases[i].type);
		ck_assert_uint_eq(punt_kinds(NULL, frame, 14), cases[i].want);
	}
	for (uint32_t len = 0; len < 18; len++) {
		uint8_t frame[18] = {[12] = 0x81, [13] = 0, [16] = 8, [17] = 6};
		uint8_t *exact = frame_exact(frame, len);

		ck_assert_uint_eq(punt_kinds(NULL, exact, len), PUNT_OTHER);
		free(exact);
	}
}
END_TEST

/* Has the kernel been learned to have the address of to_host? */
static bool is_known(const struct punt_hosts *hosts)
{
	static uint8_t frame[FRAME_LEN_MAX];
	uint32_t len = frame_write(frame, &to_host);

	return punt_kinds(hosts, frame, len) == PUNT_HOST;
}

static void learn(struct punt_hosts *hosts, const struct sample *sample, uint64_t now)
{
	static uint8_t frame[FRAME_LEN_MAX];
	uint32_t len = frame_write(frame, sample);

	punt_learn(hosts, frame, len, now);
}

START_TEST(the_kernel_has_the_addresses_it_sends_from)
{
	static const struct {
		struct sample sample;
		bool want;
	} cases[] = {
		{{.version = 4,
		  .proto = 6,
		  .src = "10.0.0.11",
		  .dst = "10.0.0.1",
		  .tcp_flags = 0x12},
		 true},
		{{.version = 4,
		  .proto = 6,
		  .src = "10.0.0.11",
		  .dst = "10.0.0.1",
		  .tcp_flags = 0x14},
		 false},
		{{.version = 4,
		  .proto = 17,
		  .src = "10.0.0.11",
		  .dst = "10.0.0.1",
		  .vlan_count = 1},
		 true},
		{{.version = 4, .proto = 1, .src = "10.0.0.11", .dst = "10.0.0.1", .type = 0},
		 false},
		{{.version = 4, .proto = 17, .src = "10.0.0.1", .dst = "10.0.0.11"}, false},
		{{.version = 4,
		  .proto = 1,
		  .src = "10.0.0.11",
		  .dst = "10.0.0.1",
		  .type = 3,
		  .code = 3,
		  .quote = &to_host},
		 false},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		static struct punt_hosts hosts;

		memset(&hosts, 0, sizeof(hosts));
		learn(&hosts, &cases[i].sample, start);
		ck_assert_msg(is_known(&hosts) == cases[i].want, "case %u", i);
	}
}
END_TEST

START_TEST(neighbour_discovery_tells_addresses_and_errors_do_not)
{
	static uint8_t frame[FRAME_LEN_MAX];
	static const struct sample to_host6 = {
		.version = 6, .proto = 6, .src = "fd00::1", .dst = "fd00::11", .dst_port = 22};
	static const struct sample advertisement = {.version = 6,
						    .proto = 58,
						    .src = "fd00::11",
						    .dst = "fd00::1",
						    .type = 136,
						    .ttl = 255};
	static const struct sample reply = {
		.version = 6, .proto = 58, .src = "fd00::11", .dst = "fd00::1", .type = 129};
	static struct punt_hosts hosts;
	uint32_t len = frame_write(frame, &to_host6);

	learn(&hosts, &reply, start);
	ck_assert_uint_eq(punt_kinds(&hosts, frame, len), PUNT_OTHER);
	learn(&hosts, &advertisement, start);
	ck_assert_uint_eq(punt_kinds(&hosts, frame, len), PUNT_HOST);
}
END_TEST

START_TEST(arp_tells_addresses)
{
	static const uint8_t reply[42] = {
		[12] = 8, [13] = 6,  [15] = 1,	[16] = 8,  [18] = 6, [19] = 4,
		[21] = 2, [28] = 10, [31] = 11, [38] = 10, [41] = 1};
	static struct punt_hosts hosts;

	for (uint32_t len = 0; len < 32; len++) {
		uint8_t *exact = frame_exact(reply, len);

		punt_learn(&hosts, exact, len, start);
		free(exact);
		ck_assert(!is_known(&hosts));
	}
	punt_learn(&hosts, reply, sizeof(reply), start);
	ck_assert(is_known(&hosts));
}
END_TEST

START_TEST(an_address_is_forgotten_when_nothing_was_sent_from_it_for_two_periods)
{
	static const struct sample from_host = {
		.version = 4, .proto = 6, .src = "10.0.0.11", .dst = "10.0.0.1"};
	static const struct sample from_other = {
		.version = 4, .proto = 6, .src = "10.0.0.12", .dst = "10.0.0.1"};
	static struct punt_hosts hosts;
	const uint64_t period = PUNT_HOSTS_PERIOD_S * second;

	learn(&hosts, &from_host, start);
	learn(&hosts, &from_other, start + period);
	ck_assert(is_known(&hosts));
	learn(&hosts, &from_other, start + 2 * period);
	ck_assert(!is_known(&hosts));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("punt");
	TCase *tests = tcase_create("punt");

	tcase_add_test(tests, a_burst_fits_the_ring_of_a_twin);
	tcase_add_test(tests, a_low_rate_has_a_burst_of_a_second);
	tcase_add_test(tests, without_a_rate_all_pass);
	tcase_add_test(tests, without_a_rate_the_clocks_of_other_workers_may_be_ahead);
	tcase_add_test(tests, the_lowest_rate_lets_one_pass_now_and_then);
	tcase_add_test(tests, a_flood_of_one_kind_leaves_the_others_their_parts);
	tcase_add_test(tests, all_kinds_together_get_the_rate);
	tcase_add_test(tests, a_packet_of_two_kinds_passes_by_either);
	tcase_add_test(tests, a_time_near_the_start_of_the_clock_is_one_like_any);
	tcase_add_loop_test(tests, kinds_are_told_by_what_only_neighbours_and_routers_send, 0,
			    COUNT_OF(kinds_of));
	tcase_add_test(tests, frames_without_ip_are_told_by_their_ethertype);
	tcase_add_test(tests, the_kernel_has_the_addresses_it_sends_from);
	tcase_add_test(tests, neighbour_discovery_tells_addresses_and_errors_do_not);
	tcase_add_test(tests, arp_tells_addresses);
	tcase_add_test(tests,
		       an_address_is_forgotten_when_nothing_was_sent_from_it_for_two_periods);
	suite_add_tcase(suite, tests);
	return suite;
}
