/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/net.h>

#include "suite.h"

/* RFC 1071 by the letter: 16-bit big-endian words, carries added as they come. */
static uint16_t plain_check(const uint8_t *bytes, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static uint16_t check_of(const uint8_t *bytes, uint32_t len)
{
	uint8_t field[2];

	glb_store16(field, glb_sum_check(glb_sum(0, bytes, len)));
	return glb_load_be16(field);
}

START_TEST(the_example_of_rfc_1071_sums_to_ddf2)
{
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	ck_assert_uint_eq(check_of(example, sizeof(example)), (uint16_t)~0xddf2);
}
END_TEST

START_TEST(a_checksum_of_any_length_at_any_address_is_that_of_the_rfc)
{
	uint64_t random = 1;
	uint8_t bytes[80];

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)next_random(&random);
	for (uint32_t at = 0; at < 8; at++)
		for (uint32_t len = 0; at + len <= sizeof(bytes); len++)
			ck_assert_uint_eq(check_of(bytes + at, len), plain_check(bytes + at, len));
}
END_TEST

START_TEST(carries_are_never_lost)
{
	static uint8_t ones[65535];

	memset(ones, 0xff, sizeof(ones));
	ck_assert_uint_eq(check_of(ones, 65534), 0);
	ck_assert_uint_eq(check_of(ones, 65535), plain_check(ones, 65535));
	ck_assert_uint_eq(glb_sum_fold(UINT64_MAX), 0xffff);
	ck_assert_uint_eq(glb_sum_fold(0x00000001ffffffff), 1);
	ck_assert_uint_eq(glb_sum_fold(0xffffffff00000001), 1);
}
END_TEST

START_TEST(a_sum_may_be_made_in_pieces_of_even_length)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

	for (uint32_t cut = 0; cut <= sizeof(bytes); cut += 2) {
		uint64_t sum =
			glb_sum(glb_sum(0, bytes, cut), bytes + cut, (uint32_t)sizeof(bytes) - cut);

		ck_assert_uint_eq(glb_sum_check(sum), glb_sum_check(glb_sum(0, bytes, 9)));
	}
}
END_TEST

START_TEST(an_odd_byte_counts_as_the_first_of_a_pair)
{
	static const uint8_t odd[] = {0x12, 0x34, 0x56};

	ck_assert_uint_eq(check_of(odd, 3), (uint16_t) ~(0x1234 + 0x5600));
}
END_TEST

/* Equal as one's complement numbers: 0x0000 and 0xffff are both zero. */
static uint16_t canonical(uint16_t check)
{
	return check == 0xffff ? 0 : check;
}

START_TEST(an_update_gives_what_summing_again_would_give)
{
	uint64_t random = 2;
	uint8_t bytes[24];

	for (unsigned int round = 0; round < 100000; round++) {
		for (unsigned int i = 0; i < sizeof(bytes); i++)
			bytes[i] = round % 3 ? (uint8_t)next_random(&random) : round % 2 ? 0xff : 0;

		uint16_t before = glb_sum_check(glb_sum(0, bytes, sizeof(bytes)));
		uint32_t at = 4 * (uint32_t)(next_random(&random) % 6);
		uint32_t from = glb_load32(bytes + at);
		uint32_t to = round % 5 ? (uint32_t)next_random(&random) : from;

		glb_store32(bytes + at, to);

		uint16_t updated = canonical(glb_check_update(before, from, to));
		uint16_t again = canonical(glb_sum_check(glb_sum(0, bytes, sizeof(bytes))));

		if (updated != again)
			ck_abort_msg("round %u: %04x, expected %04x", round, updated, again);
	}
}
END_TEST

START_TEST(the_example_of_rfc_1624_does_not_become_minus_zero)
{
	/* Section 4: checksum dd2f, a word changes from 5555 to 3285; the answer is 0000, not ffff.
	 */
	uint8_t field[2];
	uint8_t from[4] = {0x55, 0x55};
	uint8_t to[4] = {0x32, 0x85};

	glb_store_be16(field, 0xdd2f);
	glb_store16(field, glb_check_update(glb_load16(field), glb_load32(from), glb_load32(to)));
	ck_assert_uint_eq(glb_load_be16(field), 0x0000);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("net");
	TCase *checksum = tcase_create("checksum");

	tcase_add_test(checksum, the_example_of_rfc_1071_sums_to_ddf2);
	tcase_add_test(checksum, a_checksum_of_any_length_at_any_address_is_that_of_the_rfc);
	tcase_add_test(checksum, carries_are_never_lost);
	tcase_add_test(checksum, a_sum_may_be_made_in_pieces_of_even_length);
	tcase_add_test(checksum, an_odd_byte_counts_as_the_first_of_a_pair);
	tcase_add_test(checksum, an_update_gives_what_summing_again_would_give);
	tcase_add_test(checksum, the_example_of_rfc_1624_does_not_become_minus_zero);
	suite_add_tcase(suite, checksum);
	return suite;
}
