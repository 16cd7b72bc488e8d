/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/encap.h>

#include "frame.h"
#include "plain.h"
#include "suite.h"

enum { ROOM = GLB_OUTER_LEN_MAX + 32, INNER_MAX = 2000 };

static const uint8_t src4[] = {65, 65, 65, 65};
static const uint8_t src6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x41, [15] = 0x41};

/* Hop i of a family; hop 0 is the primary. */
static const uint8_t *hop(uint8_t version, unsigned int i)
{
	static const uint8_t hops4[][4] = {{1, 2, 3, 4}, {2, 3, 4, 5}, {3, 4, 5, 6}, {4, 5, 6, 7},
					   {5, 6, 7, 8}, {6, 7, 8, 9}, {7, 8, 9, 0}, {8, 9, 0, 1}};
	static const uint8_t hops6[][16] = {{0xfd, [15] = 1}, {0xfd, [15] = 2}, {0xfd, [15] = 3},
					    {0xfd, [15] = 4}, {0xfd, [15] = 5}, {0xfd, [15] = 6},
					    {0xfd, [15] = 7}, {0xfd, [15] = 8}};

	return version == 4 ? hops4[i] : hops6[i];
}

/* A packet to encapsulate, and how. */
struct job {
	uint8_t buffer[ROOM + INNER_MAX];
	struct glb_outer outer;
	struct glb_outer hops[GLB_WIRE_HOPS_MAX - 1];
	struct glb_encap encap;
};

static uint8_t *inner_of(struct job *job)
{
	return job->buffer + ROOM;
}

static void prepare(struct job *job, uint8_t outer_version, uint8_t hop_count, const uint8_t *inner,
		    uint16_t inner_len)
{
	memset(job->buffer, 0x55, ROOM);
	memcpy(inner_of(job), inner, inner_len);
	glb_outer_init(&job->outer, outer_version, outer_version == 4 ? src4 : src6,
		       hop(outer_version, 0));
	job->encap = (struct glb_encap){
		.flow_label = 0xabcde,
		.inner_len = inner_len,
		.src_port = 0x9234,
		.inner_version = inner[0] >> 4,
		.outer_version = outer_version,
		.tos = 0xb9,
		.hop_count = hop_count,
	};
	for (unsigned int i = 0; i < hop_count; i++) {
		glb_outer_init(&job->hops[i], outer_version, outer_version == 4 ? src4 : src6,
			       hop(outer_version, i + 1));
		job->encap.hops[i] = &job->hops[i];
	}
}

static uint32_t wanted_len(const struct glb_encap *encap)
{
	return encap->outer_version == 4 ? 36 + 4U * encap->hop_count : 56 + 16U * encap->hop_count;
}

/* --- The outer headers, written from the description of the wire --- */

static uint8_t *write_ip(uint8_t *out, const struct glb_encap *encap)
{
	uint32_t len = wanted_len(encap) + encap->inner_len;

	if (encap->outer_version == 6) {
		(void)put16(
			put16(out, 6U << 12 | (uint32_t)encap->tos << 4 | encap->flow_label >> 16),
			encap->flow_label & 0xffff);
		(void)put16(out + 4, len - 40);
		memcpy(out + 6, "\x11\x40", 2);
		memcpy(out + 8, src6, 16);
		memcpy(out + 24, hop(6, 0), 16);
		return out + 40;
	}
	memcpy(out, "\x45\0\0\0\0\0\x40\0\x40\x11\0\0", 12);
	out[1] = encap->tos;
	(void)put16(out + 2, len);
	memcpy(out + 12, src4, 4);
	memcpy(out + 16, hop(4, 0), 4);
	(void)put16(out + 10, ~plain_sum(0, out, 20) & 0xffffU);
	return out + 20;
}

/* All outer headers with the UDP checksum 0; returns their length. */
static uint32_t write_outer(uint8_t *out, const struct glb_encap *encap)
{
	uint8_t *udp = write_ip(out, encap);
	uint32_t hop_len = encap->outer_version == 4 ? 4 : 16;
	uint8_t *gue = udp + 8;

	(void)put16(put16(udp, encap->src_port), 19523);
	(void)put16(put16(udp + 4, 16 + hop_len * encap->hop_count + encap->inner_len), 0);
	memset(gue, 0, 8);
	gue[0] = (uint8_t)(1 + hop_len / 4 * encap->hop_count);
	gue[1] = encap->inner_version == 4 ? 4 : 41;
	gue[5] = encap->outer_version == 6;
	gue[7] = encap->hop_count;
	for (unsigned int i = 0; i < encap->hop_count; i++)
		memcpy(gue + 8 + (size_t)hop_len * i, hop(encap->outer_version, i + 1), hop_len);
	return (uint32_t)(gue + 8 - out) + hop_len * encap->hop_count;
}

/* The sum over the outer pseudo header and all of UDP as it was written. */
static uint16_t outer_sum(const uint8_t *ip, const struct glb_encap *encap)
{
	bool v4 = encap->outer_version == 4;
	uint32_t udp_at = v4 ? 20 : 40;

	return plain_segment_sum(ip + (v4 ? 12 : 8), v4 ? 4 : 16, 17, ip + udp_at,
				 wanted_len(encap) + encap->inner_len - udp_at);
}

static uint8_t *checksum_in(uint8_t *ip, const struct glb_encap *encap)
{
	return ip + (encap->outer_version == 4 ? 20 : 40) + 6;
}

/* --- */

/* A client's packet of some length without a valid checksum of any kind. */
static void fill(uint8_t *inner, uint8_t version, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		inner[i] = (uint8_t)(0x83 * i + 7);
	inner[0] = (uint8_t)(version << 4 | 5);
}

static void check_bytes(uint8_t outer_version, uint8_t inner_version, uint8_t hop_count)
{
	static struct job job;
	uint8_t inner[100];
	uint8_t want[GLB_OUTER_LEN_MAX + 100];

	fill(inner, inner_version, sizeof(inner));
	prepare(&job, outer_version, hop_count, inner, 99);
	job.encap.inner_sum = glb_sum(0, inner, 99);

	uint32_t len = write_outer(want, &job.encap);
	uint8_t *ip = glb_encap(inner_of(&job), &job.outer, &job.encap);

	ck_assert_uint_eq(len, wanted_len(&job.encap));
	ck_assert_uint_eq(glb_outer_len(outer_version, hop_count), len);
	ck_assert_ptr_eq(ip, inner_of(&job) - len);
	ck_assert_uint_eq(outer_sum(ip, &job.encap), 0xffff);
	memset(checksum_in(ip, &job.encap), 0, 2);
	ck_assert_mem_eq(ip, want, len);
	ck_assert_mem_eq(inner_of(&job), inner, 99);
	for (uint8_t *at = job.buffer; at < ip; at++)
		ck_assert_uint_eq(*at, 0x55);
}

START_TEST(the_outer_headers_are_those_of_the_description_byte_for_byte)
{
	for (uint8_t version = 4; version <= 6; version += 2)
		for (uint8_t hops = 0; hops < GLB_WIRE_HOPS_MAX; hops++) {
			check_bytes(4, version, hops);
			if (hops <= 4) /* more would need more than GLB_OUTER_LEN_MAX */
				check_bytes(6, version, hops);
		}
}
END_TEST

START_TEST(every_tos_and_flow_label_has_its_place)
{
	static struct job job;
	uint8_t inner[40];
	uint8_t want[GLB_OUTER_LEN_MAX];

	fill(inner, 4, sizeof(inner));
	for (unsigned int i = 0; i < 512; i++) {
		prepare(&job, i % 2 ? 6 : 4, 1, inner, 40);
		job.encap.tos = (uint8_t)(i / 2);
		job.encap.flow_label = i * 0x12345 & 0xfffff;
		job.encap.udp_checksum = GLB_UDP_ZERO;

		uint32_t len = write_outer(want, &job.encap);

		ck_assert_mem_eq(glb_encap(inner_of(&job), &job.outer, &job.encap), want, len);
	}
}
END_TEST

START_TEST(every_checksum_mode_writes_what_it_says)
{
	uint8_t inner[80];
	static struct job job;

	fill(inner, 6, sizeof(inner));
	for (uint8_t version = 4; version <= 6; version += 2) {
		bool v4 = version == 4;
		uint8_t *ip;

		prepare(&job, version, 2, inner, 79);
		job.encap.udp_checksum = GLB_UDP_ZERO;
		ip = glb_encap(inner_of(&job), &job.outer, &job.encap);
		ck_assert_uint_eq(get16(checksum_in(ip, &job.encap)), 0);

		job.encap.udp_checksum = GLB_UDP_OFFLOAD;
		ip = glb_encap(inner_of(&job), &job.outer, &job.encap);
		ck_assert_uint_eq(
			get16(checksum_in(ip, &job.encap)),
			plain_segment_sum(ip + (v4 ? 12 : 8), v4 ? 4 : 16,
					  17 + wanted_len(&job.encap) - (v4 ? 20 : 40) + 79, NULL,
					  0));
	}
}
END_TEST

START_TEST(a_checksum_that_comes_out_zero_is_sent_as_all_ones)
{
	static struct job job;
	uint8_t inner[40];

	for (uint8_t version = 4; version <= 6; version += 2) {
		uint8_t *ip;
		uint8_t steer[2];

		fill(inner, 4, sizeof(inner));
		memset(inner + 38, 0, 2);
		prepare(&job, version, 1, inner, 40);
		job.encap.inner_sum = glb_sum(0, inner, 40);
		ip = glb_encap(inner_of(&job), &job.outer, &job.encap);
		memcpy(steer, checksum_in(ip, &job.encap), 2);

		memcpy(inner + 38, steer, 2); /* now the sum is all ones */
		prepare(&job, version, 1, inner, 40);
		job.encap.inner_sum = glb_sum(0, inner, 40);
		ip = glb_encap(inner_of(&job), &job.outer, &job.encap);
		ck_assert_uint_eq(get16(checksum_in(ip, &job.encap)), 0xffff);
	}
}
END_TEST

START_TEST(the_largest_packets_have_right_lengths_and_checksums)
{
	static uint8_t buffer[65535 + 1];
	static const uint8_t versions[] = {4, 6};

	for (unsigned int i = 0; i < 2; i++) {
		static struct job job;
		uint8_t small[20] = {0x45};

		prepare(&job, versions[i], 1, small, 20);

		uint32_t outer_len = wanted_len(&job.encap);
		uint8_t *inner = buffer + outer_len;

		job.encap.inner_len = (uint16_t)(65535 - outer_len);
		memset(inner, 0xff, job.encap.inner_len);
		inner[0] = 0x4f;
		job.encap.inner_sum = glb_sum(0, inner, job.encap.inner_len);

		uint8_t *ip = glb_encap(inner, &job.outer, &job.encap);

		ck_assert_ptr_eq(ip, buffer);
		ck_assert_uint_eq(outer_sum(ip, &job.encap), 0xffff);
		ck_assert_uint_eq(get16(ip + (i ? 4 : 2)), i ? 65535 - 40 : 65535);
	}
}
END_TEST

/* --- INNER and FULL --- */

#define FROM4 .version = 4, .src = "198.51.100.7", .dst = "192.0.2.10"
#define FROM6 .version = 6, .src = "2001:db8:99::7", .dst = "2001:db8:10::10"

static const struct sample quoted4 = {
	.version = 4, .proto = 6, .src = "192.0.2.10", .dst = "198.51.100.7", .src_port = 80};
static const struct sample quoted6 = {.version = 6,
				      .proto = 6,
				      .src = "2001:db8:10::10",
				      .dst = "2001:db8:99::7",
				      .src_port = 80};

/* Valid packets of every kind. Their checksum is trusted, or they are summed: told apart below. */
static const struct {
	const char *what;
	struct sample sample;
	bool trusted;
} valid[] = {
	{"TCP", {FROM4, .proto = 6}, true},
	{"TCP with options",
	 {FROM4, .proto = 6, .tcp_options = "\1\1\1\1", .tcp_option_words = 1},
	 true},
	{"UDP", {FROM4, .proto = 17}, true},
	{"UDP without a checksum", {FROM4, .proto = 17, .unchecked = true}, false},
	{"an echo request", {FROM4, .proto = 1, .type = 8}, true},
	{"an error", {FROM4, .proto = 1, .type = 3, .code = 4, .quote = &quoted4}, true},
	{"an error with a bad quote", {FROM4, .proto = 1, .type = 3, .code = 4}, true},
	{"an echo reply", {FROM4, .proto = 1, .type = 0}, false},
	{"TCP behind options", {FROM4, .proto = 6, .option_words = 3}, false},
	{"a first fragment", {FROM4, .proto = 6, .fragment = 0x2000}, false},
	{"a later fragment", {FROM4, .proto = 17, .fragment = 0x0007}, false},
	{"SCTP", {FROM4, .proto = 132}, false},
	{"TCP over IPv6", {FROM6, .proto = 6}, true},
	{"UDP over IPv6", {FROM6, .proto = 17}, true},
	{"UDP over IPv6 without a checksum", {FROM6, .proto = 17, .unchecked = true}, false},
	{"an echo request over IPv6", {FROM6, .proto = 58, .type = 128}, true},
	{"an error over IPv6", {FROM6, .proto = 58, .type = 2, .quote = &quoted6}, true},
	{"TCP behind extension headers", {FROM6, .proto = 6, .exts = "hDr"}, false},
	{"UDP in an atomic fragment", {FROM6, .proto = 17, .exts = "a"}, false},
	{"an echo request behind one", {FROM6, .proto = 58, .type = 128, .exts = "d"}, false},
	{"a segment left", {FROM6, .proto = 6, .exts = "R"}, false},
	{"a first fragment of IPv6", {FROM6, .proto = 17, .exts = "df"}, false},
	{"a later fragment of IPv6", {FROM6, .proto = 17, .exts = "l"}, false},
	{"ESP", {FROM6, .proto = 50}, false},
};

static uint8_t frame[FRAME_LEN_MAX];

/* The sums of both modes for one packet at `ip`, as bytes of a checksum. */
static void compare_modes(const struct glb_flow *flow, uint8_t *ip, const char *what)
{
	static struct job job;

	for (uint8_t version = 4; version <= 6; version += 2) {
		uint8_t check[2];
		uint8_t *out;

		prepare(&job, version, 3, ip, flow->ip_len);
		job.encap.udp_checksum = GLB_UDP_FULL;
		job.encap.inner_sum = glb_sum(0, ip, flow->ip_len);
		out = glb_encap(inner_of(&job), &job.outer, &job.encap);
		memcpy(check, checksum_in(out, &job.encap), 2);
		ENSURE(outer_sum(out, &job.encap) == 0xffff, "%s: full sum is wrong", what);

		job.encap.udp_checksum = GLB_UDP_INNER;
		job.encap.inner_sum = glb_inner_sum(ip, flow);
		out = glb_encap(inner_of(&job), &job.outer, &job.encap);
		ENSURE(!memcmp(check, checksum_in(out, &job.encap), 2),
		       "%s, %u bytes: modes differ", what, flow->ip_len);
	}
}

START_TEST(of_a_valid_packet_both_ways_to_sum_write_the_same_bits)
{
	uint64_t random = 1 + (uint64_t)_i;

	for (unsigned int round = 0; round < 500; round++) {
		struct sample sample = valid[_i].sample;
		struct glb_flow flow;

		sample.src_port = (uint16_t)(next_random(&random) >> 48);
		sample.dst_port = (uint16_t)(next_random(&random) >> 48);
		sample.entropy = (uint16_t)(next_random(&random) >> 48);
		sample.tos = (uint8_t)(next_random(&random) >> 56);
		sample.payload_len = (uint16_t)(round < 50 ? round : next_random(&random) >> 54);

		uint32_t len = frame_write(frame, &sample);

		ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_FORWARD);
		compare_modes(&flow, frame + flow.ip_at, valid[_i].what);
		ENSURE(glb_inner_is_covered(frame + flow.ip_at, &flow) == valid[_i].trusted,
		       "%s: %s", valid[_i].what, valid[_i].trusted ? "summed" : "trusted");
	}
}
END_TEST

START_TEST(checksums_of_zero_and_all_ones_make_no_difference)
{
	/* payloads steered so that the inner checksum is written as 0 or, of UDP, as ffff */
	static const struct sample samples[] = {
		{FROM4, .proto = 6, .payload_len = 2},
		{FROM4, .proto = 17, .payload_len = 2},
		{FROM4, .proto = 1, .type = 8, .payload_len = 2},
		{FROM6, .proto = 6, .payload_len = 2},
		{FROM6, .proto = 17, .payload_len = 2},
		{FROM6, .proto = 58, .type = 128, .payload_len = 2},
	};

	for (unsigned int i = 0; i < COUNT_OF(samples); i++) {
		uint8_t proto = samples[i].proto;
		uint32_t len = frame_write(frame, &samples[i]);
		uint32_t at = 14 + (samples[i].version == 4 ? 20U : 40U) +
			      (proto == 6    ? 16U
			       : proto == 17 ? 6U
					     : 2U);
		struct glb_flow flow;
		uint32_t sum = get16(frame + len - 2) + get16(frame + at);

		(void)put16(frame + len - 2, (sum & 0xffff) + (sum >> 16));
		(void)put16(frame + at, proto == 17 ? 0xffff : 0);
		ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_FORWARD);
		compare_modes(&flow, frame + flow.ip_at, "steered");
	}
}
END_TEST

START_TEST(udp_whose_length_is_not_that_of_its_packet_is_summed_whole)
{
	struct sample sample = {FROM4, .proto = 17, .payload_len = 9};
	uint32_t len = frame_write(frame, &sample);

	for (uint8_t udp_len = 0; udp_len < 40; udp_len++) {
		struct glb_flow flow;

		frame[14 + 20 + 5] = udp_len;
		ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_FORWARD);
		ck_assert_int_eq(glb_inner_is_covered(frame + 14, &flow), udp_len == 17);
		if (udp_len != 17)
			compare_modes(&flow, frame + 14, "another UDP length");
	}
}
END_TEST

START_TEST(where_the_client_s_checksum_is_wrong_so_is_the_trusting_one)
{
	for (unsigned int i = 0; i < COUNT_OF(valid); i++) {
		static struct job job;
		uint32_t len = frame_write(frame, &valid[i].sample);
		struct glb_flow flow;
		uint8_t *out;

		if (!valid[i].trusted)
			continue;
		ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_FORWARD);
		frame[len - 1] ^= 0x10;
		prepare(&job, 4, 1, frame + flow.ip_at, flow.ip_len);
		job.encap.udp_checksum = GLB_UDP_INNER;
		job.encap.inner_sum = glb_inner_sum(frame + flow.ip_at, &flow);
		out = glb_encap(inner_of(&job), &job.outer, &job.encap);
		ck_assert_msg(outer_sum(out, &job.encap) != 0xffff, "%s", valid[i].what);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("encap");
	TCase *encap = tcase_create("encap");

	tcase_add_test(encap, the_outer_headers_are_those_of_the_description_byte_for_byte);
	tcase_add_test(encap, every_tos_and_flow_label_has_its_place);
	tcase_add_test(encap, every_checksum_mode_writes_what_it_says);
	tcase_add_test(encap, a_checksum_that_comes_out_zero_is_sent_as_all_ones);
	tcase_add_test(encap, the_largest_packets_have_right_lengths_and_checksums);
	tcase_add_loop_test(encap, of_a_valid_packet_both_ways_to_sum_write_the_same_bits, 0,
			    COUNT_OF(valid));
	tcase_add_test(encap, checksums_of_zero_and_all_ones_make_no_difference);
	tcase_add_test(encap, udp_whose_length_is_not_that_of_its_packet_is_summed_whole);
	tcase_add_test(encap, where_the_client_s_checksum_is_wrong_so_is_the_trusting_one);
	suite_add_tcase(suite, encap);
	return suite;
}
