/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "director/rss.h"
#include "frame.h"
#include "suite.h"

#define FLOW4                                                                                      \
	.version = 4, .proto = 6, .src = "198.51.100.7", .dst = "192.0.2.10", .src_port = 40000,   \
	.dst_port = 443
#define FLOW6                                                                                      \
	.version = 6, .proto = 17, .src = "2001:db8:1::7", .dst = "2001:db8::10",                  \
	.src_port = 40000, .dst_port = 443
#define REPLY4                                                                                     \
	.version = 4, .proto = 6, .src = "192.0.2.10", .dst = "198.51.100.7", .src_port = 443,     \
	.dst_port = 40000
#define REPLY6                                                                                     \
	.version = 6, .proto = 17, .src = "2001:db8::10", .dst = "2001:db8:1::7", .src_port = 443, \
	.dst_port = 40000

static const struct sample reply4 = {REPLY4};
static const struct sample reply6 = {REPLY6};
static const struct sample plain[2] = {{FLOW4}, {FLOW6}};

/* What else belongs to those two flows. */
static const struct sample others[] = {
	{FLOW4, .payload_len = 1000, .tcp_flags = 0x10, .tos = 3, .ttl = 1},
	{FLOW4, .option_words = 3},
	{FLOW4, .vlan_count = 1},
	{FLOW4, .vlan_count = 2, .option_words = 1},
	{FLOW4, .fragment = 0x2000, .payload_len = 8},
	{FLOW4, .fragment = 0x4000},
	{.version = 4,
	 .proto = 1,
	 .src = "203.0.113.1",
	 .dst = "192.0.2.10",
	 .type = 3,
	 .code = 4,
	 .quote = &reply4,
	 .quote_len = 28},
	{FLOW6, .payload_len = 1000},
	{FLOW6, .vlan_count = 1},
	{FLOW6, .vlan_count = 2},
	{FLOW6, .exts = "h"},
	{FLOW6, .exts = "f", .payload_len = 8},
	{FLOW6, .exts = "a"},
	{.version = 6,
	 .proto = 58,
	 .src = "2001:db8:2::1",
	 .dst = "2001:db8::10",
	 .type = 2,
	 .quote = &reply6},
};

static uint32_t hash_of(const struct sample *sample)
{
	static uint8_t frame[FRAME_LEN_MAX];

	return rss_hash(frame, frame_write(frame, sample));
}

START_TEST(all_packets_of_a_flow_have_one_hash)
{
	uint32_t want = hash_of(&plain[others[_i].version == 6 || others[_i].proto == 58]);

	ck_assert_uint_ne(want, 0);
	ck_assert_uint_eq(hash_of(&others[_i]), want);
}
END_TEST

START_TEST(later_fragments_have_one_hash_for_their_addresses)
{
	struct sample sample = {FLOW4, .fragment = 0x2010, .payload_len = 16};
	uint32_t want = hash_of(&sample);

	sample.fragment = 0x0020;
	sample.payload_len = 3;
	ck_assert_uint_eq(hash_of(&sample), want);
	sample.src = "198.51.100.8";
	ck_assert_uint_ne(hash_of(&sample), want);
}
END_TEST

START_TEST(what_is_in_a_flow_changes_the_hash)
{
	struct sample sample = plain[_i];
	uint32_t want = hash_of(&sample);

	sample.src_port++;
	ck_assert_uint_ne(hash_of(&sample), want);
	sample = plain[_i];
	sample.dst_port++;
	ck_assert_uint_ne(hash_of(&sample), want);
	sample = plain[_i];
	sample.src = _i ? "2001:db8:1::8" : "198.51.100.8";
	ck_assert_uint_ne(hash_of(&sample), want);
	sample = plain[_i];
	sample.dst = _i ? "2001:db8::11" : "192.0.2.11";
	ck_assert_uint_ne(hash_of(&sample), want);
}
END_TEST

START_TEST(no_byte_behind_a_frame_is_read)
{
	for (unsigned int i = 0; i < COUNT_OF(others); i++) {
		uint8_t frame[FRAME_LEN_MAX];
		uint32_t len = frame_write(frame, &others[i]);

		for (uint32_t cut = 0; cut < len && cut < 200; cut++) {
			uint8_t *exact = frame_exact(frame, cut);

			(void)rss_hash(exact, cut);
			free(exact);
		}
	}
}
END_TEST

START_TEST(what_is_no_flow_has_no_hash)
{
	static const uint8_t arp[60] = {[12] = 8, 6, 0, 1, 8, 0};

	ck_assert_uint_eq(rss_hash(arp, sizeof(arp)), 0);
	ck_assert_uint_eq(rss_hash(arp, 10), 0);
}
END_TEST

static const struct {
	unsigned int queues, count, owner, other;
} shares[] = {
	{1, 2, 0, 1024},  {1, 4, 0, 341},  {2, 4, 0, 512},   {2, 3, 171, 683},
	{3, 4, 171, 512}, {4, 6, 85, 341}, {7, 8, 110, 256},
};

START_TEST(owners_of_queues_get_fewer_flows)
{
	unsigned int counts[RSS_WORKERS_MAX] = {0};
	struct rss rss;

	memset(&rss, 0xff, sizeof(rss));
	rss_assign(&rss, shares[_i].queues, shares[_i].count);
	for (unsigned int slot = 0; slot < RSS_SLOTS; slot++)
		counts[rss.workers[slot]]++;
	for (unsigned int i = 0; i < shares[_i].count; i++) {
		unsigned int want = i < shares[_i].queues ? shares[_i].owner : shares[_i].other;

		ck_assert_int_le(abs((int)counts[i] - (int)want), 1);
	}
}
END_TEST

/* How flows differ where many come from one place: number n. */
static struct sample flow_of(unsigned int pattern, unsigned int n, char src[64])
{
	struct sample sample = plain[pattern % 2];

	if (pattern < 2)
		sample.src_port = (uint16_t)(32768 + n);
	else if (pattern < 4)
		sample.src_port = (uint16_t)(32768 + 2 * n);
	else if (sample.version == 4)
		(void)snprintf(src, 64, "10.%u.%u.1", n >> 8, n & 255);
	else
		(void)snprintf(src, 64, "2001:db8:%x::1", n);
	if (pattern >= 4)
		sample.src = src;
	return sample;
}

START_TEST(flows_are_spread_evenly)
{
	enum { FLOWS = 4096, WORKERS = 5 };

	unsigned int counts[WORKERS] = {0};
	struct rss rss;

	rss_assign(&rss, 1, WORKERS);
	for (unsigned int n = 0; n < FLOWS; n++) {
		char src[64];
		struct sample sample = flow_of((unsigned int)_i, n, src);

		counts[rss_worker(&rss, hash_of(&sample))]++;
	}
	ck_assert_uint_eq(counts[0], 0);
	for (unsigned int i = 1; i < WORKERS; i++) {
		ck_assert_uint_gt(counts[i], FLOWS / 4 * 9 / 10);
		ck_assert_uint_lt(counts[i], FLOWS / 4 * 11 / 10);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("rss");
	TCase *tcase = tcase_create("rss");

	tcase_add_loop_test(tcase, all_packets_of_a_flow_have_one_hash, 0, COUNT_OF(others));
	tcase_add_test(tcase, later_fragments_have_one_hash_for_their_addresses);
	tcase_add_loop_test(tcase, what_is_in_a_flow_changes_the_hash, 0, 2);
	tcase_add_test(tcase, no_byte_behind_a_frame_is_read);
	tcase_add_test(tcase, what_is_no_flow_has_no_hash);
	tcase_add_loop_test(tcase, owners_of_queues_get_fewer_flows, 0, COUNT_OF(shares));
	tcase_add_loop_test(tcase, flows_are_spread_evenly, 0, 6);
	suite_add_tcase(suite, tcase);
	return suite;
}
