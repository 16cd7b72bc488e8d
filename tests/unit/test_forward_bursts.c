/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does every build of the data path give each packet of a burst its own table, hops and checksum,
 * whichever of the others are like it?
 *
 * Builds compare packets with those in front of them, and work side by side on those that are alike
 * or short. So bursts change from one bind to another, or from one length to another, at each place
 * in them, and have one that is different at each place.
 */
#include <string.h>

#include "differ.h"
#include "fixture.h"
#include "frame.h"
#include "isas.h"
#include "suite.h"

enum { BURST = 64, PAYLOAD_MAX = 80 };

/* Packets of two binds of different tables, by IP version. */
static const struct sample pairs[][2] = {
	{{.version = 4, .src = "10.1.2.3", .proto = 6, .dst = "1.1.1.1", .dst_port = 80},
	 {.version = 4, .src = "10.1.2.4", .proto = 6, .dst = "1.1.1.2", .dst_port = 80}},
	{{.version = 6,
	  .src = "2001:db9::1",
	  .proto = 6,
	  .dst = "fdb4:98ce:52d4::42",
	  .dst_port = 80},
	 {.version = 6, .src = "2001:db9::2", .proto = 6, .dst = "2001:db8::7", .dst_port = 80}},
	{{.version = 4, .src = "10.1.2.3", .proto = 6, .dst = "1.1.1.2", .dst_port = 80},
	 {.version = 4, .src = "10.1.2.4", .proto = 17, .dst = "10.2.3.4", .dst_port = 1500}},
};

static struct differ differ;
static struct glb_generation *specified;
static struct glb_generation *gens[GLB_ISA_COUNT];

/* Adds a packet of a sample whose payload and source port are these. */
static void add(const struct sample *sample, uint32_t payload_len, uint32_t src_port)
{
	static uint8_t frame[FRAME_LEN_MAX];
	struct sample one = *sample;

	one.payload_len = (uint16_t)payload_len;
	one.src_port = (uint16_t)(1024 + src_port);

	const uint32_t len = frame_write(frame, &one);
	uint8_t *to = differ_add(&differ, len, 128, 0);

	ck_assert_ptr_nonnull(to);
	memcpy(to, frame, len);
}

/* Decides what is in the burst, all of which is to be forwarded, and empties it. */
static void decide(const char *what, unsigned int number)
{
	differ_specify(&differ, specified);
	for (unsigned int i = 0; i < differ.count; i++)
		ck_assert_msg(differ.verdicts[i] == GLB_FORWARD, "%s %u: packet %u", what, number,
			      i);
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++) {
		if (!gens[isa] || differ_agrees(&differ, gens[isa]))
			continue;
		differ_report(stderr, &differ, gens[isa]);
		ck_abort_msg("%s %u: %s", what, number, differ.what);
	}
	differ_clear(&differ);
}

static void start_bursts(void)
{
	struct glb_generation *base = fixture_generation(&fixture_settings);

	differ_start(&differ);
	specified = fixture_with_settings(base, &fixture_settings);
	isas_make(gens, base, &fixture_settings);
	glb_generation_free(base);
}

static void stop_bursts(void)
{
	isas_free(gens);
	glb_generation_free(specified);
	differ_stop(&differ);
}

START_TEST(a_packet_has_the_table_of_its_own_bind_where_the_bind_changes)
{
	for (unsigned int change = 0; change <= BURST; change++) {
		for (unsigned int i = 0; i < BURST; i++)
			add(&pairs[_i][i >= change], 0, i);
		decide("change at", change);
	}
}
END_TEST

START_TEST(a_packet_has_the_table_of_its_own_bind_where_one_is_different)
{
	for (unsigned int odd_one = 0; odd_one < BURST; odd_one++) {
		for (unsigned int i = 0; i < BURST; i++)
			add(&pairs[_i][i == odd_one], 0, i);
		decide("different", odd_one);
	}
}
END_TEST

START_TEST(a_packet_has_the_checksum_of_its_own_bytes_whatever_the_length_of_others)
{
	for (unsigned int len = 0; len <= PAYLOAD_MAX; len++) {
		for (unsigned int i = 0; i < BURST; i++)
			add(&pairs[_i][0], i % 2 ? len : i, i);
		decide("length", len);
		for (unsigned int i = 0; i < BURST; i++)
			add(&pairs[_i][0], len, i);
		decide("length of all", len);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("forward_bursts");
	TCase *bursts = tcase_create("bursts");

	tcase_set_timeout(bursts, 0); /* as long as it takes */
	tcase_add_unchecked_fixture(bursts, start_bursts, stop_bursts);
	tcase_add_loop_test(bursts, a_packet_has_the_table_of_its_own_bind_where_the_bind_changes,
			    0, COUNT_OF(pairs));
	tcase_add_loop_test(bursts, a_packet_has_the_table_of_its_own_bind_where_one_is_different,
			    0, COUNT_OF(pairs));
	tcase_add_loop_test(
		bursts, a_packet_has_the_checksum_of_its_own_bytes_whatever_the_length_of_others, 0,
		COUNT_OF(pairs));
	suite_add_tcase(suite, bursts);
	return suite;
}
