/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks which ICMP errors about encapsulated packets are relayed to clients:
 * src/core/forward/relay.h. */
#include <stdlib.h>
#include <string.h>

#include <glb/forward.h>
#include <glb/hash.h>

#include "complained.h"
#include "fixture.h"
#include "frame.h"
#include "suite.h"

enum { HEADROOM = 128 };

#define FROM4 .version = 4, .src = "10.11.12.13"
#define FROM6 .version = 6, .src = "fd91:79d3:d621::1234"
#define TCP   .proto = 6, .src_port = 45678, .dst_port = 80
#define UDP   .proto = 17, .src_port = 45678, .dst_port = 80
#define LARGE .payload_len = 1400

/* Clients' packets to all kinds of tables of the fixture; quic: UDP of VIP ::46 and 1.1.1.6. */
static const struct {
	const char *what;
	struct sample sample;
} packets[] = {
	{"TCP to two hops", {FROM4, .dst = "1.1.1.1", TCP, LARGE}},
	{"TCP to three hops or two", {FROM4, .dst = "1.1.1.2", TCP, LARGE}},
	{"TCP to proxies of another family", {FROM4, .dst = "1.1.1.4", TCP, LARGE}},
	{"TCP to four hops", {FROM4, .dst = "1.1.1.5", TCP, LARGE}},
	{"UDP to four hops", {FROM4, .dst = "1.1.1.5", UDP, LARGE}},
	{"QUIC", {FROM4, .dst = "1.1.1.6", UDP, LARGE}},
	{"QUIC to a server by its ID",
	 {FROM4, .dst = "1.1.1.7", .proto = 17, .src_port = 45678, .dst_port = 443, LARGE}},
	{"TCP to one proxy", {FROM4, .dst = "1.1.1.8", TCP, LARGE}},
	{"TCP over IPv6", {FROM6, .dst = "fdb4:98ce:52d4::42", TCP, LARGE}},
	{"TCP over IPv6 to another family", {FROM6, .dst = "fdb4:98ce:52d4::44", TCP, LARGE}},
	{"UDP over IPv6", {FROM6, .dst = "fdb4:98ce:52d4::45", UDP, LARGE}},
	{"with options", {FROM4, .dst = "1.1.1.1", TCP, LARGE, .option_words = 10}},
	{"with extension headers", {FROM6, .dst = "fdb4:98ce:52d4::42", TCP, LARGE, .exts = "hD"}},
	{"a first fragment", {FROM4, .dst = "1.1.1.5", UDP, LARGE, .fragment = 0x2000}},
	{"a ping", {FROM4, .dst = "1.1.1.1", .proto = 1, .type = 8, LARGE, .entropy = 77}},
	{"a ping over IPv6",
	 {FROM6, .dst = "fdb4:98ce:52d4::42", .proto = 58, .type = 128, LARGE, .entropy = 77}},
	{"what an IPv6 client can always send",
	 {FROM6, .dst = "fdb4:98ce:52d4::42", TCP, .payload_len = 1220}},
	{"with tags", {FROM4, .dst = "1.1.1.1", TCP, LARGE, .vlan_count = 2}},
};

static struct glb_settings relaying;

static void start(void)
{
	relaying = fixture_settings;
	relaying.relay_outer_errors = true;
	relaying.forward_fragments = true;
	/* that of the fixture is in one of its binds */
	relaying.src_addr6 = (struct glb_addr){{0xfd, 1, [15] = 0x41}, 6};
}

/* A generation towards backends of one family or the other. */
static struct glb_generation *generation(unsigned int family)
{
	return family ? fixture_wide6_generation(&relaying, family == 2 ? 3 : 0)
		      : fixture_wide_generation(&relaying);
}

/* A packet, and the frame that it was sent in. */
struct sent {
	uint8_t original[FRAME_LEN_MAX];
	uint8_t buffer[HEADROOM + FRAME_LEN_MAX];
	struct spec_case c;
};

static struct sent sent;

static void send_sample(const struct glb_generation *gen, const struct sample *sample)
{
	uint32_t len = frame_write(sent.original, sample);
	struct glb_packet pkt = {
		.data = sent.buffer + HEADROOM, .len = len, .headroom = HEADROOM, .port = 1};

	memcpy(pkt.data, sent.original, len);
	glb_forward(gen, &pkt, 1);
	ck_assert_uint_eq(pkt.verdict, GLB_FORWARD);
	sent.c = (struct spec_case){gen, pkt.data, pkt.len, sent.original, len, 1};
}

/* Was the client told? Whatever was done must have been right. */
static bool is_relayed(const struct complaint_case *how, const char *what)
{
	bool relayed;
	const char *fault = complaint_fault(&relayed, &sent.c, how);

	ck_assert_msg(!fault, "%s, MTU %u, %u bytes quoted: %s", what, how->mtu, how->quote_len,
		      fault);
	return relayed;
}

static unsigned int try_all(const struct glb_generation *gen)
{
	static const uint32_t mtus[] = {0, 1, 100, 576, 1280, 1400, 1479, 1480, 1600, 65536 + 500};
	unsigned int relayed = 0;

	for (unsigned int i = 0; i < COUNT_OF(packets); i++) {
		send_sample(gen, &packets[i].sample);
		for (unsigned int m = 0; m < COUNT_OF(mtus); m++)
			relayed += is_relayed(
				&(struct complaint_case){.mtu = mtus[m], .quote_len = 576},
				packets[i].what);
		for (uint32_t len = 28; len < 240; len++)
			relayed +=
				is_relayed(&(struct complaint_case){.mtu = 1300, .quote_len = len},
					   packets[i].what);
	}
	return relayed;
}

START_TEST(whatever_is_sent_is_known_again_when_a_router_quotes_enough_of_it)
{
	static const uint8_t fields[][2] = {
		{GLB_HASH_SRC_ADDR, 0}, {GLB_HASH_SRC_ADDR | GLB_HASH_DST_ADDR, GLB_HASH_SRC_ADDR}};

	for (unsigned int i = 0; i < COUNT_OF(fields) * 2; i++) {
		start();
		relaying.hash_fields = fields[i / 2][0];
		relaying.alt_hash_fields = fields[i / 2][1];
		relaying.unique_hops = i % 2;
		for (unsigned int family = 0; family < 3; family++) {
			struct glb_generation *gen = generation(family);

			ck_assert_uint_gt(try_all(gen), 900);
			glb_generation_free(gen);
		}
	}
}
END_TEST

START_TEST(nothing_is_relayed_unless_asked_for)
{
	struct glb_generation *gen;

	start();
	relaying.relay_outer_errors = false;
	gen = generation(0);
	ck_assert_uint_eq(try_all(gen), 0);
	glb_generation_free(gen);
}
END_TEST

/* May this byte of the outer headers be other than it was sent? TOS, id, TTL, checksums, label. */
static bool is_free(uint32_t at, bool v4)
{
	if (v4)
		return at == 1 || (at >= 4 && at <= 6) || at == 8 || at == 10 || at == 11 ||
		       at == 26 || at == 27;
	return at == 1 || at == 2 || at == 3 || at == 7 || at == 46 || at == 47;
}

START_TEST(a_quote_that_is_other_than_what_is_sent_in_any_byte_of_its_outer_headers_is_refused)
{
	start();
	for (unsigned int family = 0; family < 3; family++) {
		struct glb_generation *gen = generation(family);

		for (unsigned int i = 0; i < 12; i++) {
			struct complaint_case how = {.mtu = 1300, .quote_len = 576};
			bool v4;

			send_sample(gen, &packets[i].sample);
			v4 = sent.c.sent[14] >> 4 == 4;

			uint32_t gue_at = v4 ? 28 : 48;
			uint32_t inner_at = gue_at + 4 + 4 * (sent.c.sent[14 + gue_at] & 31U);

			/* of an error about another's packet is asked elsewhere */
			for (how.flip_at = 0; how.flip_at < inner_at; how.flip_at++) {
				for (how.flip = 1; how.flip; how.flip = (uint8_t)(how.flip << 1)) {
					if (!is_free(how.flip_at, v4))
						ck_assert_msg(!is_relayed(&how, packets[i].what),
							      "%s: byte %u", packets[i].what,
							      how.flip_at);
				}
			}
		}
		glb_generation_free(gen);
	}
}
END_TEST

/* Guesses all source ports for a client, as a forger would have to. */
START_TEST(one_outer_source_port_of_32768_is_right)
{
	struct glb_generation *gen;
	unsigned int relayed = 0;

	start();
	gen = generation(0);
	send_sample(gen, &packets[0].sample);

	uint8_t *port = (uint8_t *)sent.c.sent + 14 + 20;

	for (uint32_t guess = 0; guess < 65536; guess++) {
		struct complaint_case how = {.mtu = 1300, .quote_len = 576, .flip_at = 200};
		bool told;

		port[0] = (uint8_t)(guess >> 8);
		port[1] = (uint8_t)guess;
		how.flip = 1; /* of the payload: what is due is not judged */
		ck_assert_ptr_null(complaint_fault(&told, &sent.c, &how));
		relayed += told;
	}
	ck_assert_uint_eq(relayed, 1);
	glb_generation_free(gen);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("relay");
	TCase *errors = tcase_create("errors");

	tcase_add_unchecked_fixture(errors, fixture_share_wide, NULL);
	tcase_add_test(errors, whatever_is_sent_is_known_again_when_a_router_quotes_enough_of_it);
	tcase_add_test(errors, nothing_is_relayed_unless_asked_for);
	tcase_add_test(
		errors,
		a_quote_that_is_other_than_what_is_sent_in_any_byte_of_its_outer_headers_is_refused);
	tcase_add_test(errors, one_outer_source_port_of_32768_is_right);
	suite_add_tcase(suite, errors);
	return suite;
}
