/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/hash.h>
#include <glb/table.h>

#include "frame.h"
#include "suite.h"

enum {
	SRC = GLB_HASH_SRC_ADDR,
	DST = GLB_HASH_DST_ADDR,
	SPORT = GLB_HASH_SRC_PORT,
	DPORT = GLB_HASH_DST_PORT
};

static struct glb_flow flow_of(const char *src, const char *dst, uint16_t src_port,
			       uint16_t dst_port)
{
	struct glb_flow flow = {
		.src_port = src_port,
		.dst_port = dst_port,
		.version = strchr(src, ':') ? 6 : 4,
		.kind = GLB_FLOW_PORTS,
	};

	frame_addr(flow.src, src);
	frame_addr(flow.dst, dst);
	return flow;
}

/* By set of fields; tests/oracle/vectors/flow_hashes.json, written by an independent model. */
static const uint64_t hashes4[16] = {
	[SRC] = 0x844db9f8806f36dd,
	[DST] = 0x2b00f11ff94dddd8,
	[SPORT] = 0xd165de1cce1d2bcb,
	[DPORT] = 0x26b927d557292fce,
	[SRC | DST] = 0xb2a3c5568a9dd609,
	[SRC | SPORT] = 0x497627c443ef48ce,
	[SRC | DPORT] = 0x1803f3858ee2c697,
	[DST | SPORT] = 0x1a0ee587f5c7638a,
	[DST | DPORT] = 0x0ec95605f0185ac6,
	[SPORT | DPORT] = 0xc8fb6bd88d8e7868,
	[SRC | DST | SPORT] = 0xc73dd62fa481c7f8,
	[SRC | DST | DPORT] = 0x28d273e9f18d841f,
	[SRC | SPORT | DPORT] = 0x8c0e0f5874bc8c2a,
	[DST | SPORT | DPORT] = 0xe5756612386c9c8e,
	[SRC | DST | SPORT | DPORT] = 0x1d59310c85360b97,
};
static const uint64_t hashes6[16] = {
	[SRC] = 0xbbafdd0af8e19fec,
	[DST] = 0x89ef338ab8e2786a,
	[SPORT] = 0xd165de1cce1d2bcb,
	[DPORT] = 0x26b927d557292fce,
	[SRC | DST] = 0x94384277e3a6d753,
	[SRC | SPORT] = 0x05a47d1ec504305d,
	[SRC | DPORT] = 0xb856f5567d58e999,
	[DST | SPORT] = 0xb7aab0e6f32a2ce3,
	[DST | DPORT] = 0x6a43051bcc25e6f5,
	[SPORT | DPORT] = 0xc8fb6bd88d8e7868,
	[SRC | DST | SPORT] = 0xf4512d893222ab93,
	[SRC | DST | DPORT] = 0xf47f85f6e90f40fe,
	[SRC | SPORT | DPORT] = 0xf4ad2f923fc67d06,
	[DST | SPORT | DPORT] = 0x52de995356aac259,
	[SRC | DST | SPORT | DPORT] = 0xf2141ff733eec30e,
};

START_TEST(every_choice_of_fields_gives_the_hash_of_the_model)
{
	static const uint8_t key[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct glb_flow flow4 = flow_of("198.51.100.77", "192.0.2.10", 40001, 443);
	struct glb_flow flow6 = flow_of("2001:db8:99::77", "2001:db8:10::10", 40001, 443);

	for (uint8_t fields = 1; fields <= GLB_HASH_FIELDS_ALL; fields++) {
		ck_assert_uint_eq(glb_flow_hash(key, fields, &flow4), hashes4[fields]);
		ck_assert_uint_eq(glb_flow_hash(key, fields, &flow6), hashes6[fields]);
	}
}
END_TEST

START_TEST(hashes_are_those_of_other_directors)
{
	static const uint8_t key[] = {0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56,
				      0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56};
	static const struct {
		const char *src;
		const char *dst;
		uint8_t fields;
		uint64_t hash;
	} cases[] = {
		{"10.11.12.13", "1.1.1.1", SRC, 0x008972f1657a5cbd},
		{"127.1.0.1", "1.1.1.1", SRC, 0x920d666b67911c9a},
		{"127.199.255.255", "1.1.1.1", SRC, 0x605677c71b0f36f6},
		{"fd91:79d3:d621::1234", "::1", SRC, 0xc662b55857f2198d},
		{"10.11.12.13", "1.1.1.1", SRC | DST | SPORT | DPORT, 0x4c6ec708a6a73bf0},
		{"10.11.12.13", "1.1.1.1", SRC | SPORT, 0x16dde057551629ea},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_flow flow = flow_of(cases[i].src, cases[i].dst, 45678, 80);

		ck_assert_uint_eq(glb_flow_hash(key, cases[i].fields, &flow), cases[i].hash);
	}
}
END_TEST

START_TEST(fields_that_are_not_chosen_do_not_matter)
{
	static const uint8_t key[GLB_SIPHASH_KEY_LEN] = {1};
	struct glb_flow flow = flow_of("10.0.0.1", "192.0.2.1", 40000, 80);
	struct glb_flow other = flow_of("10.0.0.1", "192.0.2.2", 40001, 81);

	other.entropy = 5;
	other.proto = 17;
	other.tcp_flags = 2;
	ck_assert_uint_eq(glb_flow_hash(key, SRC, &flow), glb_flow_hash(key, SRC, &other));
}
END_TEST

START_TEST(a_row_is_the_low_16_bits_of_a_hash)
{
	ck_assert_uint_eq(glb_row_index(0x123456789abcdef0), 0xdef0);
	ck_assert_uint_eq(glb_row_index(0x008972f1657a5cbd), 23741);
}
END_TEST

START_TEST(the_outer_source_port_is_15_bits_of_hash_and_entropy_under_a_set_bit)
{
	struct glb_flow flow = {.entropy = 45678};

	ck_assert_uint_eq(glb_outer_src_port(0x008972f1657a5cbd, &flow),
			  0x8000 | ((0x5cbd ^ 45678) & 0x7fff));
	flow.entropy = 0;
	ck_assert_uint_eq(glb_outer_src_port(0, &flow), 0x8000);
	flow.entropy = 0xffff;
	ck_assert_uint_eq(glb_outer_src_port(0, &flow), 0xffff);
	ck_assert_uint_eq(glb_outer_src_port(0xffff, &flow), 0x8000);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("hash");
	TCase *hash = tcase_create("hash");

	tcase_add_test(hash, every_choice_of_fields_gives_the_hash_of_the_model);
	tcase_add_test(hash, hashes_are_those_of_other_directors);
	tcase_add_test(hash, fields_that_are_not_chosen_do_not_matter);
	tcase_add_test(hash, a_row_is_the_low_16_bits_of_a_hash);
	tcase_add_test(hash, the_outer_source_port_is_15_bits_of_hash_and_entropy_under_a_set_bit);
	suite_add_tcase(suite, hash);
	return suite;
}
