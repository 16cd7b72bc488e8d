/* SPDX-License-Identifier: BSD-3-Clause */
#include "redirect/syn_cookie.h"
#include "suite.h"

static const struct syn_cookie_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
static const uint64_t period_ns = 1ULL << SYN_COOKIE_PERIOD_BITS;

/* The ends of a handshake of this IP version. */
static struct syn_ends ends_of(uint8_t version)
{
	struct syn_ends ends = {
		.client = {1, 0, 0, 0},
		.vip = {2, 0, 0, 0},
		.client_port = 40000,
		.vip_port = 443,
		.client_isn = 0xfffffff0,
		.version = version,
	};

	for (int i = 1; version == 6 && i < 4; i++) {
		ends.client[i] = 3;
		ends.vip[i] = 4;
	}
	return ends;
}

static uint32_t make(const struct syn_ends *ends, const struct syn_said *said, uint64_t now_ns)
{
	uint32_t offset;

	return syn_cookie_make(&offset, &key, ends, said, now_ns);
}

static bool holds(const struct syn_ends *ends, uint32_t cookie, uint64_t now_ns)
{
	struct syn_said said;

	return syn_cookie_check(&said, &key, ends, cookie, now_ns);
}

START_TEST(a_cookie_says_again_what_the_client_said)
{
	uint64_t seed = 1;

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t random = next_random(&seed);
		struct syn_ends ends = ends_of(random & 1 ? 4 : 6);
		const struct syn_said said = {(uint16_t)(1220 + (random >> 8) % 8000),
					      random >> 32 & 15, random >> 40 & 1};
		struct syn_said again;
		uint64_t now_ns = next_random(&seed) >> 4;

		ends.client_isn = (uint32_t)(random >> 32);
		ck_assert(
			syn_cookie_check(&again, &key, &ends, make(&ends, &said, now_ns), now_ns));
		ck_assert_uint_eq(again.wscale, said.wscale);
		ck_assert_uint_eq(again.sack, said.sack);
		ck_assert_uint_le(again.mss, said.mss);
		ck_assert_uint_eq(
			again.mss,
			syn_cookie_mss(syn_cookie_mss_index(said.mss, ends.version), ends.version));
	}
}
END_TEST

START_TEST(sizes_are_rounded_down_to_the_next_that_a_cookie_has)
{
	static const struct {
		uint8_t version;
		uint16_t said, kept;
	} cases[] = {
		{4, 536, 536},	 {4, 1299, 536},  {4, 1300, 1300}, {4, 1400, 1300},
		{4, 1440, 1440}, {4, 1460, 1460}, {4, 8960, 1460}, {6, 1220, 1220},
		{6, 1380, 1360}, {6, 1420, 1420}, {6, 1440, 1440}, {6, 8940, 1440},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ck_assert_uint_eq(
			syn_cookie_mss(syn_cookie_mss_index(cases[i].said, cases[i].version),
				       cases[i].version),
			cases[i].kept);
}
END_TEST

START_TEST(a_cookie_is_valid_in_its_period_and_the_next)
{
	const struct syn_ends ends = ends_of(4);
	const struct syn_said said = {1460, 7, true};

	for (uint64_t at = 5; at < 9; at++) {
		uint64_t begin = at * period_ns;
		uint32_t cookie = make(&ends, &said, begin);

		ck_assert_uint_eq(cookie, make(&ends, &said, begin + period_ns - 1));
		ck_assert(!holds(&ends, cookie, begin - 1));
		ck_assert(holds(&ends, cookie, begin));
		ck_assert(holds(&ends, cookie, begin + 2 * period_ns - 1));
		ck_assert(!holds(&ends, cookie, begin + 2 * period_ns));
	}
}
END_TEST

START_TEST(a_cookie_is_for_one_handshake_and_one_secret)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		const struct syn_ends ends = ends_of(version);
		const struct syn_said said = {1460, 7, true};
		const struct syn_cookie_key other = {{key.halves[0], key.halves[1] ^ 1}};
		uint32_t cookie = make(&ends, &said, period_ns);
		struct syn_said out;

		ck_assert(!syn_cookie_check(&out, &other, &ends, cookie, period_ns));
		for (size_t byte = 0; byte < offsetof(struct syn_ends, version); byte++) {
			struct syn_ends changed = ends;
			size_t word = byte % 16 / 4;

			if (version == 4 && byte < 32 && word)
				continue; /* of an IPv6 address */
			((uint8_t *)&changed)[byte] ^= 0x10;
			ck_assert_msg(!holds(&changed, cookie, period_ns), "byte %zu", byte);
		}
	}
}
END_TEST

START_TEST(of_random_numbers_one_in_16_million_is_a_cookie)
{
	const struct syn_ends ends = ends_of(4);
	unsigned int held = 0;

	/* all that share 20 bits of the hash with a cookie: the other 4 have to be right, too */
	uint32_t cookie = make(&ends, &(struct syn_said){1460, 7, true}, period_ns);

	for (uint32_t low = 0; low < 1U << 12; low++)
		held += holds(&ends, (cookie & ~0xfffU) | low, period_ns);
	ck_assert_uint_eq(held, 1U << 7);
}
END_TEST

START_TEST(the_offset_of_timestamps_differs_between_connections)
{
	struct syn_ends ends = ends_of(6);
	const struct syn_said said = {1460, 7, true};
	uint32_t one;
	uint32_t other;

	(void)syn_cookie_make(&one, &key, &ends, &said, period_ns);
	ends.client_port++;
	(void)syn_cookie_make(&other, &key, &ends, &said, period_ns);
	ck_assert_uint_ne(one, other);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("syn_cookie");
	TCase *cookie = tcase_create("syn_cookie");

	tcase_add_test(cookie, a_cookie_says_again_what_the_client_said);
	tcase_add_test(cookie, sizes_are_rounded_down_to_the_next_that_a_cookie_has);
	tcase_add_test(cookie, a_cookie_is_valid_in_its_period_and_the_next);
	tcase_add_test(cookie, a_cookie_is_for_one_handshake_and_one_secret);
	tcase_add_test(cookie, of_random_numbers_one_in_16_million_is_a_cookie);
	tcase_add_test(cookie, the_offset_of_timestamps_differs_between_connections);
	suite_add_tcase(suite, cookie);
	return suite;
}
