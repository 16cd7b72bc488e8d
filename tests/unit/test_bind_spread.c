/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real VIPs differ in their last bytes only. Wherever those are in a key, they must choose the
 * slot, or look-ups walk along chains; that takes time, which tests cannot measure, so the index is
 * looked into.
 */
#include "../../src/core/bind.c"
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

START_TEST(neighbouring_vips_are_spread_over_the_index)
{
	static uint32_t hashes[VIPS];
	const struct exact_index index = {.shift4 = 64 - 14, .shift6 = 64 - 14};
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
		uint64_t what = exact_what(version, GLB_PROTO_TCP, le_port(443));
		uint64_t words[2] = {glb_load_le64(addr.bytes), glb_load_le64(addr.bytes + 8)};

		hashes[i] = version == 4 ? exact_slot4(&index, what | words[0])
					 : exact_slot6(&index, words, what);
	}
	ck_assert_uint_le(fullest(hashes), CHAIN_MAX);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("bind_spread");
	TCase *spread = tcase_create("spread");

	tcase_add_loop_test(spread, neighbouring_vips_are_spread_over_the_index, 0, 2);
	suite_add_tcase(suite, spread);
	return suite;
}
