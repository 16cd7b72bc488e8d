/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "healthcheck/echo.h"
#include "suite.h"

static const struct glb_addr src4 = {.version = 4, .bytes = {10, 0, 0, 1}};
static const struct glb_addr dst4 = {.version = 4, .bytes = {10, 0, 0, 2}};
static const struct glb_addr src6 = {.version = 6, .bytes = {0xfd, [15] = 1}};
static const struct glb_addr dst6 = {.version = 6, .bytes = {0xfd, [15] = 2}};

static struct echo_id some_id(void)
{
	uint8_t random[ECHO_RANDOM_LEN];

	for (uint8_t i = 0; i < ECHO_RANDOM_LEN; i++)
		random[i] = (uint8_t)(i * 37);
	return echo_id_of(random);
}

START_TEST(the_payload_is_the_prefix_and_twenty_digits_of_five_bits)
{
	const uint8_t random[ECHO_RANDOM_LEN] = {0, 9, 10, 31, 32, 255};
	struct echo_id id = echo_id_of(random);

	ck_assert_mem_eq(id.text, "glbhc_09av0v00000000000000", ECHO_ID_LEN);
}
END_TEST

/* The checksums were worked out by hand. */
START_TEST(the_request_in_gue_is_the_one_that_the_original_sends)
{
	const uint8_t zeros[ECHO_RANDOM_LEN] = {0};
	struct echo_id id = echo_id_of(zeros);
	uint8_t out[ECHO_DATAGRAM_MAX];

	ck_assert_uint_eq(echo_request(out, ECHO_GUE, &src4, &dst4, &id), 62);
	ck_assert_mem_eq(out, "\x01\x04\x00\x00\x00\x00\x00\x00", 8);
	ck_assert_mem_eq(out + 8,
			 "\x45\x00\x00\x36\x00\x00\x40\x00\xff\x01\x67\xc4"
			 "\x0a\x00\x00\x01\x0a\x00\x00\x02",
			 20);
	ck_assert_mem_eq(out + 28, "\x08\x00\xe8\xe9\x00\x00\x00\x00", 8);
	ck_assert_mem_eq(out + 36, "glbhc_00000000000000000000", 26);
}
END_TEST

START_TEST(the_request_in_gre_has_a_key_of_zero)
{
	struct echo_id id = some_id();
	uint8_t gue[ECHO_DATAGRAM_MAX];
	uint8_t gre[ECHO_DATAGRAM_MAX];

	ck_assert_uint_eq(echo_request(gre, ECHO_GRE, &src4, &dst4, &id), 62);
	ck_assert_uint_eq(echo_request(gue, ECHO_GUE, &src4, &dst4, &id), 62);
	ck_assert_mem_eq(gre, "\x20\x00\x08\x00\x00\x00\x00\x00", 8);
	ck_assert_mem_eq(gre + 8, gue + 8, 54);
	ck_assert_uint_eq(echo_request(gre, ECHO_GRE, &src6, &dst6, &id), 82);
	ck_assert_mem_eq(gre, "\x20\x00\x86\xdd\x00\x00\x00\x00", 8);
}
END_TEST

START_TEST(the_request_of_ipv6_has_the_type_of_ipv6_hops_and_a_sum_over_its_addresses)
{
	struct echo_id id = some_id();
	uint8_t out[ECHO_DATAGRAM_MAX];
	uint64_t pseudo = (uint64_t)GLB_BE16(34) + GLB_BE16(GLB_PROTO_ICMPV6);

	ck_assert_uint_eq(echo_request(out, ECHO_GUE, &src6, &dst6, &id), 82);
	ck_assert_mem_eq(out, "\x01\x29\x00\x00\x00\x01\x00\x00", 8);
	ck_assert_mem_eq(out + 8, "\x60\x00\x00\x00\x00\x22\x3a\xff", 8);
	ck_assert_mem_eq(out + 16, src6.bytes, 16);
	ck_assert_mem_eq(out + 32, dst6.bytes, 16);
	ck_assert_mem_eq(out + 48, "\x80\x00", 2);
	ck_assert_uint_eq(glb_sum_fold(glb_sum(pseudo, out + 16, 32 + 34)), 0xffff);
}
END_TEST

/* The reply of a host to a request, as a raw socket receives it. Returns its length. */
static uint32_t reply_to(uint8_t *out, const uint8_t *request, uint32_t len)
{
	const uint8_t *ip = request + ECHO_HEADER_LEN;
	uint8_t *icmp = out + GLB_IPV4_LEN;

	if (ip[0] >> 4 == 6) {
		len -= ECHO_HEADER_LEN + GLB_IPV6_LEN;
		memcpy(out, ip + GLB_IPV6_LEN, len);
		out[0] = GLB_ICMPV6_ECHO_REPLY; /* its sum is the kernel's business */
		return len;
	}
	len -= ECHO_HEADER_LEN;
	memcpy(out, ip, len);
	icmp[0] = GLB_ICMP_ECHO_REPLY;
	glb_store16(icmp + 2, 0);
	glb_store16(icmp + 2, glb_sum_check(glb_sum(0, icmp, len - GLB_IPV4_LEN)));
	return len;
}

static uint32_t some_reply(uint8_t *out, const struct glb_addr *src, const struct glb_addr *dst)
{
	struct echo_id id = some_id();
	uint8_t request[ECHO_DATAGRAM_MAX];

	return reply_to(out, request, echo_request(request, ECHO_GUE, src, dst, &id));
}

START_TEST(a_reply_brings_back_what_was_sent)
{
	struct echo_id want = some_id();
	struct echo_id got;
	uint8_t reply[ECHO_DATAGRAM_MAX];
	uint32_t len = some_reply(reply, &src4, &dst4);

	ck_assert(echo_reply_read(&got, 4, reply, len));
	ck_assert_mem_eq(got.text, want.text, ECHO_ID_LEN);
	ck_assert(echo_reply_read(&got, 4, reply, len + 6)); /* padding of the link */

	memset(&got, 0, sizeof(got));
	len = some_reply(reply, &src6, &dst6);
	ck_assert(echo_reply_read(&got, 6, reply, len));
	ck_assert_mem_eq(got.text, want.text, ECHO_ID_LEN);
}
END_TEST

START_TEST(ipv4_options_are_skipped)
{
	struct echo_id got;
	uint8_t reply[ECHO_DATAGRAM_MAX];
	uint8_t longer[ECHO_DATAGRAM_MAX + 4] = {0};
	uint32_t len = some_reply(reply, &src4, &dst4);

	memcpy(longer, reply, GLB_IPV4_LEN);
	memset(longer + GLB_IPV4_LEN, 1, 4); /* no operation */
	memcpy(longer + GLB_IPV4_LEN + 4, reply + GLB_IPV4_LEN, len - GLB_IPV4_LEN);
	longer[0] = 4 << 4 | 6;
	glb_store_be16(longer + 2, (uint16_t)(len + 4));
	ck_assert(echo_reply_read(&got, 4, longer, len + 4));
}
END_TEST

START_TEST(what_is_cut_short_is_no_reply)
{
	struct echo_id got;
	uint8_t reply[ECHO_DATAGRAM_MAX];

	for (uint32_t len = some_reply(reply, &src4, &dst4); len-- > 0;)
		ck_assert(!echo_reply_read(&got, 4, reply, len));
	for (uint32_t len = some_reply(reply, &src6, &dst6); len-- > 0;)
		ck_assert(!echo_reply_read(&got, 6, reply, len));
}
END_TEST

/* Of IPv4, whose sum covers all of ICMP; addresses and identification are up to the kernel. */
START_TEST(a_reply_with_one_other_bit_is_none)
{
	struct echo_id got;
	uint8_t reply[ECHO_DATAGRAM_MAX];
	uint32_t len = some_reply(reply, &src4, &dst4);

	for (uint32_t bit = 0; bit < len * 8; bit++) {
		uint32_t at = bit / 8;
		bool counts = at == 0 || at == 2 || at == 3 || at == 9 || at >= GLB_IPV4_LEN;

		reply[at] ^= (uint8_t)(1U << bit % 8);
		ENSURE(echo_reply_read(&got, 4, reply, len) == !counts, "bit %u of byte %u",
		       bit % 8, at);
		reply[at] ^= (uint8_t)(1U << bit % 8);
	}
}
END_TEST

START_TEST(a_request_is_no_reply)
{
	struct echo_id id = some_id();
	struct echo_id got;
	uint8_t request[ECHO_DATAGRAM_MAX];
	uint32_t len = echo_request(request, ECHO_GUE, &src4, &dst4, &id) - ECHO_HEADER_LEN;

	ck_assert(!echo_reply_read(&got, 4, request + ECHO_HEADER_LEN, len));
	len = echo_request(request, ECHO_GUE, &src6, &dst6, &id) - ECHO_HEADER_LEN - GLB_IPV6_LEN;
	ck_assert(!echo_reply_read(&got, 6, request + ECHO_HEADER_LEN + GLB_IPV6_LEN, len));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("echo");
	TCase *tcase = tcase_create("echo");

	tcase_add_test(tcase, the_payload_is_the_prefix_and_twenty_digits_of_five_bits);
	tcase_add_test(tcase, the_request_in_gue_is_the_one_that_the_original_sends);
	tcase_add_test(tcase, the_request_in_gre_has_a_key_of_zero);
	tcase_add_test(tcase,
		       the_request_of_ipv6_has_the_type_of_ipv6_hops_and_a_sum_over_its_addresses);
	tcase_add_test(tcase, a_reply_brings_back_what_was_sent);
	tcase_add_test(tcase, ipv4_options_are_skipped);
	tcase_add_test(tcase, what_is_cut_short_is_no_reply);
	tcase_add_test(tcase, a_reply_with_one_other_bit_is_none);
	tcase_add_test(tcase, a_request_is_no_reply);
	suite_add_tcase(suite, tcase);
	return suite;
}
