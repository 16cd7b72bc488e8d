/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about src/core/forward/ingress.h, by way of glb/forward.h: whose frames does a port take? */
#include <stdlib.h>
#include <string.h>

#include <glb/forward.h>

#include "fixture.h"
#include "frame.h"
#include "suite.h"

enum { HEADROOM = GLB_OUTER_LEN_MAX, BURST = 40 };

static const uint8_t own[GLB_MAC_LEN] = {2, 0, 0, 0, 2, 1}; /* of port 1 */
static struct glb_settings settings;
static struct glb_packet packets[BURST];
static uint8_t *buffers[BURST];

static const struct sample plain4 = {
	.version = 4, .proto = 6, .src = "10.11.12.13", .dst = "1.1.1.1", .dst_port = 80};
static const struct sample plain6 = {
	.version = 6, .proto = 6, .src = "fd91::1", .dst = "fdb4:98ce:52d4::42", .dst_port = 80};

static void begin(void)
{
	settings = fixture_settings;
	settings.ports[1].mac_count = 0;
}

/* A frame at port 1, to an address. */
static void put(unsigned int i, const struct sample *sample, const uint8_t *mac)
{
	static uint8_t frame[FRAME_LEN_MAX];
	uint32_t len = frame_write(frame, sample);

	memcpy(frame, mac, GLB_MAC_LEN);
	buffers[i] = malloc(HEADROOM + len);
	ck_assert_ptr_nonnull(buffers[i]);
	memcpy(buffers[i] + HEADROOM, frame, len);
	packets[i] = (struct glb_packet){
		.data = buffers[i] + HEADROOM, .len = len, .headroom = HEADROOM, .port = 1};
}

static void decide(unsigned int n)
{
	struct glb_generation *gen = fixture_wide_generation(&settings);

	glb_forward(gen, packets, n);
	glb_generation_free(gen);
	for (unsigned int i = 0; i < n; i++)
		free(buffers[i]);
}

/* What becomes of a frame to an address, be it alone, first or last among others. */
static void expect(enum glb_verdict want, const uint8_t *mac, const struct sample *sample)
{
	const unsigned int places[] = {0, 1, BURST - 1};

	for (unsigned int p = 0; p < COUNT_OF(places); p++) {
		unsigned int place = places[p];

		for (unsigned int i = 0; i < BURST; i++)
			put(i, i % 2 ? &plain6 : &plain4, own);
		free(buffers[place]);
		put(place, sample, mac);
		decide(BURST);
		for (unsigned int i = 0; i < BURST; i++)
			ck_assert_str_eq(glb_verdict_label(packets[i].verdict),
					 glb_verdict_label(i == place ? want : GLB_FORWARD));
	}
	put(0, sample, mac);
	decide(1);
	ck_assert_str_eq(glb_verdict_label(packets[0].verdict), glb_verdict_label(want));
}

START_TEST(every_bit_of_the_destination_must_be_that_of_the_ports_address)
{
	uint8_t mac[GLB_MAC_LEN];
	bool group = _i == 0;

	begin();
	memcpy(mac, own, sizeof(mac));
	mac[_i / 8] ^= (uint8_t)(1 << _i % 8);
	expect(group ? GLB_PUNT_GROUP : GLB_DROP_OTHER_HOST, mac, &plain4);
	expect(group ? GLB_PUNT_GROUP : GLB_DROP_OTHER_HOST, mac, &plain6);
	expect(GLB_FORWARD, own, &plain4);
}
END_TEST

START_TEST(what_follows_the_destination_does_not_matter)
{
	begin();
	put(0, &plain4, own);
	memset(packets[0].data + GLB_MAC_LEN, 0xff, GLB_MAC_LEN);
	decide(1);
	ck_assert_uint_eq(packets[0].verdict, GLB_FORWARD);
}
END_TEST

START_TEST(frames_to_listed_addresses_are_taken)
{
	const uint8_t mac[GLB_MAC_LEN] = {0, 0, 0x5e, 0, 1, 7};
	const uint8_t zeros[GLB_MAC_LEN] = {0};
	struct glb_port *port = &settings.ports[1];

	begin();
	expect(GLB_DROP_OTHER_HOST, mac, &plain4);
	for (port->mac_count = 1; port->mac_count <= GLB_PORT_MACS_MAX; port->mac_count++) {
		memset(port->macs, 0xfe, sizeof(port->macs));
		memcpy(port->macs[port->mac_count - 1], mac, GLB_MAC_LEN);
		expect(GLB_FORWARD, mac, &plain4);
		expect(GLB_FORWARD, mac, &plain6);
	}
	/* behind those that are listed is nothing */
	memset(port->macs, 0, sizeof(port->macs));
	port->mac_count = 0;
	expect(GLB_DROP_OTHER_HOST, zeros, &plain4);
}
END_TEST

START_TEST(a_port_that_does_not_know_its_addresses_takes_frames_to_any_station)
{
	const uint8_t mac[GLB_MAC_LEN] = {0xfe, 1, 2, 3, 4, 5};
	const uint8_t group[GLB_MAC_LEN] = {0xff, 1, 2, 3, 4, 5};
	const uint8_t zeros[GLB_MAC_LEN] = {0};

	begin();
	settings.ports[1].any_mac = true;
	expect(GLB_FORWARD, mac, &plain4);
	expect(GLB_FORWARD, zeros, &plain6);
	expect(GLB_PUNT_GROUP, group, &plain4);
	expect(GLB_PUNT_GROUP, group, &plain6);
}
END_TEST

START_TEST(each_port_has_its_own_address)
{
	begin();
	for (unsigned int i = 0; i < BURST; i++) {
		uint8_t mac[GLB_MAC_LEN];

		memcpy(mac, own, sizeof(mac));
		mac[5] = (uint8_t)(i / 2 % 3);
		put(i, &plain4, mac);
		packets[i].port = (uint8_t)(i % 3);
	}
	for (unsigned int p = 0; p < 3; p++)
		settings.ports[p].mac_count = 0;
	decide(BURST);
	for (unsigned int i = 0; i < BURST; i++)
		ck_assert_uint_eq(packets[i].verdict,
				  i / 2 % 3 == i % 3 ? GLB_FORWARD : GLB_DROP_OTHER_HOST);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ingress");
	TCase *ingress = tcase_create("ingress");

	tcase_add_unchecked_fixture(ingress, fixture_share_wide, NULL);
	tcase_add_loop_test(ingress, every_bit_of_the_destination_must_be_that_of_the_ports_address,
			    0, 48);
	tcase_add_test(ingress, what_follows_the_destination_does_not_matter);
	tcase_add_test(ingress, frames_to_listed_addresses_are_taken);
	tcase_add_test(ingress,
		       a_port_that_does_not_know_its_addresses_takes_frames_to_any_station);
	tcase_add_test(ingress, each_port_has_its_own_address);
	suite_add_tcase(suite, ingress);
	return suite;
}
