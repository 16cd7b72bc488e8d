/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written is read by libpcap, which wants every length to be right. */
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/pcapng.h"
#include "suite.h"

enum { FRAME_MAX = 70, SNAPLEN = 65535 };

static char *text;
static size_t text_len;
static FILE *out;

static void start(void)
{
	out = open_memstream(&text, &text_len);
}

static void stop(void)
{
	free(text);
}

static pcap_t *read_back(void)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap;

	ck_assert_int_eq(fclose(out), 0);
	pcap = pcap_fopen_offline_with_tstamp_precision(fmemopen(text, text_len, "rb"),
							PCAP_TSTAMP_PRECISION_NANO, why);
	ck_assert_msg(pcap, "%s", why);
	ck_assert_int_eq(pcap_datalink(pcap), DLT_EN10MB);
	return pcap;
}

START_TEST(frames_of_any_length_come_back)
{
	uint8_t bytes[FRAME_MAX];
	char comment[FRAME_MAX + 1] = "";
	struct pcap_pkthdr *header;
	const u_char *data;
	pcap_t *pcap;

	for (unsigned int i = 0; i < FRAME_MAX; i++)
		bytes[i] = (uint8_t)(i + 1);
	pcapng_begin(out, "a test");
	pcapng_add_interface(out, "one", SNAPLEN);
	pcapng_add_interface(out, "seven o", SNAPLEN);
	for (uint32_t len = 0; len < FRAME_MAX; len++) {
		const struct pcapng_packet packet = {
			.interface = len % 2,
			.time_ns = 1796018721114052116 + len,
			.bytes = bytes,
			.kept = len,
			.len = len + len % 3,
			.is_outbound = len % 2,
			.id = len,
			.comment = comment,
		};

		memset(comment, 'c', len);
		pcapng_add(out, &packet);
	}
	pcap = read_back();
	for (uint32_t len = 0; len < FRAME_MAX; len++) {
		ck_assert_int_eq(pcap_next_ex(pcap, &header, &data), 1);
		ck_assert_uint_eq(header->caplen, len);
		ck_assert_uint_eq(header->len, len + len % 3);
		ck_assert_int_eq(header->ts.tv_sec, 1796018721);
		ck_assert_int_eq(header->ts.tv_usec, 114052116 + (long)len);
		ck_assert_int_eq(memcmp(data, bytes, len), 0);
	}
	ck_assert_int_eq(pcap_next_ex(pcap, &header, &data), PCAP_ERROR_BREAK);
	pcap_close(pcap);
}
END_TEST

/* The length of an option has 16 bits. */
START_TEST(a_text_that_is_too_long_is_cut)
{
	static char comment[2 * PCAPNG_TEXT_MAX];
	const uint8_t byte = 1;
	const struct pcapng_packet packet = {
		.bytes = &byte, .kept = 1, .len = 1, .comment = comment};
	struct pcap_pkthdr *header;
	const u_char *data;
	pcap_t *pcap;

	memset(comment, 'c', sizeof(comment) - 1);
	pcapng_begin(out, comment);
	pcapng_add_interface(out, comment, SNAPLEN);
	pcapng_add(out, &packet);
	pcap = read_back();
	ck_assert_int_eq(pcap_next_ex(pcap, &header, &data), 1);
	ck_assert_uint_eq(header->caplen, 1);
	ck_assert_int_eq(pcap_next_ex(pcap, &header, &data), PCAP_ERROR_BREAK);
	pcap_close(pcap);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("pcapng");
	TCase *tests = tcase_create("pcapng");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, frames_of_any_length_come_back);
	tcase_add_test(tests, a_text_that_is_too_long_is_cut);
	suite_add_tcase(suite, tests);
	return suite;
}
