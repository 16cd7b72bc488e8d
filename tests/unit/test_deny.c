/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/deny.h>

#include "addrs.h"
#include "chance.h"
#include "suite.h"

enum { PREFIXES_MAX = 1200, ASKED = 200 };

static struct glb_deny *make(const struct glb_deny_prefix *prefixes, uint32_t count)
{
	struct glb_deny *deny;

	ck_assert_int_eq(glb_deny_make(&deny, prefixes, count), 0);
	ck_assert_uint_eq(deny->prefix_count, count);
	return deny;
}

/* Bit by bit. */
static bool has(const struct glb_deny_prefix *prefix, const struct glb_addr *addr)
{
	if (prefix->addr.version != addr->version)
		return false;
	for (unsigned int bit = 0; bit < prefix->prefix_len; bit++)
		if ((prefix->addr.bytes[bit / 8] ^ addr->bytes[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

/* Do all ways to ask about an address come to the same? */
static void ask(const struct glb_deny *deny, const struct glb_addr *addr)
{
	const struct glb_deny_prefix *want = NULL;
	bool denied;

	for (uint32_t i = 0; i < deny->prefix_count; i++) {
		const struct glb_deny_prefix *prefix = &deny->prefixes[i];

		if (has(prefix, addr) && (!want || prefix->prefix_len > want->prefix_len))
			want = prefix;
	}
	denied = glb_denies(deny, addr->bytes, addr->version);
	ck_assert_msg(denied == (want != NULL),
		      "IPv%u %02x%02x:%02x%02x:%02x%02x:%02x%02x of %u prefixes", addr->version,
		      addr->bytes[0], addr->bytes[1], addr->bytes[2], addr->bytes[3],
		      addr->bytes[4], addr->bytes[5], addr->bytes[6], addr->bytes[7],
		      deny->prefix_count);
	ck_assert_ptr_eq(glb_deny_find(deny, addr), want);
}

/* Every address just within a prefix, and just outside. */
static void ask_at_ends(const struct glb_deny *deny, const struct glb_deny_prefix *prefix)
{
	struct glb_addr first = prefix->addr;
	struct glb_addr last = prefix->addr;

	for (unsigned int bit = prefix->prefix_len; bit < (first.version == 4 ? 32 : 128); bit++) {
		first.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
	ask(deny, &first);
	ask(deny, &last);
	for (int at = first.version == 4 ? 3 : 15; at >= 0 && !first.bytes[at]--; at--)
		;
	for (int at = last.version == 4 ? 3 : 15; at >= 0 && !++last.bytes[at]; at--)
		;
	ask(deny, &first);
	ask(deny, &last);
}

START_TEST(an_empty_list_denies_nobody)
{
	struct glb_deny *deny = make(NULL, 0);
	struct glb_addr four = addr4(0xc0000201);
	struct glb_addr six = addr6(0x20010db800000000, 1);

	ask(deny, &four);
	ask(deny, &six);
	ck_assert_ptr_null(glb_deny_find(NULL, &four));
	glb_deny_free(deny);
	glb_deny_free(NULL);
}
END_TEST

START_TEST(prefixes_of_all_lengths_deny_their_addresses_and_no_other)
{
	for (uint8_t len = 1; len <= 128; len++) {
		const struct glb_deny_prefix prefixes[] = {
			{.addr = addr6(0x20010db8a5a5c3c3, 0x0123456789abcdef), .prefix_len = len},
			{.addr = addr4(0xc6336455), .prefix_len = (uint8_t)(1 + len % 32)},
		};
		struct glb_deny *deny = make(prefixes, 2);

		ask_at_ends(deny, &prefixes[0]);
		ask_at_ends(deny, &prefixes[1]);
		glb_deny_free(deny);
	}
}
END_TEST

/* Half are near another, so that they overlap, touch and share slots. */
static void choose_prefix(struct glb_deny_prefix *prefixes, uint32_t i, struct chance *chance)
{
	struct glb_deny_prefix *prefix = &prefixes[i];
	const struct glb_deny_prefix *near = &prefixes[i ? chance_below(chance, i) : 0];

	*prefix = (struct glb_deny_prefix){.line = i + 1};
	if (chance_once_in(chance, 2))
		prefix->addr = addr4((uint32_t)chance_next(chance));
	else
		prefix->addr =
			addr6(chance_next(chance) >> chance_below(chance, 30), chance_next(chance));
	if (i && chance_once_in(chance, 2)) {
		prefix->addr = near->addr;
		prefix->addr.bytes[chance_below(chance, near->addr.version == 4 ? 4 : 16)] ^=
			(uint8_t)(1 << chance_below(chance, 8));
	}
	prefix->prefix_len =
		(uint8_t)(1 + chance_below(chance, prefix->addr.version == 4 ? 32 : 128));
	if (prefix->prefix_len < 12 && !chance_once_in(chance, 10))
		prefix->prefix_len = prefix->addr.version == 4 ? 32 : 64;
}

START_TEST(random_lists_deny_what_a_look_at_every_prefix_says)
{
	static struct glb_deny_prefix prefixes[PREFIXES_MAX];
	static const uint32_t counts[] = {1, 2, 3, 10, 60, 400, PREFIXES_MAX};
	struct chance chance = {.state = (uint64_t)_i};
	const uint32_t count = counts[(unsigned int)_i % COUNT_OF(counts)];
	struct glb_deny *deny;

	for (uint32_t i = 0; i < count; i++)
		choose_prefix(prefixes, i, &chance);
	deny = make(prefixes, count);
	for (uint32_t i = 0; i < count && i < 150; i++)
		ask_at_ends(deny, &prefixes[i]);
	for (unsigned int i = 0; i < ASKED; i++) {
		struct glb_addr four = addr4((uint32_t)chance_next(&chance));
		struct glb_addr six = addr6(chance_next(&chance), chance_next(&chance));

		ask(deny, &four);
		ask(deny, &six);
	}
	glb_deny_free(deny);
}
END_TEST

START_TEST(many_prefixes_of_one_network_are_told_apart)
{
	static struct glb_deny_prefix prefixes[PREFIXES_MAX];
	struct glb_deny *deny;

	for (uint32_t i = 0; i < PREFIXES_MAX; i++)
		prefixes[i] = (struct glb_deny_prefix){.addr = i % 2 ? addr4(0x0a000000 + i)
								     : addr6(0x20010db800000000, i),
						       .prefix_len = i % 2 ? 32 : 128};
	deny = make(prefixes, PREFIXES_MAX);
	for (uint32_t i = 0; i < PREFIXES_MAX; i++)
		ask_at_ends(deny, &prefixes[i]);
	glb_deny_free(deny);
}
END_TEST

static void digest_of(char out[GLB_DENY_DIGEST_LEN], const struct glb_deny_prefix *prefixes,
		      uint32_t count)
{
	struct glb_deny *deny = make(prefixes, count);

	memcpy(out, deny->digest, GLB_DENY_DIGEST_LEN);
	ck_assert_uint_eq(strlen(out), GLB_DENY_DIGEST_LEN - 1);
	glb_deny_free(deny);
}

START_TEST(the_digest_is_of_the_denied_addresses_and_not_of_how_they_are_written)
{
	const struct glb_deny_prefix whole[] = {{.addr = addr4(0x0a000000), .prefix_len = 8},
						{.addr = addr6(1ULL << 61, 0), .prefix_len = 16}};
	const struct glb_deny_prefix parts[] = {{.addr = addr6(1ULL << 61, 0), .prefix_len = 16},
						{.addr = addr4(0x0a800000), .prefix_len = 9},
						{.addr = addr4(0x0a000000), .prefix_len = 9},
						{.addr = addr4(0x0a010203), .prefix_len = 32}};
	char one[GLB_DENY_DIGEST_LEN];
	char other[GLB_DENY_DIGEST_LEN];

	digest_of(one, whole, 2);
	digest_of(other, parts, 4);
	ck_assert_str_eq(one, other);
	digest_of(other, parts, 3);
	ck_assert_str_eq(one, other);
	digest_of(other, parts, 2);
	ck_assert_str_ne(one, other);
	digest_of(other, whole, 1);
	ck_assert_str_ne(one, other);
}
END_TEST

START_TEST(a_shared_list_is_there_until_its_last_share_is_released)
{
	const struct glb_deny_prefix prefix = {.addr = addr4(0x0a000000), .prefix_len = 8};
	struct glb_deny *deny = make(&prefix, 1);
	struct glb_deny *share = glb_deny_share(deny);
	struct glb_addr addr = addr4(0x0a010203);

	ck_assert_ptr_eq(share, deny);
	glb_deny_free(deny);
	ask(share, &addr);
	glb_deny_free(share);
	ck_assert_ptr_null(glb_deny_share(NULL));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("deny");
	TCase *lists = tcase_create("lists");

	tcase_set_timeout(lists, 60);
	tcase_add_test(lists, an_empty_list_denies_nobody);
	tcase_add_test(lists, prefixes_of_all_lengths_deny_their_addresses_and_no_other);
	tcase_add_loop_test(lists, random_lists_deny_what_a_look_at_every_prefix_says, 0, 14);
	tcase_add_test(lists, many_prefixes_of_one_network_are_told_apart);
	tcase_add_test(lists,
		       the_digest_is_of_the_denied_addresses_and_not_of_how_they_are_written);
	tcase_add_test(lists, a_shared_list_is_there_until_its_last_share_is_released);
	suite_add_tcase(suite, lists);
	return suite;
}
