/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "redirect/tunnel.h"
#include "suite.h"

enum { PAYLOAD_LEN = 24, HOPS = 2 };

/* A frame from a director, and where its parts are. */
struct outer {
	uint8_t bytes[256];
	uint32_t len;
	uint32_t udp; /* offsets */
	uint32_t gue;
	uint32_t client;
	uint8_t version;
};

static struct outer frame_from_director(uint8_t version, enum glb_proto proto)
{
	const bool v4 = version == 4;
	const uint32_t hop_len = v4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
	struct outer outer = {.version = version, .udp = v4 ? 34 : 54};
	uint8_t *ip = outer.bytes + 14;
	uint8_t *udp = outer.bytes + outer.udp;

	outer.gue = outer.udp + 8;
	outer.client = outer.gue + 8 + HOPS * hop_len;
	outer.len = outer.client + PAYLOAD_LEN;
	ip[0] = v4 ? 0x45 : 0x60;
	ip[1] = v4 ? ECN_CE : ECN_CE << 4;
	glb_store_be16(ip + (v4 ? 2 : 4), (uint16_t)(outer.len - (v4 ? 14 : 54)));
	glb_store_be16(udp + 2, GLB_GUE_PORT);
	glb_store_be16(udp + 4, (uint16_t)(outer.len - outer.udp));
	glb_store_be16(udp + 6, 0xbeef);
	glb_gue_encode(outer.bytes + outer.gue, proto, HOPS, hop_len);
	outer.bytes[outer.gue + GLB_GUE_NEXT_HOP_AT] = 1;
	memset(outer.bytes + outer.client, 0xc1, PAYLOAD_LEN);
	return outer;
}

/* In a buffer of exactly that many bytes. */
static bool reads(const struct outer *outer, uint32_t len, struct tunnel *tunnel)
{
	uint8_t *exact = frame_exact(outer->bytes, len);
	struct glb_cursor cur = glb_cursor(exact, len);
	bool read = outer->version == 4 ? read_tunnel(tunnel, &cur, len, 4)
					: read_tunnel(tunnel, &cur, len, 6);

	if (read)
		ck_assert_ptr_eq(cur.at, exact + outer->client);
	free(exact);
	return read;
}

START_TEST(the_outer_headers_of_a_director_are_read)
{
	const uint8_t version = _i ? 6 : 4;

	for (unsigned int six = 0; six < 2; six++) {
		struct outer outer =
			frame_from_director(version, six ? GLB_PROTO_IPV6 : GLB_PROTO_IPIP);
		struct tunnel tunnel;

		ck_assert(reads(&outer, outer.len, &tunnel));
		ck_assert_uint_eq(tunnel.udp_check, GLB_BE16(0xbeef));
		ck_assert_uint_eq(tunnel.payload_len, PAYLOAD_LEN);
		ck_assert_uint_eq(tunnel.len, outer.client - GLB_ETHER_LEN);
		ck_assert_uint_eq(tunnel.ecn, ECN_CE);
		ck_assert_uint_eq(tunnel.next_hop, 1);
		ck_assert_uint_eq(tunnel.hop_count, HOPS);
		ck_assert_uint_eq(tunnel.client_version, six ? 6 : 4);
	}
}
END_TEST

START_TEST(a_frame_cut_at_any_length_is_refused)
{
	struct outer outer = frame_from_director(_i ? 6 : 4, GLB_PROTO_IPIP);
	struct tunnel tunnel;

	for (uint32_t len = 0; len < outer.len; len++)
		ck_assert_msg(!reads(&outer, len, &tunnel), "read at %u bytes", len);
}
END_TEST

START_TEST(what_is_behind_the_packet_or_the_datagram_does_not_count)
{
	struct outer outer = frame_from_director(_i ? 6 : 4, GLB_PROTO_IPIP);
	struct tunnel tunnel;

	ck_assert(reads(&outer, outer.len + 18, &tunnel)); /* padding of the frame */
	ck_assert_uint_eq(tunnel.payload_len, PAYLOAD_LEN);
	glb_store_be16(outer.bytes + outer.udp + 4, (uint16_t)(outer.len - outer.udp - 4));
	ck_assert(reads(&outer, outer.len, &tunnel)); /* bytes behind the datagram */
	ck_assert_uint_eq(tunnel.payload_len, PAYLOAD_LEN - 4);
	glb_store_be16(outer.bytes + outer.udp + 4, (uint16_t)(outer.client - outer.udp));
	ck_assert(reads(&outer, outer.len, &tunnel)); /* no client's packet at all */
	ck_assert_uint_eq(tunnel.payload_len, 0);
}
END_TEST

START_TEST(lengths_that_contradict_each_other_are_refused)
{
	const struct outer good = frame_from_director(_i ? 6 : 4, GLB_PROTO_IPIP);
	const uint32_t ip_len_at = good.version == 4 ? 16 : 18;
	const uint16_t ip_len = glb_load_be16(good.bytes + ip_len_at);
	const uint32_t udp_len_at = good.udp + 4;
	const uint16_t udp_len = glb_load_be16(good.bytes + udp_len_at);
	const struct {
		const char *what;
		uint32_t at;
		uint16_t len;
	} cases[] = {
		{"IP packet longer than the frame", ip_len_at, (uint16_t)(ip_len + 1)},
		{"IP packet of 65,535 bytes", ip_len_at, UINT16_MAX},
		{"IP packet of no bytes", ip_len_at, 0},
		{"IP packet shorter than its datagram", ip_len_at, (uint16_t)(ip_len - 1)},
		{"datagram longer than its packet", udp_len_at, (uint16_t)(udp_len + 1)},
		{"datagram of 65,535 bytes", udp_len_at, UINT16_MAX},
		{"datagram that ends in the GUE header", udp_len_at,
		 (uint16_t)(good.client - good.udp - 1)},
		{"datagram shorter than its header", udp_len_at, 7},
		{"datagram of no bytes", udp_len_at, 0},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct outer outer = good;
		struct tunnel tunnel;

		glb_store_be16(outer.bytes + cases[i].at, cases[i].len);
		ck_assert_msg(!reads(&outer, outer.len, &tunnel), "read: %s", cases[i].what);
	}
}
END_TEST

START_TEST(a_datagram_that_is_not_gue_is_refused)
{
	struct outer outer = frame_from_director(_i ? 6 : 4, GLB_PROTO_IPIP);
	struct tunnel tunnel;

	outer.bytes[outer.gue] ^= 0x40; /* variant 1 */
	ck_assert(!reads(&outer, outer.len, &tunnel));
}
END_TEST

START_TEST(the_client_is_looked_at_where_its_packet_begins)
{
	uint8_t packet[GLB_IPV4_LEN] = {0x60, 0x2a, [6] = GLB_PROTO_TCP};

	for (uint32_t len = 0; len <= sizeof(packet); len++) {
		uint8_t *exact = frame_exact(packet, len);
		struct tunnel tunnel = {0};

		ck_assert(peek_at_client(&tunnel, glb_cursor(exact, len)) ==
			  (len == sizeof(packet)));
		if (len == sizeof(packet)) {
			ck_assert_uint_eq(tunnel.client_second, 0x2a);
			ck_assert_uint_eq(tunnel.client_next, GLB_PROTO_TCP);
		}
		free(exact);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("tunnel");
	TCase *tunnel = tcase_create("tunnel"); /* each over IPv4 and IPv6 */

	tcase_add_loop_test(tunnel, the_outer_headers_of_a_director_are_read, 0, 2);
	tcase_add_loop_test(tunnel, a_frame_cut_at_any_length_is_refused, 0, 2);
	tcase_add_loop_test(tunnel, what_is_behind_the_packet_or_the_datagram_does_not_count, 0, 2);
	tcase_add_loop_test(tunnel, lengths_that_contradict_each_other_are_refused, 0, 2);
	tcase_add_loop_test(tunnel, a_datagram_that_is_not_gue_is_refused, 0, 2);
	tcase_add_test(tunnel, the_client_is_looked_at_where_its_packet_begins);
	suite_add_tcase(suite, tunnel);
	return suite;
}
