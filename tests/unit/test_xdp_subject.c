/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "director/xdp/subject.h"
#include "suite.h"

/* Headers, in the order of a frame; addresses are 10.0.0.from and 10.0.0.to. */
#define ETHERNET(high, low) 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, high, low
#define IPV4(proto, from, to)                                                                      \
	0x45, 0, 0, 56, 0, 0, 0, 0, 64, proto, 0, 0, 10, 0, 0, from, 10, 0, 0, to
#define ICMP(type, code) type, code, 0, 0, 0, 0, 0, 0
#define PORTS(from, to)	 (from) >> 8, (from)&0xff, (to) >> 8, (to)&0xff, 0, 8, 0, 0

struct read {
	uint8_t version;
	unsigned int destination; /* last byte of the address; 0: none */
	unsigned int quoted;	  /* the same of what it quotes */
	bool is_gue;
};

/* What is read of a frame, in memory that ends where it does. */
static struct read read_frame(const uint8_t *bytes, size_t len)
{
	uint8_t *frame = malloc(len ? len : 1);
	struct read read = {.version = 0};
	struct xdp_key key;

	ck_assert_ptr_nonnull(frame);
	memcpy(frame, bytes, len);

	struct glb_cursor cur = glb_cursor(frame, len);

	read.version = subject_version(&cur);
	if (read.version && subject_destination(&key, cur, read.version))
		read.destination = key.address[read.version == 4 ? 3 : 15];
	if (read.version && subject_quoted(&key, &read.is_gue, cur, read.version))
		read.quoted = key.address[read.version == 4 ? 3 : 15];
	free(frame);
	return read;
}

static const uint8_t error_frame[] = {ETHERNET(0x08, 0x00), IPV4(1, 9, 1), ICMP(3, 4),
				      IPV4(17, 1, 3), PORTS(0x8001, GLB_GUE_PORT)};

enum { IP = 14, QUOTE = 14 + 20 + 8 };

START_TEST(an_error_is_read_with_what_it_quotes)
{
	struct read read = read_frame(error_frame, sizeof(error_frame));

	ck_assert_uint_eq(read.version, 4);
	ck_assert_uint_eq(read.destination, 1);
	ck_assert_uint_eq(read.quoted, 1);
	ck_assert(read.is_gue);
}
END_TEST

/* One byte of the frame is changed. */
static const struct {
	unsigned int at;
	uint8_t byte;
	struct read want;
	const char *what;
} changed[] = {
	{12, 0x86, {.version = 0}, "another protocol"},
	{IP + 19, 7, {4, 7, 1, true}, "another destination"},
	{IP + 9, 6, {4, 1, 0, false}, "TCP"},
	{IP + 7, 1, {4, 1, 0, false}, "a later fragment"},
	{IP + 0, 0x44, {4, 1, 0, false}, "a broken header"},
	{IP + 20, 0, {4, 1, 0, false}, "an echo reply"},
	{IP + 20, 11, {4, 1, 1, true}, "time exceeded"},
	{IP + 20, 5, {4, 1, 0, false}, "a redirect"},
	{QUOTE + 15, 8, {4, 1, 8, true}, "a quote from another address"},
	{QUOTE + 9, 6, {4, 1, 1, false}, "a quote of TCP"},
	{QUOTE + 22, 7, {4, 1, 1, false}, "a quote to another port"},
	{QUOTE + 7, 1, {4, 1, 0, false}, "a quote of a later fragment"},
	{QUOTE + 0, 0x65, {4, 1, 0, false}, "a quote of another version"},
};

START_TEST(each_part_of_an_error_counts)
{
	uint8_t frame[sizeof(error_frame)];
	struct read read;

	memcpy(frame, error_frame, sizeof(frame));
	frame[changed[_i].at] = changed[_i].byte;
	read = read_frame(frame, sizeof(frame));
	ENSURE(read.version == changed[_i].want.version, "%s: version", changed[_i].what);
	ENSURE(read.destination == changed[_i].want.destination, "%s: destination",
	       changed[_i].what);
	ENSURE(read.quoted == changed[_i].want.quoted, "%s: quoted", changed[_i].what);
	ENSURE(!read.quoted || read.is_gue == changed[_i].want.is_gue, "%s: GUE", changed[_i].what);
}
END_TEST

START_TEST(a_cut_frame_has_what_is_whole)
{
	for (size_t len = 0; len < sizeof(error_frame); len++) {
		struct read read = read_frame(error_frame, len);

		ENSURE(read.version == (len >= IP ? 4 : 0), "%zu bytes: version", len);
		ENSURE(read.destination == (len >= IP + 20), "%zu bytes: destination", len);
		ENSURE(read.quoted == (len >= QUOTE + 24), "%zu bytes: quoted", len);
	}
}
END_TEST

START_TEST(keys_compare_as_bytes)
{
	static const uint8_t address[16] = {[0 ... 15] = 0xee};
	struct xdp_key key, again;

	memset(&key, 0xaa, sizeof(key));
	memset(&again, 0x55, sizeof(again));
	subject_key(&key, address, 4);
	subject_key(&again, address, 4);
	ck_assert_mem_eq(&key, &again, sizeof(key));
	ck_assert_uint_eq(key.bit_count, 40);
	ck_assert_uint_eq(key.address[4], 0);
	subject_key(&key, address, 6);
	ck_assert_uint_eq(key.bit_count, 136);
	ck_assert_mem_eq(key.address, address, 16);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("xdp_subject");
	TCase *subject = tcase_create("xdp_subject");

	tcase_add_test(subject, an_error_is_read_with_what_it_quotes);
	tcase_add_loop_test(subject, each_part_of_an_error_counts, 0, COUNT_OF(changed));
	tcase_add_test(subject, a_cut_frame_has_what_is_whole);
	tcase_add_test(subject, keys_compare_as_bytes);
	suite_add_tcase(suite, subject);
	return suite;
}
