/* SPDX-License-Identifier: BSD-3-Clause */
#include "redirect/ecn.h"
#include "suite.h"

/* RFC 6040, figure 4, with what 4.2 says of its corners: by outer and inner field. */
START_TEST(the_field_behind_a_tunnel_is_that_of_rfc_6040)
{
	static const enum ecn behind[4][4] = {
		[ECN_NOT_ECT] = {[ECN_NOT_ECT] = ECN_NOT_ECT,
				 [ECN_ECT_0] = ECN_ECT_0,
				 [ECN_ECT_1] = ECN_ECT_1,
				 [ECN_CE] = ECN_CE},
		[ECN_ECT_0] = {[ECN_NOT_ECT] = ECN_NOT_ECT,
			       [ECN_ECT_0] = ECN_ECT_0,
			       [ECN_ECT_1] = ECN_ECT_1,
			       [ECN_CE] = ECN_CE},
		[ECN_ECT_1] = {[ECN_NOT_ECT] = ECN_NOT_ECT,
			       [ECN_ECT_0] = ECN_ECT_1,
			       [ECN_ECT_1] = ECN_ECT_1,
			       [ECN_CE] = ECN_CE},
		[ECN_CE] = {[ECN_NOT_ECT] = ECN_DROP,
			    [ECN_ECT_0] = ECN_CE,
			    [ECN_ECT_1] = ECN_CE,
			    [ECN_CE] = ECN_CE},
	};

	for (unsigned int outer = 0; outer < 4; outer++)
		for (unsigned int inner = 0; inner < 4; inner++)
			ck_assert_msg(ecn_behind_tunnel(outer, inner) == behind[outer][inner],
				      "outer %u, inner %u", outer, inner);
}
END_TEST

/* IPv4 has it in the low bits of its second byte, IPv6 across the middle of it. */
START_TEST(every_second_byte_keeps_what_is_not_ecn)
{
	for (unsigned int byte = 0; byte <= UINT8_MAX; byte++) {
		ck_assert_uint_eq(ecn_of((uint8_t)byte, 4), byte & 3);
		ck_assert_uint_eq(ecn_of((uint8_t)byte, 6), byte >> 4 & 3);
		for (unsigned int ecn = 0; ecn < 4; ecn++) {
			uint8_t v4 = ecn_replace((uint8_t)byte, 4, ecn);
			uint8_t v6 = ecn_replace((uint8_t)byte, 6, ecn);

			ck_assert_uint_eq(v4, (byte & 0xfc) + ecn);
			ck_assert_uint_eq(v6, (byte & 0xcf) + 16 * ecn);
		}
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ecn");
	TCase *ecn = tcase_create("ecn");

	tcase_add_test(ecn, the_field_behind_a_tunnel_is_that_of_rfc_6040);
	tcase_add_test(ecn, every_second_byte_keeps_what_is_not_ecn);
	suite_add_tcase(suite, ecn);
	return suite;
}
