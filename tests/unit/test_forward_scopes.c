/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does every build of the data path give each packet its own table where binds are inside others?
 *
 * What was found for one packet is kept for those that are sure to match as it does: all of a
 * prefix, or of a range of ports. So binds are inside those of another table here, and packets go
 * to the first and last of what each has, and beside it. Bursts are of one of them but for one
 * other, which stands at a place that differs, for every two.
 */
#include <stdlib.h>
#include <string.h>

#include <glb/gue.h>

#include "differ.h"
#include "fixture.h"
#include "frame.h"
#include "isas.h"
#include "suite.h"

enum { BURST = 24, PLACES = 16 /* of two groups of AVX-512 */, PORT_GUE = GLB_GUE_PORT };

#define V4(c, d)                                                                                   \
	{                                                                                          \
		{198, 51, c, d}, 4                                                                 \
	}
#define V6(h, l)                                                                                   \
	{                                                                                          \
		{0x20, 1, 0xd, 0xb8, [7] = (h), [15] = (l)}, 6                                     \
	}

static struct glb_bind wide[] = {
	{V4(100, 0), 24, GLB_PROTO_TCP, 80, 80, false},
	{V4(101, 0), 24, GLB_PROTO_TCP, 0, 65535, false},
	{V4(102, 0), 30, GLB_PROTO_UDP, 1000, 65535, false},
	{V4(103, 1), 32, GLB_PROTO_TCP, 1, 65535, false},
	{V4(103, 2), 32, GLB_PROTO_TCP, 1, 65535, false},
	{V4(104, 0), 24, GLB_PROTO_TCP, 80, 90, false},
	{V4(105, 0), 24, GLB_PROTO_TCP, 80, 80, false},
	{V4(106, 1), 32, GLB_PROTO_TCP, 80, 90, false},
	{V6(1, 0), 64, GLB_PROTO_TCP, 80, 80, false},
	{V6(2, 0), 120, GLB_PROTO_TCP, 80, 443, false},
	{V6(3, 1), 128, GLB_PROTO_UDP, 1, 65535, false},
};
/* inside those, or beside them */
static struct glb_bind narrow[] = {
	{V4(101, 128), 25, GLB_PROTO_TCP, 443, 443, false},
	{V4(103, 1), 32, GLB_PROTO_TCP, 443, 443, false},
	{V4(104, 0), 24, GLB_PROTO_TCP, 85, 86, false},
	{V4(105, 7), 32, GLB_PROTO_TCP, 80, 80, false},
	{V4(106, 1), 32, GLB_PROTO_TCP, 85, 85, false},
	{V4(102, 4), 32, GLB_PROTO_UDP, 2000, 2000, true},
	{V6(2, 7), 128, GLB_PROTO_TCP, 100, 200, false},
	{V6(1, 0), 63, GLB_PROTO_TCP, 0, 65535, false},
};

static struct glb_backend backends[2][3] = {
	{{.addr = {{172, 16, 0, 1}, 4}, .state = GLB_ACTIVE, .healthy = true},
	 {.addr = {{172, 16, 0, 2}, 4}, .state = GLB_ACTIVE, .healthy = true},
	 {.addr = {{172, 16, 0, 3}, 4}, .state = GLB_ACTIVE, .healthy = true}},
	{{.addr = {{172, 17, 0, 1}, 4}, .state = GLB_ACTIVE, .healthy = true},
	 {.addr = {{172, 17, 0, 2}, 4}, .state = GLB_ACTIVE, .healthy = true},
	 {.addr = {{172, 17, 0, 3}, 4}, .state = GLB_ACTIVE, .healthy = true}},
};

static struct glb_table_spec tables[2] = {
	{.binds = wide, .bind_count = COUNT_OF(wide), .backends = backends[0], .backend_count = 3},
	{.binds = narrow,
	 .bind_count = COUNT_OF(narrow),
	 .backends = backends[1],
	 .backend_count = 3},
};

struct to {
	const char *addr;
	uint8_t proto;
	uint16_t port;
};

/* What a burst of an IP version may consist of. */
static const struct to to4[] = {
	{"198.51.100.0", 6, 80},
	{"198.51.100.255", 6, 80},
	{"198.51.100.9", 6, 81},
	{"198.51.100.9", 17, 80},
	{"198.51.99.255", 6, 80},
	{"198.51.101.0", 6, 0},
	{"198.51.101.127", 6, 443},
	{"198.51.101.128", 6, 443},
	{"198.51.101.255", 6, 442},
	{"198.51.101.1", 6, PORT_GUE},
	{"198.51.101.1", 6, 65535},
	{"198.51.102.0", 17, 1000},
	{"198.51.102.3", 17, 65535},
	{"198.51.102.2", 17, 999},
	{"198.51.102.1", 17, PORT_GUE - 1},
	{"198.51.102.1", 17, PORT_GUE},
	{"198.51.102.1", 17, PORT_GUE + 1},
	{"198.51.102.4", 17, 2000},
	{"198.51.103.1", 6, 0},
	{"198.51.103.1", 6, 1},
	{"198.51.103.1", 6, 443},
	{"198.51.103.2", 6, 0},
	{"198.51.103.2", 6, 443},
	{"198.51.103.2", 6, 65535},
	{"198.51.104.1", 6, 79},
	{"198.51.104.2", 6, 80},
	{"198.51.104.3", 6, 84},
	{"198.51.104.4", 6, 85},
	{"198.51.104.5", 6, 86},
	{"198.51.104.6", 6, 90},
	{"198.51.104.7", 6, 91},
	{"198.51.105.7", 6, 80},
	{"198.51.105.6", 6, 80},
	{"198.51.106.1", 6, 84},
	{"198.51.106.1", 6, 85},
};
static const struct to to6[] = {
	{"2001:db8:0:1::", 6, 80},
	{"2001:db8:0:1:ffff:ffff:ffff:ffff", 6, 80},
	{"2001:db8:0:1::7", 6, 81},
	{"2001:db8:0:0:1::", 6, 80},
	{"2001:db8:0:2::", 6, 80},
	{"2001:db8:0:2::ff", 6, 443},
	{"2001:db8:0:2::100", 6, 443},
	{"2001:db8:0:2::7", 6, 99},
	{"2001:db8:0:2::7", 6, 100},
	{"2001:db8:0:2::6", 6, 200},
	{"2001:db8:0:3::1", 17, 0},
	{"2001:db8:0:3::1", 17, 1},
	{"2001:db8:0:3::1", 17, PORT_GUE - 1},
	{"2001:db8:0:3::1", 17, PORT_GUE},
	{"2001:db8:0:3::1", 17, 65535},
	{"2001:db8:0:3::2", 17, 1},
};

static struct differ differ;
static struct glb_generation *specified;
static struct glb_generation *gens[GLB_ISA_COUNT];

/* Adds a packet; an odd one is parsed alone. A director has sent what is UDP to the port of GUE. */
static void add(const struct to *to, uint8_t version, unsigned int i, bool odd)
{
	static uint8_t frame[FRAME_LEN_MAX];
	const uint8_t gue[] = {2, GLB_PROTO_IPIP, 0, 0, 0, 0, 0, 1, 172, 16, 0, 9};
	const uint8_t gue6[24] = {5, GLB_PROTO_IPV6, 0, 0, 0, GLB_GUE_HOPS_IPV6, 0, 1, 0xfd};
	const struct sample sample = {.version = version,
				      .src = version == 4 ? "10.1.2.3" : "2001:db9::1",
				      .src_port = (uint16_t)(1024 + i),
				      .proto = to->proto,
				      .dst = to->addr,
				      .dst_port = to->port,
				      .option_words = odd && version == 4,
				      .exts = odd && version == 6 ? "d" : NULL,
				      .payload_len = 40};
	const uint32_t len = frame_write(frame, &sample);
	uint8_t *out = differ_add(&differ, len, 128, 0);

	ck_assert_ptr_nonnull(out);
	memcpy(out, frame, len);
	if (to->proto != GLB_PROTO_UDP || to->port != PORT_GUE)
		return;
	if (version == 4)
		memcpy(out + len - 40, gue, sizeof(gue));
	else
		memcpy(out + len - 40, gue6, sizeof(gue6));
}

static void decide(const struct to *most, const struct to *other, unsigned int place)
{
	differ_specify(&differ, specified);
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++) {
		if (!gens[isa] || differ_agrees(&differ, gens[isa]))
			continue;
		differ_report(stderr, &differ, gens[isa]);
		ck_abort_msg("%s port %u, at %u %s port %u: %s", most->addr, most->port, place,
			     other->addr, other->port, differ.what);
	}
	differ_clear(&differ);
}

/* Every two of these: a burst of the first with one of the second, and every `odd`-th odd. */
static void mix(const struct to *all, unsigned int count, uint8_t version, unsigned int odd)
{
	for (unsigned int most = 0; most < count; most++) {
		for (unsigned int other = 0; other < count; other++) {
			const unsigned int place = (most * 7 + other) % PLACES;

			for (unsigned int i = 0; i < BURST; i++)
				add(&all[i == place ? other : most], version, i,
				    odd && i != place && i % odd == odd - 1);
			decide(&all[most], &all[other], place);
		}
	}
}

static void start_scopes(void)
{
	struct glb_generation *base;
	struct glb_tables built;

	for (uint8_t t = 0; t < COUNT_OF(tables); t++) {
		memset(tables[t].hash_key, t + 1, sizeof(tables[t].hash_key));
		memset(tables[t].seed, t + 5, sizeof(tables[t].seed));
	}
	if (glb_tables_build(&built, &(struct glb_spec){tables, COUNT_OF(tables)}, NULL, NULL) ||
	    glb_generation_make(&base, 1, &fixture_settings, &built, NULL))
		abort();
	differ_start(&differ);
	specified = fixture_with_settings(base, &fixture_settings);
	isas_make(gens, base, &fixture_settings);
	glb_generation_free(base);
}

static void stop_scopes(void)
{
	isas_free(gens);
	glb_generation_free(specified);
	differ_stop(&differ);
}

START_TEST(a_packet_has_the_table_of_its_own_bind_beside_those_of_a_wider_one)
{
	mix(to4, COUNT_OF(to4), 4, 0);
	mix(to6, COUNT_OF(to6), 6, 0);
}
END_TEST

START_TEST(a_packet_has_the_table_of_its_own_bind_beside_odd_ones)
{
	mix(to4, COUNT_OF(to4), 4, 3);
	mix(to6, COUNT_OF(to6), 6, 3);
}
END_TEST

/* As above, but of all that there are, in an order that is different for each burst. */
START_TEST(a_packet_has_the_table_of_its_own_bind_among_those_of_many)
{
	for (unsigned int step = 1; step < COUNT_OF(to4); step++) {
		for (unsigned int i = 0; i < 2 * BURST; i++)
			add(&to4[i * step / 3 % COUNT_OF(to4)], 4, i, false);
		decide(to4, to4, step);
		for (unsigned int i = 0; i < 2 * BURST; i++)
			add(&to6[i * step / 3 % COUNT_OF(to6)], 6, i, false);
		decide(to6, to6, step);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("forward_scopes");
	TCase *scopes = tcase_create("scopes");

	tcase_set_timeout(scopes, 0); /* as long as it takes */
	tcase_add_unchecked_fixture(scopes, start_scopes, stop_scopes);
	tcase_add_test(scopes, a_packet_has_the_table_of_its_own_bind_beside_those_of_a_wider_one);
	tcase_add_test(scopes, a_packet_has_the_table_of_its_own_bind_beside_odd_ones);
	tcase_add_test(scopes, a_packet_has_the_table_of_its_own_bind_among_those_of_many);
	suite_add_tcase(suite, scopes);
	return suite;
}
