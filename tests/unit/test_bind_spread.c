/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real VIPs differ in their last bytes only, or in those that tell networks apart, and have many
 * ports. Wherever those are in a key, they must choose the slot, or look-ups walk along chains;
 * that takes time, which tests cannot measure, so the index is looked into.
 */
#include "core/bind/exact.h"
#include "core/bind/level.h"
#include "suite.h"

enum { VIPS = 4096, SLOTS = 4 * VIPS, CHAIN_MAX = 16 };
_Static_assert(SLOTS == 1 << 14, "what the test shifts by");

static struct glb_addr vip(uint8_t version, unsigned int i)
{
	struct glb_addr addr = {.version = version};
	uint8_t *end = addr.bytes + (version == 4 ? 4 : 16);

	memcpy(addr.bytes, version == 4 ? "\xc0\0" : "\x20\1\x0d\xb8", version == 4 ? 2 : 4);
	end[-2] = (uint8_t)(i >> 8);
	end[-1] = (uint8_t)i;
	return addr;
}

/* How many keys would choose the fullest slot? */
static unsigned int fullest(const uint32_t *hashes)
{
	static unsigned int counts[SLOTS];
	unsigned int most = 0;

	memset(counts, 0, sizeof(counts));
	for (unsigned int i = 0; i < VIPS; i++) {
		unsigned int *count = &counts[hashes[i] % SLOTS];

		most = ++*count > most ? *count : most;
	}
	return most;
}

static uint64_t exact_slot(const struct glb_addr *addr, uint16_t port)
{
	const struct exact_index index = {.shift4 = 64 - 14, .shift6 = 64 - 14};
	uint64_t what = exact_what(addr->version, GLB_PROTO_TCP, exact_port(port));
	uint64_t words[2] = {glb_load_le64(addr->bytes), glb_load_le64(addr->bytes + 8)};

	return addr->version == 4 ? exact_slot4(&index, what | words[0])
				  : exact_slot6(&index, words, what);
}

START_TEST(neighbouring_vips_are_spread_over_the_index)
{
	static uint32_t hashes[VIPS];
	uint8_t version = _i ? 6 : 4;
	struct level level = level_of(version, version == 4 ? 32 : 128);

	for (unsigned int i = 0; i < VIPS; i++) {
		struct glb_addr addr = vip(version, i);
		struct key key = key_of(&level, addr.bytes, PROTO_NONE);

		hashes[i] = key_hash(&key);
	}
	ck_assert_uint_le(fullest(hashes), CHAIN_MAX);
	for (unsigned int i = 0; i < VIPS; i++) {
		struct glb_addr addr = vip(version, i);

		hashes[i] = (uint32_t)exact_slot(&addr, 443);
	}
	ck_assert_uint_le(fullest(hashes), CHAIN_MAX);
}
END_TEST

START_TEST(vips_of_many_ports_or_networks_are_spread_over_the_index)
{
	static uint32_t hashes[VIPS];
	unsigned int addr_len = _i ? 16 : 4;

	for (unsigned int a = 0; a < addr_len; a++) {
		for (unsigned int b = a + 1; b <= addr_len; b++) {
			for (unsigned int i = 0; i < VIPS; i++) {
				struct glb_addr addr = vip(_i ? 6 : 4, 1);
				uint16_t port = (uint16_t)(b == addr_len ? 8000 + i % 64 : 443);

				addr.bytes[a] = (uint8_t)(1 + i / 64);
				if (b < addr_len)
					addr.bytes[b] = (uint8_t)(i % 64);
				hashes[i] = (uint32_t)exact_slot(&addr, port);
			}
			ck_assert_msg(fullest(hashes) <= CHAIN_MAX, "bytes %u and %u: %u", a, b,
				      fullest(hashes));
		}
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("bind_spread");
	TCase *spread = tcase_create("spread");

	tcase_add_loop_test(spread, neighbouring_vips_are_spread_over_the_index, 0, 2);
	tcase_add_loop_test(spread, vips_of_many_ports_or_networks_are_spread_over_the_index, 0, 2);
	suite_add_tcase(suite, spread);
	return suite;
}
