/* SPDX-License-Identifier: BSD-3-Clause */
/* Where forward.h sends packets to quic binds. What names a server at all: test_quic.c. */
#include <stdlib.h>
#include <string.h>

#include <glb/forward.h>
#include <glb/hash.h>
#include <glb/image.h>

#include "fixture.h"
#include "frame.h"
#include "suite.h"

enum { HEADROOM = 128, CLIENTS = 50, NOBODY = 0x7777 };

static struct glb_backend backends[] = {
	{.addr = {{10, 0, 0, 1}, 4}, .state = GLB_ACTIVE, .healthy = true},
	{.addr = {{10, 0, 0, 2}, 4}, .state = GLB_DRAINING, .healthy = true},
	{.addr = {{10, 0, 0, 3}, 4}, .state = GLB_INACTIVE, .healthy = true},
	{.addr = {{10, 0, 0, 4}, 4}, .state = GLB_ACTIVE},
	{.addr = {{10, 0, 0, 5}, 4}, .state = GLB_FILLING, .healthy = true},
	{.addr = {{10, 0, 0, 6}, 4}, .state = GLB_ACTIVE, .healthy = true},
};
/* By backend; the last has none. */
static const uint16_t server_ids[] = {0, 0x0102, 3, 4, 0xffff};

static struct glb_bind binds[] = {
	{{{192, 0, 2, 10}, 4}, 32, GLB_PROTO_UDP, 443, 443, true},
	{{{192, 0, 2, 10}, 4}, 32, GLB_PROTO_UDP, 53, 53, false},
	{{{192, 0, 2, 10}, 4}, 32, GLB_PROTO_TCP, 443, 443, false},
	{{{0x20, 0x01, 0x0d, 0xb8, [15] = 0x10}, 6}, 128, GLB_PROTO_UDP, 443, 443, true},
};
static struct glb_table_spec spec = {
	.hops = 3,
	.backends = backends,
	.binds = binds,
	.backend_count = COUNT_OF(backends),
	.bind_count = COUNT_OF(binds),
};

static struct glb_settings settings;
static struct glb_tables tables;
static struct glb_generation *gen;

static void make_tables(void)
{
	for (unsigned int i = 0; i < COUNT_OF(server_ids); i++) {
		backends[i].has_server_id = true;
		backends[i].server_id = server_ids[i];
	}
	settings = fixture_settings;
	settings.hash_fields = GLB_HASH_SRC_ADDR;
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&spec, 1}, NULL, NULL), 0);
}

static void serve(void)
{
	ck_assert_int_eq(glb_generation_make(&gen, 1, &settings, &tables, NULL), 0);
}

/* What was sent: the last byte of every hop, the primary's first, and the outer source port. */
struct sent {
	uint8_t hops[GLB_WIRE_HOPS_MAX];
	unsigned int hop_count;
	uint16_t src_port;
};

/* Forwards a sample whose payload begins with these bytes. */
static struct sent forward(const struct sample *sample, const uint8_t *payload, size_t len)
{
	static uint8_t buffer[HEADROOM + FRAME_LEN_MAX];
	struct glb_packet pkt = {.data = buffer + HEADROOM, .headroom = HEADROOM};
	struct sent sent = {.hop_count = 0};

	pkt.len = frame_write(pkt.data, sample);
	memcpy(pkt.data + pkt.len - sample->payload_len, payload, len);
	if (sample->proto == 1) /* an identifier that would do as the length of a datagram */
		glb_store_be16(pkt.data + frame_ip_at(sample) + 24, 8 + 30);
	glb_forward(gen, &pkt, 1);
	ck_assert_int_eq(pkt.verdict, GLB_FORWARD);

	const uint8_t *ip = pkt.data + frame_ip_at(sample);

	sent.hops[sent.hop_count++] = ip[19];
	for (unsigned int i = 0; i < ip[35]; i++)
		sent.hops[sent.hop_count++] = ip[36 + 4 * i + 3];
	ck_assert_uint_eq(ip[28], sent.hop_count); /* words of private data */
	sent.src_port = glb_load_be16(ip + 20);
	ck_assert_uint_eq(glb_load_be16(ip + 2), pkt.len - frame_ip_at(sample));
	return sent;
}

/* A short header with a server ID; configuration 7 names none. */
static struct sent forward_short(const struct sample *sample, uint8_t configuration,
				 uint16_t server_id)
{
	const uint8_t payload[] = {0x40, (uint8_t)(configuration << 5), (uint8_t)(server_id >> 8),
				   (uint8_t)server_id};

	return forward(sample, payload, sizeof(payload));
}

static struct sample datagram(const char *src, const char *dst, uint16_t dst_port)
{
	return (struct sample){.version = strchr(dst, ':') ? 6 : 4,
			       .proto = 17,
			       .src = src,
			       .dst = dst,
			       .src_port = 40000,
			       .dst_port = dst_port,
			       .payload_len = 30};
}

static void check_sent(const struct sent *is, const struct sent *want)
{
	ck_assert_uint_eq(is->hop_count, want->hop_count);
	ck_assert_mem_eq(is->hops, want->hops, want->hop_count);
	ck_assert_uint_eq(is->src_port, want->src_port);
}

/* What is to become of a packet that names a server, from what does of one that names none. */
static struct sent with_first(const struct sent *flow, uint8_t first)
{
	struct sent want = {.hops = {first}, .hop_count = 1, .src_port = flow->src_port};

	for (unsigned int i = 0; i < flow->hop_count && want.hop_count < flow->hop_count; i++)
		if (flow->hops[i] != first)
			want.hops[want.hop_count++] = flow->hops[i];
	return want;
}

static void check_servers_come_first(void)
{
	char src[20];

	for (unsigned int client = 0; client < CLIENTS; client++) {
		(void)snprintf(src, sizeof(src), "198.51.100.%u", client);

		struct sample sample = datagram(src, "192.0.2.10", 443);
		struct sent flow = forward_short(&sample, 7, 0);

		for (unsigned int i = 0; i < COUNT_OF(server_ids); i++) {
			struct sent is = forward_short(&sample, 0, server_ids[i]);
			struct sent want = with_first(&flow, backends[i].addr.bytes[3]);

			check_sent(&is, backends[i].state == GLB_INACTIVE ? &flow : &want);
		}
	}
}

START_TEST(a_known_server_is_first_whatever_its_state_and_the_hops_of_the_flow_follow)
{
	serve();
	check_servers_come_first();
	glb_generation_free(gen);
}
END_TEST

START_TEST(the_same_holds_with_the_hops_of_alternative_fields)
{
	settings.alt_hash_fields = GLB_HASH_DST_PORT;
	serve();
	ck_assert_uint_eq(gen->routes[0].listed_hops, 5);
	check_servers_come_first();
	glb_generation_free(gen);
}
END_TEST

/* Where an inactive backend could be taken for a draining one. */
START_TEST(the_same_holds_for_a_table_from_an_image)
{
	size_t len = glb_image_len(&tables);
	uint8_t *image = malloc(len);

	glb_image_write(image, &tables);
	glb_tables_free(&tables);
	ck_assert_int_eq(glb_image_read(&tables, image, len, NULL), 0);
	serve();
	check_servers_come_first();
	glb_generation_free(gen);
	free(image);
}
END_TEST

START_TEST(a_server_nobody_has_leaves_the_packet_with_its_flow)
{
	struct sample sample = datagram("198.51.100.1", "192.0.2.10", 443);

	serve();

	struct sent flow = forward_short(&sample, 7, 0);
	struct sent is = forward_short(&sample, 0, NOBODY);

	check_sent(&is, &flow);
	is = forward_short(&sample, 0, 6); /* no ID at all */
	check_sent(&is, &flow);
	glb_generation_free(gen);
}
END_TEST

START_TEST(a_client_that_moves_keeps_its_server)
{
	static const char *const places[][2] = {{"198.51.100.1", "192.0.2.10"},
						{"203.0.113.99", "192.0.2.10"},
						{"2001:db8:99::1", "2001:db8::10"},
						{"2001:db8:98::2", "2001:db8::10"}};

	serve();
	for (unsigned int id = 0; id < 2; id++)
		for (unsigned int i = 0; i < COUNT_OF(places); i++) {
			struct sample sample = datagram(places[i][0], places[i][1], 443);
			struct sent sent = forward_short(&sample, 6, server_ids[id]);

			ck_assert_uint_eq(sent.hops[0], backends[id].addr.bytes[3]);
		}
	glb_generation_free(gen);
}
END_TEST

/* Another server comes first for each of them if it is asked for. */
static void check_not_asked(const struct sample *sample, const char *what)
{
	struct sent flow = forward_short(sample, 7, 0);

	for (unsigned int i = 0; i < COUNT_OF(server_ids); i++) {
		struct sent is = forward_short(sample, 0, server_ids[i]);

		ck_assert_msg(!memcmp(&is, &flow, sizeof(is)), "%s", what);
	}
}

START_TEST(only_whole_udp_packets_to_quic_binds_are_asked)
{
	struct sample dns = datagram("198.51.100.1", "192.0.2.10", 53);
	struct sample fragment = datagram("198.51.100.1", "192.0.2.10", 443);
	struct sample tcp = fragment;
	struct sample echo = fragment;
	struct sample quoted = datagram("192.0.2.10", "198.51.100.1", 40000);
	struct sample error = fragment;

	serve();
	check_not_asked(&dns, "another bind");
	fragment.fragment = 0x2000;
	check_not_asked(&fragment, "a first fragment");
	tcp.proto = 6;
	check_not_asked(&tcp, "TCP");
	echo.proto = 1;
	echo.type = 8;
	check_not_asked(&echo, "an echo request");
	quoted.src_port = 443;
	quoted.payload_len = 0;
	error.proto = 1;
	error.type = 3;
	error.code = 4;
	error.quote = &quoted;
	check_not_asked(&error, "an error");
	glb_generation_free(gen);
}
END_TEST

START_TEST(options_and_tags_do_not_hide_the_connection_id)
{
	struct sample sample = datagram("198.51.100.1", "192.0.2.10", 443);

	serve();
	sample.option_words = 10;
	ck_assert_uint_eq(forward_short(&sample, 0, server_ids[3]).hops[0], 4);
	sample.vlan_count = 2;
	ck_assert_uint_eq(forward_short(&sample, 0, server_ids[3]).hops[0], 4);
	glb_generation_free(gen);
}
END_TEST

/* Its row names it twice, so nothing is left to list. */
START_TEST(a_server_that_is_alone_is_not_listed_behind_itself)
{
	struct sample sample = datagram("198.51.100.1", "192.0.2.10", 443);
	struct glb_table_spec alone = spec;

	alone.backend_count = 1;
	glb_tables_free(&tables);
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&alone, 1}, NULL, NULL), 0);
	serve();
	ck_assert_uint_eq(forward_short(&sample, 7, 0).hop_count, 2);
	ck_assert_uint_eq(forward_short(&sample, 0, 0).hop_count, 1);
	ck_assert_uint_eq(forward_short(&sample, 0, 0).hops[0], 1);
	glb_generation_free(gen);
}
END_TEST

START_TEST(every_packet_of_a_burst_goes_to_the_server_it_names)
{
	enum { COUNT = 70 };
	static uint8_t buffers[COUNT][HEADROOM + 128];
	struct sample sample = datagram("198.51.100.1", "192.0.2.10", 443);
	struct glb_packet burst[COUNT];
	uint8_t first = 0;

	serve();
	first = forward_short(&sample, 7, 0).hops[0];
	for (unsigned int i = 0; i < COUNT; i++) {
		burst[i] = (struct glb_packet){.data = buffers[i] + HEADROOM, .headroom = HEADROOM};
		burst[i].len = frame_write(burst[i].data, &sample);

		uint8_t *payload = burst[i].data + burst[i].len - sample.payload_len;

		payload[1] = i % 3 ? 0 : 0xff;
		glb_store_be16(payload + 2, server_ids[i % 2 ? 3 : 1]);
	}
	glb_forward(gen, burst, COUNT);
	for (unsigned int i = 0; i < COUNT; i++)
		ck_assert_uint_eq(burst[i].data[14 + 19], !(i % 3) ? first : i % 2 ? 4 : 2);
	glb_generation_free(gen);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("forward_quic");
	TCase *quic = tcase_create("forward_quic");

	tcase_add_unchecked_fixture(quic, make_tables, NULL);
	tcase_add_test(quic,
		       a_known_server_is_first_whatever_its_state_and_the_hops_of_the_flow_follow);
	tcase_add_test(quic, the_same_holds_with_the_hops_of_alternative_fields);
	tcase_add_test(quic, the_same_holds_for_a_table_from_an_image);
	tcase_add_test(quic, a_server_nobody_has_leaves_the_packet_with_its_flow);
	tcase_add_test(quic, a_client_that_moves_keeps_its_server);
	tcase_add_test(quic, only_whole_udp_packets_to_quic_binds_are_asked);
	tcase_add_test(quic, options_and_tags_do_not_hide_the_connection_id);
	tcase_add_test(quic, a_server_that_is_alone_is_not_listed_behind_itself);
	tcase_add_test(quic, every_packet_of_a_burst_goes_to_the_server_it_names);
	suite_add_tcase(suite, quic);
	return suite;
}
