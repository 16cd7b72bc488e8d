/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about forward.h, and about encap.h, which it is the user of. */
#include <stdlib.h>
#include <string.h>

#include <glb/forward.h>
#include <glb/hash.h>

#include "fault.h"
#include "fixture.h"
#include "frame.h"
#include "suite.h"

enum { HEADROOM = 48, MANY = 100 };

static const struct sample from_vip = {.version = 4,
				       .proto = 6,
				       .src = "1.1.1.1",
				       .dst = "10.11.12.13",
				       .src_port = 80,
				       .dst_port = 45678};
static const struct sample from_other = {.version = 4,
					 .proto = 6,
					 .src = "1.1.1.2",
					 .dst = "10.11.12.13",
					 .src_port = 80,
					 .dst_port = 45678};
static const struct sample from_vip6 = {.version = 6,
					.proto = 6,
					.src = "fdb4:98ce:52d4::42",
					.dst = "fd91:79d3:d621::1234",
					.src_port = 80,
					.dst_port = 45678};

/* A frame of every fate, through the fixture's generation. */
static const struct {
	struct sample frame;
	enum glb_verdict want;
	uint32_t cut; /* bytes missing at the end */
} fates[] = {
	{.frame = {.version = 4,
		   .proto = 6,
		   .src = "10.11.12.13",
		   .dst = "1.1.1.1",
		   .src_port = 45678,
		   .dst_port = 80},
	 .want = GLB_FORWARD},
	{.frame = {.version = 4,
		   .proto = 6,
		   .src = "10.11.12.13",
		   .dst = "1.1.1.1",
		   .src_port = 45678,
		   .dst_port = 443,
		   .option_words = 3,
		   .payload_len = 7,
		   .padding_len = 9,
		   .vlan_count = 2},
	 .want = GLB_FORWARD},
	{.frame = {.version = 6,
		   .proto = 6,
		   .src = "fd91:79d3:d621::1234",
		   .dst = "fdb4:98ce:52d4::42",
		   .src_port = 45678,
		   .dst_port = 80,
		   .payload_len = 1,
		   .vlan_count = 1},
	 .want = GLB_FORWARD},
	{.frame = {.version = 4,
		   .proto = 17,
		   .src = "192.168.1.1",
		   .dst = "10.200.0.1",
		   .src_port = 1,
		   .dst_port = 1500,
		   .payload_len = 100},
	 .want = GLB_FORWARD},
	{.frame = {.version = 4,
		   .proto = 1,
		   .src = "10.11.99.99",
		   .dst = "1.1.1.1",
		   .type = 3,
		   .code = 4,
		   .quote = &from_vip},
	 .want = GLB_FORWARD},
	{.frame = {.version = 6,
		   .proto = 58,
		   .src = "fd91:79d3:d621::6666",
		   .dst = "fdb4:98ce:52d4::42",
		   .type = 2,
		   .quote = &from_vip6},
	 .want = GLB_FORWARD},
	{.frame = {.version = 4,
		   .proto = 1,
		   .src = "10.11.12.13",
		   .dst = "1.1.1.1",
		   .type = 8,
		   .entropy = 99},
	 .want = GLB_FORWARD},
	{.frame = {.version = 6,
		   .proto = 58,
		   .src = "fd91:79d3:d621::1234",
		   .dst = "fdb4:98ce:52d4::42",
		   .type = 128},
	 .want = GLB_FORWARD},
	{.frame =
		 {.version = 4, .proto = 6, .src = "10.11.12.13", .dst = "1.1.1.1", .dst_port = 81},
	 .want = GLB_PUNT_NO_BIND},
	{.frame = {.version = 4,
		   .proto = 17,
		   .src = "10.11.12.13",
		   .dst = "1.1.1.1",
		   .dst_port = 80},
	 .want = GLB_PUNT_NO_BIND},
	{.frame = {.version = 4,
		   .proto = 1,
		   .src = "10.11.99.99",
		   .dst = "1.1.1.1",
		   .type = 3,
		   .code = 4,
		   .quote = &from_other},
	 .want = GLB_PUNT_NO_BIND},
	{.frame = {.version = 4, .proto = 1, .src = "10.11.12.13", .dst = "1.1.1.1", .type = 13},
	 .want = GLB_PUNT_NO_BIND},
	{.frame = {.version = 4, .proto = 1, .src = "10.11.12.13", .dst = "1.1.1.9", .type = 8},
	 .want = GLB_PUNT_NO_BIND},
	{.frame = {.version = 4, .proto = 6, .src = "10.11.12.13", .dst = "1.1.1.9", .fragment = 5},
	 .want = GLB_PUNT_NO_BIND},
	{.frame = {.version = 4,
		   .proto = 6,
		   .src = "10.11.12.13",
		   .dst = "1.1.1.1",
		   .vlan_count = 3},
	 .want = GLB_PUNT_NOT_IP},
	{.frame = {.version = 4, .proto = 6, .src = "10.11.12.13", .dst = "1.1.1.1", .fragment = 5},
	 .want = GLB_DROP_FRAGMENT},
	{.frame =
		 {.version = 4, .proto = 6, .src = "10.11.12.13", .dst = "1.1.1.1", .dst_port = 80},
	 .want = GLB_DROP_TRUNCATED,
	 .cut = 1},
	{.frame = {.version = 4,
		   .proto = 6,
		   .src = "10.11.12.13",
		   .dst = "1.1.1.1",
		   .dst_port = 80,
		   .payload_len = 65535 - 40 - 40 + 1},
	 .want = GLB_DROP_TOO_BIG},
};

static uint8_t frame[FRAME_LEN_MAX];

/* A packet in a buffer of exactly its size and its headroom. */
struct held {
	uint8_t *buffer;
	uint8_t *original;
	uint32_t original_len;
};

static struct glb_packet hold(struct held *held, const struct sample *sample, uint32_t cut,
			      uint16_t headroom)
{
	uint32_t len = frame_write(frame, sample) - cut;

	*held = (struct held){malloc(headroom + len + 1), frame_exact(frame, len), len};
	memset(held->buffer, 0x55, headroom + len + 1);
	memcpy(held->buffer + headroom, frame, len);
	return (struct glb_packet){.data = held->buffer + headroom,
				   .len = len,
				   .headroom = headroom,
				   .verdict = 99,
				   .backend = UINT32_MAX};
}

static void release(struct held *held)
{
	free(held->buffer);
	free(held->original);
}

static bool untouched(const struct held *held, const struct glb_packet *pkt, uint16_t headroom)
{
	for (uint32_t i = 0; i < headroom; i++)
		if (held->buffer[i] != 0x55)
			return false;
	return pkt->data == held->buffer + headroom && pkt->len == held->original_len &&
	       pkt->headroom == headroom && !memcmp(pkt->data, held->original, pkt->len);
}

/* Counted through all tables; NULL: there are not so many. */
static const struct glb_backend *backend_of(const struct glb_generation *gen, uint32_t index)
{
	for (unsigned int t = 0; t < gen->tables.count; t++) {
		const struct glb_table_spec *spec = &gen->tables.tables[t]->spec;

		if (index < spec->backend_count)
			return &spec->backends[index];
		index -= spec->backend_count;
	}
	return NULL;
}

static void check_fate(const struct glb_generation *gen, unsigned int i)
{
	struct held held;
	struct glb_packet pkt = hold(&held, &fates[i].frame, fates[i].cut, HEADROOM);
	uint32_t outer_len = gen->routes[0].outer_len;

	pkt.port = 1;
	glb_forward(gen, &pkt, 1);
	ck_assert_msg(pkt.verdict == fates[i].want, "fate %u: %s", i,
		      glb_verdict_label(pkt.verdict));
	if (pkt.verdict != GLB_FORWARD) {
		ck_assert_msg(untouched(&held, &pkt, HEADROOM), "fate %u: something changed", i);
		release(&held);
		return;
	}

	const char *fault = spec_sent_fault(&(struct spec_case){
		gen, pkt.data, pkt.len, held.original, held.original_len, pkt.port});

	ck_assert_msg(!fault, "fate %u: %s", i, fault);

	const struct glb_backend *backend = backend_of(gen, pkt.backend);

	ck_assert_ptr_nonnull(backend);
	ck_assert_mem_eq(pkt.data + frame_ip_at(&fates[i].frame) + 16, backend->addr.bytes, 4);
	ck_assert_ptr_eq(pkt.data, held.buffer + HEADROOM - outer_len);
	ck_assert_uint_eq(pkt.headroom, HEADROOM - outer_len);
	ck_assert_uint_eq(pkt.port, 1);
	for (uint32_t at = 0; at < HEADROOM - outer_len; at++)
		ck_assert_uint_eq(held.buffer[at], 0x55);
	ck_assert_uint_eq(held.buffer[HEADROOM + held.original_len], 0x55);
	release(&held);
}

static struct glb_generation *gen;
static struct glb_generation *gen_alt; /* with alternative hash fields */

/* Once for all tests: each of them runs in a copy of the process. */
static void make_generations(void)
{
	struct glb_settings settings = fixture_settings;

	gen = fixture_generation(&settings);
	settings.hash_fields = GLB_HASH_SRC_ADDR | GLB_HASH_SRC_PORT;
	settings.alt_hash_fields = GLB_HASH_SRC_ADDR;
	gen_alt = fixture_generation(&settings);
}

static void free_generations(void)
{
	glb_generation_free(gen);
	glb_generation_free(gen_alt);
}

START_TEST(every_fate_is_met_and_only_a_forwarded_packet_changes)
{
	check_fate(gen, (unsigned int)_i);
}
END_TEST

START_TEST(with_three_hops_the_same_holds)
{
	/* 8 bytes more of outer headers, so the largest packet is that much smaller. */
	if (fates[_i].want != GLB_DROP_TOO_BIG)
		check_fate(gen_alt, (unsigned int)_i);
}
END_TEST

/* The bytes of a forwarded sample, from its outer IP header on. */
static uint32_t forward_one(uint8_t *out, const struct glb_generation *by,
			    const struct sample *sample)
{
	struct held held;
	struct glb_packet pkt = hold(&held, sample, 0, HEADROOM);

	glb_forward(by, &pkt, 1);
	ck_assert_int_eq(pkt.verdict, GLB_FORWARD);
	memcpy(out, pkt.data + frame_ip_at(sample), pkt.len - frame_ip_at(sample));
	release(&held);
	return pkt.len - frame_ip_at(sample);
}

START_TEST(a_known_packet_becomes_its_known_bytes)
{
	static const uint8_t known[] = {
		0x45, 0, 0, 80, 0, 0,	 0x40, 0,    64,   17, 0xb0, 0x11, 65, 65, 65,
		65,   3, 4, 5,	6, 0xee, 0xd3, 0x4c, 0x43, 0,  60,   0,	   0, /* ports 61139 and
										 19523 */
		2,    4, 0, 0,	0, 0,	 0,    1,    2,	   3,  4,    5,
	};
	uint8_t sent[256];

	ck_assert_uint_eq(forward_one(sent, gen, &fates[0].frame), 80);
	memset(sent + 26, 0, 2); /* the UDP checksum is spec_sent_fault()'s to judge */
	ck_assert_mem_eq(sent, known, sizeof(known));
}
END_TEST

START_TEST(an_error_and_an_echo_follow_the_flow_of_their_client)
{
	uint8_t flow[256];
	uint8_t error[256];
	uint8_t echo[256];

	(void)forward_one(flow, gen, &fates[0].frame);
	(void)forward_one(error, gen, &fates[4].frame);
	(void)forward_one(echo, gen, &fates[6].frame);
	ck_assert_mem_eq(error + 12, flow + 12, 8 + 4); /* addresses and ports */
	ck_assert_mem_eq(error + 28, flow + 28, 12);	/* GUE with its hop */
	ck_assert_mem_eq(echo + 12, flow + 12, 8);
	ck_assert_mem_eq(echo + 28, flow + 28, 12);
	(void)forward_one(flow, gen, &fates[2].frame);
	(void)forward_one(error, gen, &fates[5].frame);
	ck_assert_mem_eq(error + 12, flow + 12, 8 + 4);
	ck_assert_mem_eq(flow + 16, "\5\6\7\x8", 4);
	ck_assert_mem_eq(flow + 36, "\6\7\x8\x9", 4);
}
END_TEST

START_TEST(changing_hash_fields_appends_the_hops_of_the_old_ones)
{
	static const struct {
		uint16_t src_port;
		uint8_t hops[16];
	} cases[] = {
		{45678, {1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, 2, 3, 4, 5}},
		{45679, {1, 2, 3, 4, 3, 4, 5, 6, 3, 4, 5, 6, 2, 3, 4, 5}},
		{45680, {2, 3, 4, 5, 3, 4, 5, 6, 3, 4, 5, 6, 2, 3, 4, 5}},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct sample sample = fates[0].frame;
		uint8_t sent[256];

		sample.src_port = cases[i].src_port;
		ck_assert_uint_eq(forward_one(sent, gen_alt, &sample), 88);
		ck_assert_mem_eq(sent + 16, cases[i].hops, 4);
		ck_assert_mem_eq(sent + 36, cases[i].hops + 4, 12);
	}
}
END_TEST

START_TEST(echoes_are_punted_when_not_wanted)
{
	struct glb_settings settings = fixture_settings;

	settings.echo = GLB_ECHO_PUNT;

	struct glb_generation *quiet = fixture_generation(&settings);

	for (unsigned int i = 6; i < 8; i++) {
		struct held held;
		struct glb_packet pkt = hold(&held, &fates[i].frame, 0, HEADROOM);

		glb_forward(quiet, &pkt, 1);
		ck_assert_int_eq(pkt.verdict, GLB_PUNT_NO_BIND);
		ck_assert(untouched(&held, &pkt, HEADROOM));
		release(&held);
	}
	glb_generation_free(quiet);
}
END_TEST

static void check_headroom(const struct glb_generation *by, uint16_t headroom,
			   enum glb_verdict want)
{
	struct held held;
	struct glb_packet pkt = hold(&held, &fates[1].frame, 0, headroom);

	glb_forward(by, &pkt, 1);
	ck_assert_int_eq(pkt.verdict, want);
	if (want == GLB_FORWARD)
		ck_assert_uint_eq(pkt.headroom, 0);
	else
		ck_assert(untouched(&held, &pkt, headroom));
	release(&held);
}

START_TEST(the_headroom_needed_is_that_of_the_outer_headers_to_the_byte)
{
	check_headroom(gen, 40, GLB_FORWARD);
	check_headroom(gen, 39, GLB_DROP_NO_HEADROOM);
	check_headroom(gen, 0, GLB_DROP_NO_HEADROOM);
	check_headroom(gen_alt, 48, GLB_FORWARD);
	check_headroom(gen_alt, 47, GLB_DROP_NO_HEADROOM);
}
END_TEST

START_TEST(the_largest_packet_that_fits_is_forwarded_whole)
{
	struct sample sample = fates[0].frame;
	static const uint16_t room[] = {40, 48};

	for (unsigned int i = 0; i < 2; i++) {
		const struct glb_generation *by = i ? gen_alt : gen;
		struct held held;

		sample.payload_len = (uint16_t)(65535 - 40 - room[i]);

		struct glb_packet pkt = hold(&held, &sample, 0, HEADROOM);

		glb_forward(by, &pkt, 1);
		ck_assert_int_eq(pkt.verdict, GLB_FORWARD);
		ck_assert_ptr_null(spec_sent_fault(&(struct spec_case){
			by, pkt.data, pkt.len, held.original, held.original_len, 0}));
		release(&held);
		sample.payload_len++;
		pkt = hold(&held, &sample, 0, HEADROOM);
		glb_forward(by, &pkt, 1);
		ck_assert_int_eq(pkt.verdict, GLB_DROP_TOO_BIG);
		release(&held);
	}
}
END_TEST

START_TEST(every_payload_length_has_a_right_checksum)
{
	for (uint16_t len = 0; len < 300; len++) {
		struct sample sample = fates[len % 4].frame;
		struct held held;

		sample.payload_len = len;
		sample.src_port = (uint16_t)(len * 211);

		struct glb_packet pkt = hold(&held, &sample, 0, HEADROOM);

		glb_forward(gen, &pkt, 1);

		const char *fault = spec_sent_fault(&(struct spec_case){
			gen, pkt.data, pkt.len, held.original, held.original_len, 0});

		ck_assert_msg(!fault, "payload of %u bytes: %s", len, fault);
		release(&held);
	}
}
END_TEST

START_TEST(a_udp_checksum_that_comes_out_zero_is_sent_as_all_ones)
{
	/* The payload's last two bytes are where the sum can be steered to ffff. */
	struct sample sample = fates[3].frame;
	struct held held;
	struct glb_packet pkt = hold(&held, &sample, 0, HEADROOM);
	uint8_t *last = pkt.data + pkt.len - 2;

	memset(last, 0, 2);
	memset(held.original + held.original_len - 2, 0, 2);

	struct glb_packet probe = pkt;

	glb_forward(gen, &probe, 1);
	ck_assert_int_eq(probe.verdict, GLB_FORWARD);

	uint16_t check = glb_load16(probe.data + 14 + 26);

	memcpy(pkt.data, held.original, pkt.len);
	glb_store16(last, check);
	memcpy(held.original + held.original_len - 2, last, 2);
	glb_forward(gen, &pkt, 1);
	ck_assert_uint_eq(glb_load16(pkt.data + 14 + 26), 0xffff);
	ck_assert_ptr_null(spec_sent_fault(
		&(struct spec_case){gen, pkt.data, pkt.len, held.original, held.original_len, 0}));
	release(&held);
}
END_TEST

START_TEST(a_burst_of_any_size_is_decided_as_if_one_by_one)
{
	static const unsigned int sizes[] = {0, 1, 31, 32, 33, 63, 64, 65, MANY};
	const struct glb_generation *by = _i % 2 ? gen_alt : gen;
	unsigned int size = sizes[_i / 2];
	struct glb_packet burst[MANY];
	struct held together[MANY];

	for (unsigned int i = 0; i < MANY; i++) {
		unsigned int f = i * 7 % COUNT_OF(fates);

		burst[i] = hold(&together[i], &fates[f].frame, fates[f].cut, HEADROOM);
		burst[i].port = (uint8_t)(i % 3);
	}
	glb_forward(by, burst, size);
	for (unsigned int i = 0; i < MANY; i++) {
		unsigned int f = i * 7 % COUNT_OF(fates);
		struct held held;
		struct glb_packet alone = hold(&held, &fates[f].frame, fates[f].cut, HEADROOM);

		alone.port = (uint8_t)(i % 3);
		if (i < size)
			glb_forward(by, &alone, 1);
		ck_assert_int_eq(burst[i].verdict, alone.verdict);
		ck_assert_uint_eq(burst[i].len, alone.len);
		ck_assert_uint_eq(burst[i].headroom, alone.headroom);
		ck_assert_mem_eq(together[i].buffer, held.buffer, HEADROOM + held.original_len);
		release(&held);
		release(&together[i]);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("forward");
	TCase *forward = tcase_create("forward");

	tcase_add_unchecked_fixture(forward, make_generations, free_generations);
	tcase_add_loop_test(forward, every_fate_is_met_and_only_a_forwarded_packet_changes, 0,
			    COUNT_OF(fates));
	tcase_add_loop_test(forward, with_three_hops_the_same_holds, 0, COUNT_OF(fates));
	tcase_add_test(forward, a_known_packet_becomes_its_known_bytes);
	tcase_add_test(forward, an_error_and_an_echo_follow_the_flow_of_their_client);
	tcase_add_test(forward, changing_hash_fields_appends_the_hops_of_the_old_ones);
	tcase_add_test(forward, echoes_are_punted_when_not_wanted);
	tcase_add_test(forward, the_headroom_needed_is_that_of_the_outer_headers_to_the_byte);
	tcase_add_test(forward, the_largest_packet_that_fits_is_forwarded_whole);
	tcase_add_test(forward, every_payload_length_has_a_right_checksum);
	tcase_add_test(forward, a_udp_checksum_that_comes_out_zero_is_sent_as_all_ones);
	tcase_add_loop_test(forward, a_burst_of_any_size_is_decided_as_if_one_by_one, 0, 2 * 9);
	suite_add_tcase(suite, forward);
	return suite;
}
