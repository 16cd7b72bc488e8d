/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/quic.h>

#include "frame.h"
#include "suite.h"

enum { NONE = -1, BYTES_MAX = 64 };

/*
 * The server ID in a UDP datagram with that payload, or NONE. `behind` bytes follow in the IP
 * packet, and the UDP length is off by `lie`.
 */
static int server_in(const uint8_t *payload, size_t len, uint32_t behind, int lie)
{
	uint8_t packet[BYTES_MAX] = {0x30, 0x39, 0x01, 0xbb};
	uint32_t packet_len = GLB_UDP_LEN + (uint32_t)len + behind;
	uint16_t server_id = 0x5555;

	memset(packet + GLB_UDP_LEN, 0x11, sizeof(packet) - GLB_UDP_LEN);
	memcpy(packet + GLB_UDP_LEN, payload, len);
	glb_store_be16(packet + 4, (uint16_t)(GLB_UDP_LEN + (int)len + lie));

	uint8_t *exact = frame_exact(packet, packet_len);
	struct glb_cursor cur = glb_cursor(exact, packet_len);
	bool found = glb_quic_server_id(&server_id, &cur);

	free(exact);
	ck_assert(found || server_id == 0x5555);
	return found ? server_id : NONE;
}

#define SERVER_IN(text) server_in((const uint8_t *)(text), sizeof(text) - 1, 0, 0)

START_TEST(a_short_header_names_the_server_behind_its_first_byte)
{
	ck_assert_int_eq(SERVER_IN("\x40\x00\x12\x34"), 0x1234);
	ck_assert_int_eq(SERVER_IN("\x40\x00\x12\x34\x99\x99\x99"), 0x1234);
	ck_assert_int_eq(SERVER_IN("\x00\x00\x00\x00"), 0); /* RFC 9287: the fixed bit may be 0 */
	ck_assert_int_eq(SERVER_IN("\x7f\x00\xff\xff"), 0xffff);
}
END_TEST

START_TEST(configuration_7_names_no_server_and_the_length_bits_do_not_matter)
{
	for (unsigned int first = 0; first < 256; first++) {
		uint8_t brief[] = {0x40, (uint8_t)first, 0xab, 0xcd};
		uint8_t longer[] = {0xe0, 0, 0, 0, 1, 3, (uint8_t)first, 0xab, 0xcd};
		int want = first >= 0xe0 ? NONE : 0xabcd;

		ck_assert_int_eq(server_in(brief, sizeof(brief), 0, 0), want);
		ck_assert_int_eq(server_in(longer, sizeof(longer), 0, 0), want);
	}
}
END_TEST

START_TEST(of_long_headers_only_a_handshake_of_a_known_version_names_a_server)
{
	static const struct {
		uint32_t version;
		unsigned int handshake; /* type, 4: none */
	} versions[] = {
		{1, 2},		 {0x6b3343cf, 3}, {0, 4},	   {2, 4},	    {0x6b3343ce, 4},
		{0xff00001d, 4}, {0x01000000, 4}, {0x0a0a0a0a, 4}, {0xcf43336b, 4},
	};

	for (unsigned int i = 0; i < COUNT_OF(versions); i++)
		for (unsigned int low = 0; low < 128; low++) {
			uint8_t payload[] = {0x80 | (uint8_t)low, 0, 0, 0, 0, 8, 1, 2, 3, 4, 5};
			int want = (low >> 4 & 3) == versions[i].handshake ? 0x0203 : NONE;

			glb_store_be32(payload + 1, versions[i].version);
			ck_assert_int_eq(server_in(payload, sizeof(payload), 0, 0), want);
		}
}
END_TEST

START_TEST(a_connection_id_shorter_than_its_server_id_names_none)
{
	for (unsigned int len = 0; len < 256; len++) {
		uint8_t payload[] = {0xe0, 0, 0, 0, 1, (uint8_t)len, 1, 2, 3, 4, 5};

		ck_assert_int_eq(server_in(payload, sizeof(payload), 0, 0),
				 len < 3 ? NONE : 0x0203);
	}
}
END_TEST

START_TEST(a_packet_that_ends_before_its_server_id_names_none)
{
	static const uint8_t brief[] = {0x40, 0, 0xab, 0xcd};
	static const uint8_t longer[] = {0xe0, 0, 0, 0, 1, 3, 0, 0xab, 0xcd};

	for (unsigned int behind = 0; behind < 12; behind += 11) {
		for (size_t len = 0; len < sizeof(brief); len++)
			ck_assert_int_eq(server_in(brief, len, behind, 0), NONE);
		for (size_t len = 0; len < sizeof(longer); len++)
			ck_assert_int_eq(server_in(longer, len, behind, 0), NONE);
		ck_assert_int_eq(server_in(brief, sizeof(brief), behind, 0), 0xabcd);
		ck_assert_int_eq(server_in(longer, sizeof(longer), behind, 0), 0xabcd);
	}
}
END_TEST

START_TEST(a_udp_length_that_cannot_be_means_that_nothing_is_named)
{
	static const uint8_t brief[] = {0x40, 0, 0xab, 0xcd};

	for (int lie = -12; lie < 9; lie++)
		ck_assert_int_eq(server_in(brief, sizeof(brief), 4, lie),
				 lie >= 0 && lie <= 4 ? 0xabcd : NONE);
}
END_TEST

START_TEST(a_udp_header_that_is_cut_names_no_server)
{
	static const uint8_t header[GLB_UDP_LEN] = {0, 1, 0, 2, 0, GLB_UDP_LEN};

	for (uint32_t len = 0; len <= GLB_UDP_LEN; len++) {
		uint8_t *exact = frame_exact(header, len);
		struct glb_cursor cur = glb_cursor(exact, len);
		uint16_t server_id;

		ck_assert(!glb_quic_server_id(&server_id, &cur));
		free(exact);
	}
}
END_TEST

/* May a UDP datagram with that payload, whose UDP length is off by `lie`, open a connection? */
static bool opens(const uint8_t *payload, size_t len, int lie)
{
	uint8_t packet[BYTES_MAX] = {0x30, 0x39, 0x01, 0xbb};

	memcpy(packet + GLB_UDP_LEN, payload, len);
	glb_store_be16(packet + 4, (uint16_t)(GLB_UDP_LEN + (int)len + lie));

	uint8_t *exact = frame_exact(packet, GLB_UDP_LEN + (uint32_t)len);
	struct glb_cursor cur = glb_cursor(exact, GLB_UDP_LEN + len);
	bool may = glb_quic_may_open(&cur);

	free(exact);
	return may;
}

START_TEST(a_long_header_opens_a_connection_unless_it_names_a_server)
{
	static const uint32_t versions[] = {0, 1, 2, 0x6b3343cf, 0xff00001d, 0x0a0a0a0a};

	for (unsigned int i = 0; i < COUNT_OF(versions); i++)
		for (unsigned int first = 0; first < 256; first++) {
			uint8_t payload[] = {(uint8_t)first, 0, 0, 0, 0, 8, 1, 2, 3, 4, 5};

			glb_store_be32(payload + 1, versions[i]);
			ck_assert_int_eq(opens(payload, sizeof(payload), 0),
					 first >= 0x80 &&
						 server_in(payload, sizeof(payload), 0, 0) == NONE);
		}
}
END_TEST

START_TEST(a_packet_that_ends_before_its_version_opens_nothing)
{
	static const uint8_t initial[] = {0xc0, 0, 0, 0, 1, 8};

	for (size_t len = 0; len <= sizeof(initial); len++)
		for (int lie = -8; lie < 4; lie++)
			ck_assert_int_eq(opens(initial, len, lie), len >= 5 && (int)len + lie >= 5);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("quic");
	TCase *quic = tcase_create("quic");

	tcase_add_test(quic, a_short_header_names_the_server_behind_its_first_byte);
	tcase_add_test(quic, configuration_7_names_no_server_and_the_length_bits_do_not_matter);
	tcase_add_test(quic, of_long_headers_only_a_handshake_of_a_known_version_names_a_server);
	tcase_add_test(quic, a_connection_id_shorter_than_its_server_id_names_none);
	tcase_add_test(quic, a_packet_that_ends_before_its_server_id_names_none);
	tcase_add_test(quic, a_udp_length_that_cannot_be_means_that_nothing_is_named);
	tcase_add_test(quic, a_udp_header_that_is_cut_names_no_server);
	tcase_add_test(quic, a_long_header_opens_a_connection_unless_it_names_a_server);
	tcase_add_test(quic, a_packet_that_ends_before_its_version_opens_nothing);
	suite_add_tcase(suite, quic);
	return suite;
}
