/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/deny.h"
#include "suite.h"

static int parse(struct glb_deny **out, const char *text, struct report *report)
{
	report_init(report);
	return deny_parse(out, "deny.conf", text, strlen(text), report);
}

static bool denies(const struct glb_deny *deny, const char *text)
{
	struct glb_addr addr;

	ck_assert(addr_parse(&addr, text));
	return glb_denies(deny, addr.bytes, addr.version);
}

START_TEST(a_file_has_a_prefix_or_an_address_on_a_line_and_comments)
{
	static const char text[] = "# what a blocklist says\n"
				   "192.0.2.0/24 ; SBL1\r\n"
				   "\n"
				   "   \t 198.51.100.7   # one host\n"
				   "2001:db8::/32\n"
				   "2001:DB8:1::1#and another\n"
				   "192.0.2.0/24\n"
				   "203.0.113.0/25"; /* without a newline */
	struct glb_deny *deny;
	struct report report;
	struct glb_addr addr;

	ck_assert_int_eq(parse(&deny, text, &report), 0);
	ck_assert_uint_eq(report.count, 0);
	ck_assert_uint_eq(deny->prefix_count, 6);
	ck_assert(denies(deny, "192.0.2.255") && !denies(deny, "192.0.3.0"));
	ck_assert(denies(deny, "198.51.100.7") && !denies(deny, "198.51.100.8"));
	ck_assert(denies(deny, "203.0.113.127") && !denies(deny, "203.0.113.128"));
	ck_assert(denies(deny, "2001:db8:ffff::") && !denies(deny, "2001:db9::"));
	ck_assert(addr_parse(&addr, "198.51.100.7"));
	ck_assert_uint_eq(glb_deny_find(deny, &addr)->line, 4);
	glb_deny_free(deny);
}
END_TEST

START_TEST(a_file_without_prefixes_denies_nobody)
{
	static const char *const texts[] = {"", "\n", "# nobody\n\n  \n;", "\r\n"};
	struct glb_deny *deny;
	struct report report;

	ck_assert_int_eq(parse(&deny, texts[_i], &report), 0);
	ck_assert_uint_eq(deny->prefix_count, 0);
	ck_assert(!denies(deny, "192.0.2.1") && !denies(deny, "::1"));
	glb_deny_free(deny);
}
END_TEST

/* All lines of a report. */
static const char *lines_of(char out[4096], const struct report *report)
{
	char line[REPORT_LINE_LEN_MAX];

	*out = '\0';
	for (uint32_t i = 0; i < report->count; i++) {
		strcat(out, severity_name(report->problems[i].severity));
		strcat(out, " ");
		strcat(out, report_line(line, &report->problems[i]));
		strcat(out, "\n");
	}
	return out;
}

START_TEST(a_bad_file_is_refused_with_every_line_and_reason)
{
	static const struct {
		const char *text;
		const char *lines;
	} cases[] = {
		{"192.0.2.0/33", "error deny.conf:1:1: \"192.0.2.0/33\" is not an IPv4 or IPv6 "
				 "address or prefix\n"},
		{"192.0.2.1\n\n  example.org # no names\n2001:db8::/129\n",
		 "error deny.conf:3:3: \"example.org\" is not an IPv4 or IPv6 address or prefix\n"
		 "error deny.conf:4:1: \"2001:db8::/129\" is not an IPv4 or IPv6 address or "
		 "prefix\n"},
		{"192.0.2.1 192.0.2.2",
		 "error deny.conf:1:1: \"192.0.2.1 192.0.2.2\" is not an IPv4 or IPv6 address or "
		 "prefix\n"},
		{"192.0.2.0/", "error deny.conf:1:1: \"192.0.2.0/\" is not an IPv4 or IPv6 address "
			       "or prefix\n"},
		{"0.0.0.0/0", "error deny.conf:1:1: \"0.0.0.0/0\" denies everybody: to take no "
			      "packets, use glbctl leave\n"},
		{"::/0", "error deny.conf:1:1: \"::/0\" denies everybody: to take no packets, use "
			 "glbctl leave\n"},
		{"1234567890123456789012345678901234567890123456789012345678901234567890",
		 "error deny.conf:1:1: "
		 "\"123456789012345678901234567890123456789012345678901234567890\" is not an IPv4 "
		 "or IPv6 address or prefix\n"},
	};
	struct glb_deny *deny = NULL;
	struct report report;
	char lines[4096];

	ck_assert_int_eq(parse(&deny, cases[_i].text, &report), -EINVAL);
	ck_assert_ptr_null(deny);
	ck_assert_str_eq(lines_of(lines, &report), cases[_i].lines);
}
END_TEST

START_TEST(what_is_probably_not_meant_is_taken_with_a_warning_unless_strict)
{
	static const char text[] = "192.0.2.7/24\n"
				   "8.0.0.0/7\n"
				   "9.0.0.0/8\n"
				   "2000::/15\n";
	struct glb_deny *deny;
	struct report report;
	char lines[4096];

	ck_assert_int_eq(parse(&deny, text, &report), 0);
	ck_assert_str_eq(lines_of(lines, &report),
			 "warning deny.conf:1:1: \"192.0.2.7/24\" has host bits: it means "
			 "192.0.2.0/24\n"
			 "warning deny.conf:2:1: \"8.0.0.0/7\" denies 1/128 or more of all IPv4 "
			 "addresses\n"
			 "warning deny.conf:4:1: \"2000::/15\" denies 1/32768 or more of all IPv6 "
			 "addresses\n");
	ck_assert(denies(deny, "192.0.2.200"));
	glb_deny_free(deny);
	report_init(&report);
	report.strict = true;
	ck_assert_int_eq(deny_parse(&deny, "deny.conf", text, strlen(text), &report), -EINVAL);
}
END_TEST

START_TEST(a_byte_0_is_not_the_end_of_a_prefix)
{
	static const char text[] = "192.0.2.1\0/8";
	struct glb_deny *deny;
	struct report report;

	report_init(&report);
	ck_assert_int_eq(deny_parse(&deny, "deny.conf", text, sizeof(text) - 1, &report), -EINVAL);
}
END_TEST

START_TEST(as_many_prefixes_as_possible_are_taken_and_no_more)
{
	static const char line[] = "192.0.2.1\n";
	const size_t len = strlen(line);
	char *text = malloc((GLB_DENY_MAX + 1) * len);
	struct glb_deny *deny;
	struct report report;
	char lines[4096];

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i <= GLB_DENY_MAX; i++)
		memcpy(text + i * len, line, len);
	report_init(&report);
	ck_assert_int_eq(deny_parse(&deny, "deny.conf", text, GLB_DENY_MAX * len, &report), 0);
	ck_assert_uint_eq(deny->prefix_count, GLB_DENY_MAX);
	glb_deny_free(deny);
	report_init(&report);
	ck_assert_int_eq(deny_parse(&deny, "deny.conf", text, (GLB_DENY_MAX + 1) * len, &report),
			 -EINVAL);
	ck_assert_str_eq(lines_of(lines, &report),
			 "error deny.conf:200001:1: only 200000 prefixes are possible\n");
	free(text);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("deny_file");
	TCase *files = tcase_create("files");

	tcase_add_test(files, a_file_has_a_prefix_or_an_address_on_a_line_and_comments);
	tcase_add_loop_test(files, a_file_without_prefixes_denies_nobody, 0, 4);
	tcase_add_loop_test(files, a_bad_file_is_refused_with_every_line_and_reason, 0, 7);
	tcase_add_test(files, what_is_probably_not_meant_is_taken_with_a_warning_unless_strict);
	tcase_add_test(files, a_byte_0_is_not_the_end_of_a_prefix);
	tcase_add_test(files, as_many_prefixes_as_possible_are_taken_and_no_more);
	suite_add_tcase(suite, files);
	return suite;
}
