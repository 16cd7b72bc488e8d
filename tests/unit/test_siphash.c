/* SPDX-License-Identifier: BSD-3-Clause */
#include <glb/siphash.h>

#include "suite.h"

/*
 * The reference vectors of the SipHash authors: key 00 01 .. 0f, message 00 01 .. of 0 to 63 bytes.
 * tests/oracle/vectors/siphash.json has the same digests, written by an independent model.
 */
static const uint64_t reference[64] = {
	0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
	0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
	0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
	0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
	0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
	0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8,
	0xb8ad50c6f649af94, 0xbce192de8a85b8ea, 0x17d835b85bbb15f3, 0x2f2e6163076bcfad,
	0xde4daaaca71dc9a5, 0xa6a2506687956571, 0xad87a3535c49ef28, 0x32d892fad841c342,
	0x7127512f72f27cce, 0xa7f32346f95978e3, 0x12e0b01abb051238, 0x15e034d40fa197ae,
	0x314dffbe0815a3b4, 0x027990f029623981, 0xcadcd4e59ef40c4d, 0x9abfd8766a33735c,
	0x0e3ea96b5304a7d0, 0xad0c42d6fc585992, 0x187306c89bc215a9, 0xd4a60abcf3792b95,
	0xf935451de4f21df2, 0xa9538f0419755787, 0xdb9acddff56ca510, 0xd06c98cd5c0975eb,
	0xe612a3cb9ecba951, 0xc766e62cfcadaf96, 0xee64435a9752fe72, 0xa192d576b245165a,
	0x0a8787bf8ecb74b2, 0x81b3e73d20b49b6f, 0x7fa8220ba3b2ecea, 0x245731c13ca42499,
	0xb78dbfaf3a8d83bd, 0xea1ad565322a1a0b, 0x60e61c23a3795013, 0x6606d7e446282b93,
	0x6ca4ecb15c5f91e1, 0x9f626da15c9625f3, 0xe51b38608ef25f57, 0x958a324ceb064572,
};

static void count_up(uint8_t *bytes, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		bytes[i] = (uint8_t)i;
}

START_TEST(the_reference_vectors_are_reproduced)
{
	uint8_t key[GLB_SIPHASH_KEY_LEN];
	uint8_t message[64];

	count_up(key, sizeof(key));
	count_up(message, sizeof(message));
	for (unsigned int len = 0; len < 64; len++)
		ck_assert_uint_eq(glb_siphash(key, message, len), reference[len]);
}
END_TEST

START_TEST(a_hash_made_word_by_word_is_the_same)
{
	uint8_t key[GLB_SIPHASH_KEY_LEN];
	uint8_t message[64];

	count_up(key, sizeof(key));
	count_up(message, sizeof(message));

	struct glb_siphash state = glb_siphash_start(key);

	glb_siphash_word(&state, glb_load_le64(message));
	ck_assert_uint_eq(glb_siphash_end(state, 0, 8), reference[8]);
	ck_assert_uint_eq(glb_siphash_end(state, glb_load_le32(message + 8), 12), reference[12]);
}
END_TEST

START_TEST(of_the_length_only_the_low_8_bits_count_as_in_the_paper)
{
	uint8_t key[GLB_SIPHASH_KEY_LEN] = {0};
	struct glb_siphash state = glb_siphash_start(key);

	ck_assert_uint_eq(glb_siphash_end(state, 0, 256), glb_siphash_end(state, 0, 0));
	for (size_t len = 1; len < 256; len *= 2)
		ck_assert_uint_ne(glb_siphash_end(state, 0, len), glb_siphash_end(state, 0, 0));
}
END_TEST

START_TEST(every_byte_of_key_and_message_matters)
{
	uint8_t key[GLB_SIPHASH_KEY_LEN] = {0};
	uint8_t message[19] = {0};
	uint64_t hash = glb_siphash(key, message, sizeof(message));

	for (unsigned int i = 0; i < sizeof(key); i++) {
		key[i] = 0x80;
		ck_assert_uint_ne(glb_siphash(key, message, sizeof(message)), hash);
		key[i] = 0;
	}
	for (unsigned int i = 0; i < sizeof(message); i++) {
		message[i] = 0x80;
		ck_assert_uint_ne(glb_siphash(key, message, sizeof(message)), hash);
		message[i] = 0;
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("siphash");
	TCase *siphash = tcase_create("siphash");

	tcase_add_test(siphash, the_reference_vectors_are_reproduced);
	tcase_add_test(siphash, a_hash_made_word_by_word_is_the_same);
	tcase_add_test(siphash, of_the_length_only_the_low_8_bits_count_as_in_the_paper);
	tcase_add_test(siphash, every_byte_of_key_and_message_matters);
	suite_add_tcase(suite, siphash);
	return suite;
}
