/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/addr.h"
#include "suite.h"

START_TEST(an_address_is_read_and_written_in_its_usual_form)
{
	static const struct {
		const char *text;
		const char *written;
		uint8_t version;
		uint8_t first;
		uint8_t last; /* of the version's bytes */
	} cases[] = {
		{"0.0.0.0", "0.0.0.0", 4, 0, 0},
		{"192.0.2.255", "192.0.2.255", 4, 192, 255},
		{"::", "::", 6, 0, 0},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1", 6, 0x20, 1},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1", 6, 0, 1},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_addr addr;
		char text[ADDR_TEXT_LEN];

		memset(&addr, 0xee, sizeof(addr));
		ck_assert_msg(addr_parse(&addr, cases[i].text), "%s", cases[i].text);
		ck_assert_uint_eq(addr.version, cases[i].version);
		ck_assert_uint_eq(addr.bytes[0], cases[i].first);
		ck_assert_uint_eq(addr.bytes[addr.version == 4 ? 3 : 15], cases[i].last);
		if (addr.version == 4)
			ck_assert_mem_eq(addr.bytes + 4, "\0\0\0\0\0\0\0\0\0\0\0", 12);
		ck_assert_str_eq(addr_text(text, &addr), cases[i].written);
	}
}
END_TEST

START_TEST(what_is_not_exactly_an_address_is_refused)
{
	static const char *const cases[] = {
		"",
		" ",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"1.2.3.04",
		"01.2.3.4",
		"0x1.2.3.4",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.4\n",
		"1.2.3.4/32",
		"1.2.3.-4",
		"localhost",
		":",
		":::",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"fe80::1%eth0",
		"[::1]",
		"::1/128",
		"::g",
		"12345::",
		"::1.2.3",
		"1.2.3.4:80",
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_addr addr = {.version = 99};

		ck_assert_msg(!addr_parse(&addr, cases[i]), "taken: %s", cases[i]);
		ck_assert_uint_eq(addr.version, 99);
	}
}
END_TEST

START_TEST(only_the_address_of_a_single_host_is_a_host)
{
	static const char *const hosts[] = {
		"1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255", "::2", "::1:1",
		"1::1",	   "fe80::1",	      "feff::",
	};
	static const char *const others[] = {
		"::ffff:1.2.3.4",
		"0.0.0.0",
		"0.255.255.255",
		"127.0.0.0",
		"127.255.255.255",
		"224.0.0.0",
		"255.255.255.255",
		"::",
		"::1",
		"ff00::",
		"ff02::1",
	};
	struct glb_addr addr;

	for (unsigned int i = 0; i < COUNT_OF(hosts); i++)
		ck_assert_msg(addr_parse(&addr, hosts[i]) && glb_is_host(addr.bytes, addr.version),
			      "%s", hosts[i]);
	for (unsigned int i = 0; i < COUNT_OF(others); i++)
		ck_assert_msg(addr_parse(&addr, others[i]) &&
				      !glb_is_host(addr.bytes, addr.version),
			      "%s", others[i]);
}
END_TEST

START_TEST(a_prefix_length_is_optional_and_bounded_by_the_family)
{
	static const struct {
		const char *text;
		int prefix_len; /* -1: refused */
	} cases[] = {
		{"1.2.3.4", 32},
		{"::1", 128},
		{"1.2.3.4/0", 0},
		{"1.2.3.4/32", 32},
		{"::/0", 0},
		{"::/128", 128},
		{"1.2.3.4/08", 8},
		{"1.2.3.4/33", -1},
		{"::/129", -1},
		{"1.2.3.4/", -1},
		{"1.2.3.4/ 8", -1},
		{"1.2.3.4/8 ", -1},
		{"1.2.3.4/+8", -1},
		{"1.2.3.4/-1", -1},
		{"1.2.3.4/8x", -1},
		{"1.2.3.4/:", -1}, /* what follows 9 */
		{"1.2.3.4/1/", -1},
		{"1.2.3.4//8", -1},
		{"1.2.3.4/8/8", -1},
		{"/8", -1},
		{"", -1},
		{"1.2.3/8", -1},
		{"1.2.3.4/4294967304", -1},
		{"1.2.3.4/99999999999999999999", -1},
		{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128", 128},
		{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555/128", -1},
		{"00000000000000000000000000000000000000000000000000000000000000000001.2.3.4/8",
		 -1},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_addr addr = {.version = 99};
		uint8_t prefix_len = 99;
		bool taken = prefix_parse(&addr, &prefix_len, cases[i].text);

		ck_assert_msg(taken == (cases[i].prefix_len >= 0), "%s", cases[i].text);
		ck_assert_int_eq(prefix_len, taken ? cases[i].prefix_len : 99);
		ck_assert_int_eq(addr.version == 99, !taken);
	}
}
END_TEST

START_TEST(a_mac_address_has_two_spellings)
{
	static const uint8_t want[] = {0x02, 0xab, 0xcd, 0xef, 0x00, 0x99};
	static const char *const good[] = {"02:ab:cd:ef:00:99", "02:AB:cD:Ef:00:99",
					   "02ab:cdef:0099"};
	static const char *const bad[] = {
		"",
		"02:ab:cd:ef:00",
		"02:ab:cd:ef:00:99:",
		"02:ab:cd:ef:00:99 ",
		"2:ab:cd:ef:00:99",
		"02-ab-cd-ef-00-99",
		"02ab.cdef.0099",
		"02abcdef0099",
		"02ab:cdef:00",
		"02ab:cdef0:099",
		"02:ab:cd:ef:00:9",
		"02:ab:cd:ef:00:9g",
		":02:ab:cd:ef:00:99",
		"02ab:cd:ef:00:99",
	};
	uint8_t mac[GLB_MAC_LEN];

	for (unsigned int i = 0; i < COUNT_OF(good); i++) {
		memset(mac, 0, sizeof(mac));
		ck_assert_msg(mac_parse(mac, good[i]), "refused: %s", good[i]);
		ck_assert_mem_eq(mac, want, sizeof(mac));
	}
	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		ck_assert_msg(!mac_parse(mac, bad[i]), "taken: %s", bad[i]);
		ck_assert_mem_eq(mac, want, sizeof(mac));
	}
}
END_TEST

START_TEST(a_key_is_32_hexadecimal_digits_and_nothing_else)
{
	static const char *const bad[] = {
		"",
		"00112233445566778899aabbccddeef",
		"00112233445566778899aabbccddeefff",
		"00112233445566778899aabbccddeefg",
		"0x112233445566778899aabbccddeeff",
		" 0112233445566778899aabbccddeeff",
		"00112233445566778899aabbccddee f",
		"-0112233445566778899aabbccddeeff",
		"00:112233445566778899aabbccddeeff",
	};
	uint8_t key[GLB_SIPHASH_KEY_LEN] = {0};

	ck_assert(key_parse(key, "00112233445566778899aAbBcCdDeEfF"));
	ck_assert_mem_eq(key, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff",
			 16);
	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		ck_assert_msg(!key_parse(key, bad[i]), "taken: %s", bad[i]);
		ck_assert_uint_eq(key[15], 0xff);
	}
}
END_TEST

START_TEST(a_bind_is_written_without_what_goes_without_saying)
{
	static const struct {
		const char *prefix;
		uint8_t proto;
		uint16_t first;
		uint16_t last;
		const char *written;
	} cases[] = {
		{"192.0.2.10", GLB_PROTO_TCP, 80, 80, "192.0.2.10 tcp 80"},
		{"198.51.100.64/26", GLB_PROTO_UDP, 100, 200, "198.51.100.64/26 udp 100-200"},
		{"2001:db8::1", GLB_PROTO_TCP, 0, 65535, "2001:db8::1 tcp 0-65535"},
		{"2001:db8::/32", GLB_PROTO_TCP, 443, 443, "2001:db8::/32 tcp 443"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_bind bind = {
			.proto = cases[i].proto,
			.port_first = cases[i].first,
			.port_last = cases[i].last,
		};
		char text[BIND_TEXT_LEN];

		ck_assert(prefix_parse(&bind.addr, &bind.prefix_len, cases[i].prefix));
		ck_assert_str_eq(bind_text(text, &bind), cases[i].written);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("addr");
	TCase *addr = tcase_create("addr");

	tcase_add_test(addr, an_address_is_read_and_written_in_its_usual_form);
	tcase_add_test(addr, what_is_not_exactly_an_address_is_refused);
	tcase_add_test(addr, only_the_address_of_a_single_host_is_a_host);
	tcase_add_test(addr, a_prefix_length_is_optional_and_bounded_by_the_family);
	tcase_add_test(addr, a_mac_address_has_two_spellings);
	tcase_add_test(addr, a_key_is_32_hexadecimal_digits_and_nothing_else);
	tcase_add_test(addr, a_bind_is_written_without_what_goes_without_saying);
	suite_add_tcase(suite, addr);
	return suite;
}
