/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does every build of the data path do with every value of every single field what the
 * specification says?
 *
 * Packets that are forwarded are the start. Each byte of their headers has all of its 256 values,
 * and fields of two bytes, if they are decided on as a whole, all 65,536 or those that a packet can
 * have; the rest of the packet stays right. Lengths of frames and packets go from 0 to 2,048.
 */
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>

#include "differ.h"
#include "fixture.h"
#include "frame.h"
#include "isas.h"
#include "plain.h"
#include "suite.h"

enum { BURST = 64, LEN_MAX = 2048, IP_CHECKSUM_AT = 10, ETHER = 14 };

static const struct sample starts[] = {
	{.version = 4,
	 .src = "10.1.2.3",
	 .proto = 6,
	 .dst = "1.1.1.1",
	 .dst_port = 80,
	 .tcp_flags = 0x10},
	{.version = 4,
	 .src = "10.1.2.3",
	 .proto = 6,
	 .dst = "1.1.1.5",
	 .dst_port = 80,
	 .tcp_flags = 2,
	 .tcp_options = "\2\4\5\xb4",
	 .tcp_option_words = 1,
	 .vlan_count = 1},
	{.version = 4,
	 .src = "10.1.2.3",
	 .proto = 17,
	 .dst = "1.1.1.6",
	 .dst_port = 443,
	 .payload_len = 40},
	{.version = 4, .src = "10.1.2.3", .proto = 1, .dst = "1.1.1.5", .type = 8},
	{.version = 6,
	 .src = "2001:db9::1",
	 .proto = 6,
	 .dst = "fdb4:98ce:52d4::42",
	 .dst_port = 80,
	 .tcp_flags = 0x10},
	{.version = 6,
	 .src = "2001:db9::1",
	 .proto = 17,
	 .dst = "fdb4:98ce:52d4::46",
	 .dst_port = 443,
	 .payload_len = 40},
	{.version = 6, .src = "2001:db9::1", .proto = 58, .dst = "fdb4:98ce:52d4::45", .type = 128},
};

static struct differ differ;
static struct glb_generation *base;
static struct glb_generation *specified;
static struct glb_generation *gens[GLB_ISA_COUNT];
static uint64_t forwarded, decided;

/* Decides what is in the burst, and empties it. */
static void decide(const char *what, uint32_t value)
{
	differ_specify(&differ, specified);
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++) {
		if (!gens[isa] || differ_agrees(&differ, gens[isa]))
			continue;
		differ_report(stderr, &differ, gens[isa]);
		ck_abort_msg("%s: at most %u values before %u: %s", what, BURST, value,
			     differ.what);
	}
	for (unsigned int i = 0; i < differ.count; i++)
		forwarded += differ.verdicts[i] == GLB_FORWARD;
	decided += differ.count;
	differ_clear(&differ);
}

static void add(const uint8_t *frame, uint32_t len, const char *what, uint32_t value)
{
	uint8_t *to = differ_add(&differ, len, 128, 0);

	ck_assert_ptr_nonnull(to);
	memcpy(to, frame, len);
	if (differ.count == BURST)
		decide(what, value);
}

static void right_checksum(uint8_t *ip)
{
	uint32_t head = 4U * (ip[0] & 15);

	if (ip[0] >> 4 != 4 || head < 20)
		return;
	(void)put16(ip + IP_CHECKSUM_AT, 0);
	(void)put16(ip + IP_CHECKSUM_AT, ~plain_sum(0, ip, head) & 0xffffU);
}

/* All values of one byte, or of two, up to `most`. */
static void sweep(const uint8_t *frame, uint32_t len, uint32_t ip_at, uint32_t at, uint32_t bytes,
		  uint32_t most)
{
	uint8_t copy[512];
	char what[32];

	(void)snprintf(what, sizeof(what), "byte %u", at);
	memset(copy, 0, sizeof(copy)); /* an IHL may say that there is more */
	for (uint32_t value = 0; value <= most; value++) {
		memcpy(copy, frame, len);
		if (bytes == 1)
			copy[at] = (uint8_t)value;
		else
			(void)put16(copy + at, value);
		if (at < ip_at || at - ip_at < IP_CHECKSUM_AT || at - ip_at > IP_CHECKSUM_AT + 1)
			right_checksum(copy + ip_at);
		add(copy, len, what, value);
	}
	decide(what, most);
}

static void sweep_fields(const struct sample *start)
{
	static uint8_t frame[FRAME_LEN_MAX];
	const uint32_t len = frame_write(frame, start);
	const uint32_t ip_at = frame_ip_at(start);
	const uint32_t transport_at = ip_at + (start->version == 4 ? 20 : 40);
	uint32_t most = transport_at + 24 < len ? transport_at + 24 : len;

	for (uint32_t at = 0; at < most; at++)
		sweep(frame, len, ip_at, at, 1, 255);
	sweep(frame, len, ip_at, ip_at + (start->version == 4 ? 2 : 4), 2, LEN_MAX);
	if (start->proto == 17)
		sweep(frame, len, ip_at, transport_at + 4, 2, LEN_MAX);
}

/* Those that are not decided byte by byte: under one of the settings. */
static void sweep_wide(const struct sample *start)
{
	static uint8_t frame[FRAME_LEN_MAX];
	const uint32_t len = frame_write(frame, start);
	const uint32_t ip_at = frame_ip_at(start);

	sweep(frame, len, ip_at, ip_at - 2, 2, UINT16_MAX); /* EtherType */
	if (start->vlan_count)
		sweep(frame, len, ip_at, ip_at - 4, 2, UINT16_MAX); /* tag */
	if (start->version == 4)
		sweep(frame, len, ip_at, ip_at + 6, 2, UINT16_MAX); /* flags and offset */
}

/* Frames of every length, of packets that are as long as they say; then of one that says more. */
static void sweep_lengths(const struct sample *start)
{
	static uint8_t frame[FRAME_LEN_MAX];
	struct sample sample = *start;
	uint32_t len = 0;

	for (uint32_t payload = 0; len < LEN_MAX; payload++) {
		sample.payload_len = (uint16_t)payload;
		len = frame_write(frame, &sample);
		add(frame, len, "length", len);
	}
	for (uint32_t cut = 0; cut <= len; cut++)
		add(frame, cut, "cut", cut);
	decide("length", len);
}

static void prepare(const struct glb_settings *settings)
{
	specified = fixture_with_settings(base, settings);
	isas_make(gens, base, settings);
}

static void finish(void)
{
	glb_generation_free(specified);
	isas_free(gens);
}

/* As the original; strict; all that rewrites; all that is let through. */
static struct glb_settings settings_of(int kind)
{
	struct glb_settings settings = fixture_settings;

	settings.ports[0].mtu = 1500;
	settings.trim_padding = kind == 1;
	settings.verify_ip_checksum = kind == 1;
	settings.min_ttl = kind == 1 ? 2 : 0;
	settings.too_big = kind == 1 ? GLB_TOO_BIG_DROP : kind == 2 ? GLB_TOO_BIG_ANSWER : 0;
	settings.clamp_mss = kind == 2;
	settings.copy_ecn = kind == 2;
	settings.outer_dscp = kind == 2 ? GLB_DSCP_COPY : 0;
	settings.udp_checksum = (uint8_t)kind;
	settings.hash_fields = kind == 2 ? GLB_HASH_FIELDS_ALL : GLB_HASH_SRC_ADDR;
	settings.forward_fragments = settings.all_icmp_errors = kind == 3;
	settings.echo = kind == 1 ? GLB_ECHO_ANSWER : GLB_ECHO_FORWARD;
	settings.ports[0].vlan = kind == 3 ? GLB_VLAN_NONE : GLB_VLAN_KEEP;
	return settings;
}

START_TEST(every_value_of_a_field_has_the_fate_that_the_specification_says)
{
	const struct glb_settings settings = settings_of(_i);

	prepare(&settings);
	for (unsigned int i = 0; i < COUNT_OF(starts); i++) {
		sweep_fields(&starts[i]);
		if (_i == 3 && i < 3)
			sweep_wide(&starts[i]);
		if (_i < 3)
			sweep_lengths(&starts[i]);
	}
	ck_assert_uint_gt(forwarded, decided / 8);
	finish();
}
END_TEST

static void start_fields(void)
{
	differ_start(&differ);
	base = fixture_wide_generation(&fixture_settings);
}

static void stop_fields(void)
{
	glb_generation_free(base);
	differ_stop(&differ);
}

Suite *unit_suite(void)
{
	Suite *suite = suite_create("forward_fields");
	TCase *fields = tcase_create("fields");

	tcase_set_timeout(fields, 0); /* as long as it takes */
	tcase_add_unchecked_fixture(fields, start_fields, stop_fields);
	tcase_add_loop_test(fields, every_value_of_a_field_has_the_fate_that_the_specification_says,
			    0, 4);
	suite_add_tcase(suite, fields);
	return suite;
}
