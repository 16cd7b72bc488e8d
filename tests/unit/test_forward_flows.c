/* SPDX-License-Identifier: BSD-3-Clause */
/* Which flows errors and fragments follow in forward.h. */
#include <string.h>

#include <glb/hash.h>

#include "plain.h"
#include "suite.h"
#include "trial.h"

/* What VIPs sent, for errors to quote. */
#define FROM_VIP4(number)                                                                          \
	.version = 4, .src = "1.1.1.5", .dst = "10.11.12.13", .proto = (number), .src_port = 80,   \
	.dst_port = 45678
#define FROM_VIP6(number)                                                                          \
	.version = 6, .src = "fdb4:98ce:52d4::45", .dst = "fd91:79d3:d621::1234",                  \
	.proto = (number), .src_port = 80, .dst_port = 45678
#define ERROR4 .version = 4, .src = "203.0.113.1", .dst = "1.1.1.5", .proto = 1
#define ERROR6 .version = 6, .src = "2001:db8:77::1", .dst = "fdb4:98ce:52d4::45", .proto = 58

static const struct sample tcp4 = {FROM_VIP4(6)};
static const struct sample udp4 = {FROM_VIP4(17)};
static const struct sample tcp6 = {FROM_VIP6(6), .exts = "da"};
static const struct sample reply4 = {FROM_VIP4(1), .type = 0, .payload_len = 8};
static const struct sample reply6 = {FROM_VIP6(58), .type = 129, .payload_len = 8};

/* Errors of all kinds, and the packet whose flow they follow when they do. */
static const struct {
	const char *what;
	struct sample error;
	struct sample flow;
	bool compatible; /* followed in any case */
} errors[] = {
	{"fragmentation needed",
	 {ERROR4, .type = 3, .code = 4, .quote = &tcp4},
	 {FROM4, TCP, .dst = "1.1.1.5"},
	 true},
	{"port unreachable",
	 {ERROR4, .type = 3, .code = 3, .quote = &udp4},
	 {FROM4, UDP, .dst = "1.1.1.5"},
	 false},
	{"host unreachable",
	 {ERROR4, .type = 3, .code = 1, .quote = &tcp4},
	 {FROM4, TCP, .dst = "1.1.1.5"},
	 false},
	{"time exceeded",
	 {ERROR4, .type = 11, .quote = &tcp4},
	 {FROM4, TCP, .dst = "1.1.1.5"},
	 false},
	{"parameter problem",
	 {ERROR4, .type = 12, .quote = &tcp4},
	 {FROM4, TCP, .dst = "1.1.1.5"},
	 false},
	{"packet too big",
	 {ERROR6, .type = 2, .quote = &tcp6},
	 {FROM6, TCP, .dst = "fdb4:98ce:52d4::45"},
	 true},
	{"packet too big of code 1",
	 {ERROR6, .type = 2, .code = 1, .quote = &tcp6},
	 {FROM6, TCP, .dst = "fdb4:98ce:52d4::45"},
	 false},
	{"unreachable over IPv6",
	 {ERROR6, .type = 1, .code = 4, .quote = &tcp6},
	 {FROM6, TCP, .dst = "fdb4:98ce:52d4::45"},
	 false},
	{"time exceeded over IPv6",
	 {ERROR6, .type = 3, .quote = &tcp6},
	 {FROM6, TCP, .dst = "fdb4:98ce:52d4::45"},
	 false},
	{"parameter problem over IPv6",
	 {ERROR6, .type = 4, .quote = &tcp6},
	 {FROM6, TCP, .dst = "fdb4:98ce:52d4::45"},
	 false},
};

/* Primary and listed hops of what was sent: where it goes. */
struct way {
	uint8_t primary[16];
	uint8_t hops[3 * 16];
};

/* The VIPs here have proxies with IPv6 addresses, and packets list three behind the primary. */
static struct way forward(struct sample sample, const char *what)
{
	struct way way;

	trial.sample = sample;
	trial_expect(GLB_FORWARD, what);
	memcpy(way.primary, trial.sent + 24, 16);
	memcpy(way.hops, trial.sent + 56, sizeof(way.hops));
	return way;
}

static void check_way(const struct sample *sample, const struct sample *flow, const char *what)
{
	struct way is = forward(*sample, what);
	struct way want = forward(*flow, what);

	ck_assert_msg(!memcmp(&is, &want, sizeof(is)), "%s: another way", what);
}

START_TEST(an_error_follows_the_flow_it_quotes_if_its_kind_is_followed)
{
	trial_start(errors[_i].error);
	trial.settings.hash_fields = GLB_HASH_FIELDS_ALL;
	if (errors[_i].compatible)
		check_way(&errors[_i].error, &errors[_i].flow, errors[_i].what);
	else
		trial_expect(GLB_PUNT_NO_BIND, errors[_i].what);
	trial.settings.all_icmp_errors = true;
	check_way(&errors[_i].error, &errors[_i].flow, errors[_i].what);
}
END_TEST

START_TEST(an_error_of_any_kind_to_another_vip_is_none_of_ours)
{
	trial_start(errors[_i].error);
	trial.settings.all_icmp_errors = true;
	trial.sample.dst = trial.sample.version == 4 ? "1.1.1.6" : "fdb4:98ce:52d4::46";
	trial_expect(GLB_PUNT_NO_BIND, errors[_i].what);
}
END_TEST

START_TEST(an_error_about_an_echo_reply_follows_the_echo_requests_when_all_are_followed)
{
	static const struct sample cases[][2] = {
		{{ERROR4, .type = 11, .quote = &reply4},
		 {FROM4, .dst = "1.1.1.5", .proto = 1, .type = 8, .entropy = 99}},
		{{ERROR4, .type = 3, .code = 4, .quote = &reply4},
		 {FROM4, .dst = "1.1.1.5", .proto = 1, .type = 8}},
		{{ERROR6, .type = 3, .quote = &reply6},
		 {FROM6, .dst = "fdb4:98ce:52d4::45", .proto = 58, .type = 128}},
		{{ERROR6, .type = 2, .quote = &reply6},
		 {FROM6, .dst = "fdb4:98ce:52d4::45", .proto = 58, .type = 128}},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		trial_start(cases[i][0]);
		trial.settings.hash_fields = GLB_HASH_FIELDS_ALL;
		trial.settings.all_icmp_errors = true;
		check_way(&cases[i][0], &cases[i][1], "an echo reply");
		for (unsigned int echo = GLB_ECHO_ANSWER; echo <= GLB_ECHO_DROP; echo++) {
			trial.sample = cases[i][0];
			trial.settings.echo = (uint8_t)echo;
			trial_expect(GLB_PUNT_NO_BIND, "no proxy has seen the request");
		}
	}
}
END_TEST

START_TEST(an_error_that_quotes_anything_else_matches_no_bind_when_all_are_followed)
{
	static const struct sample request4 = {FROM_VIP4(1), .type = 8, .payload_len = 8};
	static const struct sample coded4 = {FROM_VIP4(1), .code = 1, .payload_len = 8};
	static const struct sample icmpv6_in_4 = {FROM_VIP4(58), .type = 0, .payload_len = 8};
	static const struct sample sctp4 = {FROM_VIP4(132), .payload_len = 12};
	static const struct sample request6 = {FROM_VIP6(58), .type = 128, .payload_len = 8};
	static const struct sample icmp_in_6 = {FROM_VIP6(1), .type = 129, .payload_len = 8};
	static const struct sample esp6 = {FROM_VIP6(50), .payload_len = 12};
	static const struct sample *const quotes[] = {&request4, &coded4,    &icmpv6_in_4, &sctp4,
						      &request6, &icmp_in_6, &esp6};

	for (unsigned int i = 0; i < COUNT_OF(quotes); i++) {
		struct sample error = quotes[i]->version == 4
					      ? (struct sample){ERROR4, .type = 3, .code = 4}
					      : (struct sample){ERROR6, .type = 2};

		error.quote = quotes[i];
		trial_start(error);
		trial.settings.all_icmp_errors = true;
		trial_expect(GLB_PUNT_NO_BIND, "all");
		/* the original looks at the ports whatever the protocol */
		trial.settings.all_icmp_errors = false;
		trial_expect(GLB_FORWARD, "compatible");
	}
}
END_TEST

START_TEST(an_echo_reply_to_one_vip_quoted_in_an_error_to_another_is_none_of_ours)
{
	/* both in one prefix */
	static const struct sample reply = {
		.version = 4, .src = "10.0.0.1", .dst = "9.9.9.9", .proto = 1, .payload_len = 8};

	trial_start((struct sample){ERROR4, .type = 11, .quote = &reply});
	trial.settings.all_icmp_errors = true;
	trial.sample.dst = "10.0.0.1";
	trial_expect(GLB_FORWARD, "to the same");
	trial.sample.dst = "10.0.0.2";
	trial_expect(GLB_PUNT_NO_BIND, "to another");
}
END_TEST

START_TEST(a_bad_quote_is_dropped_at_bound_addresses_if_its_kind_is_followed)
{
	static const struct {
		const char *what;
		struct sample error;
		bool compatible;
	} cases[] = {
		{"no quote at all", {ERROR4, .type = 3, .code = 4}, true},
		{"a quote without ports",
		 {ERROR4, .type = 3, .code = 4, .quote = &tcp4, .quote_len = 23},
		 true},
		{"time exceeded without a quote", {ERROR4, .type = 11}, false},
		{"packet too big without a quote", {ERROR6, .type = 2}, true},
		{"half an extension header",
		 {ERROR6, .type = 2, .quote = &tcp6, .quote_len = 44},
		 true},
		{"unreachable without a quote", {ERROR6, .type = 1}, false},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		trial_start(cases[i].error);
		trial_expect(cases[i].compatible ? GLB_DROP_BAD_QUOTE : GLB_PUNT_NO_BIND,
			     cases[i].what);
		trial.settings.all_icmp_errors = true;
		trial_expect(GLB_DROP_BAD_QUOTE, cases[i].what);
		trial.sample.dst = trial.sample.version == 4 ? "1.1.1.9" : "2001:db9::1";
		trial_expect(GLB_PUNT_NO_BIND, cases[i].what);
	}
}
END_TEST

START_TEST(a_quoted_later_fragment_belongs_to_nobody)
{
	static const struct sample later4 = {FROM_VIP4(6), .fragment = 9};
	static const struct sample later6 = {FROM_VIP6(6), .exts = "l"};

	for (unsigned int i = 0; i < 4; i++) {
		trial_start(
			i % 2 ? (struct sample){ERROR6, .type = 2, .quote = &later6}
			      : (struct sample){ERROR4, .type = 3, .code = 4, .quote = &later4});
		trial.settings.all_icmp_errors = i / 2;
		trial.settings.forward_fragments = true;
		trial_expect(GLB_PUNT_NO_BIND, "a later fragment");
	}
}
END_TEST

START_TEST(fragments_follow_their_first_one_by_address)
{
	static const struct sample cases[][2] = {
		{{FROM4, TCP, .dst = "1.1.1.5", .fragment = 0x2000, .payload_len = 24},
		 {FROM4, TCP, .dst = "1.1.1.5", .fragment = 0x0004, .payload_len = 24}},
		{{FROM6, UDP, .dst = "fdb4:98ce:52d4::45", .exts = "hf", .payload_len = 24},
		 {FROM6, UDP, .dst = "fdb4:98ce:52d4::45", .exts = "hl", .payload_len = 24}},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		trial_start(cases[i][0]);
		trial.settings.hash_fields = GLB_HASH_SRC_ADDR | GLB_HASH_DST_ADDR;
		trial_expect(GLB_FORWARD, "the first");
		trial.sample = cases[i][1];
		trial_expect(GLB_DROP_FRAGMENT, "a later one");
		trial.settings.forward_fragments = true;
		check_way(&cases[i][1], &cases[i][0], "by address");
	}
}
END_TEST

START_TEST(a_fragment_to_an_address_with_two_tables_is_dropped_and_to_none_punted)
{
	trial_start((struct sample){TO4, TCP, .fragment = 5, .payload_len = 8});
	trial.settings.forward_fragments = true;
	trial_expect(GLB_DROP_FRAGMENT, "1.1.1.1 is TCP to one table and UDP to another");
	trial.sample.dst = "1.1.1.9";
	trial_expect(GLB_PUNT_NO_BIND, "no bind");
	trial.sample.dst = "1.1.1.3";
	trial_expect(GLB_FORWARD, "one table");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("forward_flows");
	TCase *flows = tcase_create("flows");

	tcase_add_unchecked_fixture(flows, trial_make_generations, NULL);
	tcase_add_loop_test(flows, an_error_follows_the_flow_it_quotes_if_its_kind_is_followed, 0,
			    COUNT_OF(errors));
	tcase_add_loop_test(flows, an_error_of_any_kind_to_another_vip_is_none_of_ours, 0,
			    COUNT_OF(errors));
	tcase_add_test(
		flows,
		an_error_about_an_echo_reply_follows_the_echo_requests_when_all_are_followed);
	tcase_add_test(flows,
		       an_error_that_quotes_anything_else_matches_no_bind_when_all_are_followed);
	tcase_add_test(flows,
		       an_echo_reply_to_one_vip_quoted_in_an_error_to_another_is_none_of_ours);
	tcase_add_test(flows, a_bad_quote_is_dropped_at_bound_addresses_if_its_kind_is_followed);
	tcase_add_test(flows, a_quoted_later_fragment_belongs_to_nobody);
	tcase_add_test(flows, fragments_follow_their_first_one_by_address);
	tcase_add_test(flows,
		       a_fragment_to_an_address_with_two_tables_is_dropped_and_to_none_punted);
	suite_add_tcase(suite, flows);
	return suite;
}
