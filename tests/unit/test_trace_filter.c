/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "director/trace/filter.h"
#include "frame.h"
#include "suite.h"

static struct trace_filter filter;
static struct glb_diag why;
static uint8_t bytes[FRAME_LEN_MAX];

static void start(void)
{
	memset(&filter, 0, sizeof(filter));
	memset(&why, 0, sizeof(why));
}

static void stop(void)
{
}

/* As glbctl compiles it. */
static void compile(const char *expression)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 262144);
	struct bpf_program program;

	ck_assert_int_eq(pcap_compile(dead, &program, expression, 1, PCAP_NETMASK_UNKNOWN), 0);
	ck_assert_uint_le(program.bf_len, TRACE_PROGRAM_MAX);
	memcpy(filter.program, program.bf_insns, program.bf_len * sizeof(*filter.program));
	filter.len = program.bf_len;
	pcap_freecode(&program);
	pcap_close(dead);
}

START_TEST(a_filter_takes_what_its_expression_says)
{
	static const struct sample samples[] = {
		{.version = 4,
		 .proto = 6,
		 .src = "198.51.100.7",
		 .dst = "192.0.2.10",
		 .src_port = 40000,
		 .dst_port = 443},
		{.version = 6,
		 .proto = 17,
		 .src = "2001:db8::7",
		 .dst = "2001:db8:10::10",
		 .src_port = 40000,
		 .dst_port = 443},
	};
	static const struct {
		const char *expression;
		bool takes[2];
	} cases[] = {
		{"host 192.0.2.10 and tcp port 443", {true, false}},
		{"src net 198.51.100.0/24", {true, false}},
		{"ip6 and udp", {false, true}},
		{"dst host 2001:db8:10::10", {false, true}},
		{"port 443", {true, true}},
		{"not port 443", {false, false}},
	};

	for (size_t c = 0; c < COUNT_OF(cases); c++) {
		compile(cases[c].expression);
		ck_assert_int_eq(trace_filter_check(&filter, &why), 0);
		for (size_t i = 0; i < COUNT_OF(samples); i++) {
			const uint32_t len = frame_write(bytes, &samples[i]);
			uint8_t *exact = frame_exact(bytes, len);

			ck_assert_msg(trace_filter_takes(&filter, exact, len) == cases[c].takes[i],
				      "%s, frame %zu", cases[c].expression, i);
			ck_assert(!trace_filter_takes(&filter, exact, 0));
			free(exact);
		}
	}
	filter.len = 0;
	ck_assert(trace_filter_takes(&filter, bytes, 0));
}
END_TEST

/* Each would make a worker go on for ever, read elsewhere, or not come to an end of its own. */
START_TEST(a_program_that_is_not_fit_to_run_is_refused)
{
	static const struct {
		struct bpf_insn program[3];
		uint32_t len;
		const char *reason;
	} cases[] = {
		{{{BPF_JMP | BPF_JA, 0, 0, (bpf_u_int32)-1}, {BPF_RET | BPF_K, 0, 0, 1}},
		 2,
		 "instruction 0 jumps backwards, so that it might not end"},
		{{{BPF_LD | BPF_IMM, 0, 0, 0},
		  {BPF_JMP | BPF_JA, 0, 0, (bpf_u_int32)-2},
		  {BPF_RET | BPF_K, 0, 0, 1}},
		 3,
		 "instruction 1 jumps backwards, so that it might not end"},
		{{{BPF_JMP | BPF_JA, 0, 0, 1}, {BPF_RET | BPF_K, 0, 0, 1}},
		 2,
		 "is not a program that can run"},
		{{{BPF_JMP | BPF_JEQ, 9, 0, 1}, {BPF_RET | BPF_K, 0, 0, 1}},
		 2,
		 "is not a program that can run"},
		{{{BPF_LD | BPF_IMM, 0, 0, 1}}, 1, "is not a program that can run"},
		{{{BPF_ST, 0, 0, BPF_MEMWORDS}, {BPF_RET | BPF_K, 0, 0, 1}},
		 2,
		 "is not a program that can run"},
		{{{BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0}, {BPF_RET | BPF_K, 0, 0, 1}},
		 2,
		 "is not a program that can run"},
		{{{0xffff, 0, 0, 0}, {BPF_RET | BPF_K, 0, 0, 1}},
		 2,
		 "instruction 0 is none of the BSD Packet Filter"},
		{{{BPF_LD | 0x18 | BPF_ABS, 0, 0, 0}, {BPF_RET | BPF_K, 0, 0, 1}},
		 2,
		 "instruction 0 is none of the BSD Packet Filter"},
		{{{BPF_ALU | BPF_LSH | BPF_K, 0, 0, 32}, {BPF_RET | BPF_K, 0, 0, 1}},
		 2,
		 "instruction 0 shifts by more than 31 bits"},
	};

	for (size_t c = 0; c < COUNT_OF(cases); c++) {
		memcpy(filter.program, cases[c].program, sizeof(cases[c].program));
		filter.len = cases[c].len;
		ck_assert_int_eq(trace_filter_check(&filter, &why), -EINVAL);
		ck_assert_str_eq(why.text, cases[c].reason);
	}
}
END_TEST

/* An instruction that is often a good one. */
static struct bpf_insn random_instruction(uint64_t *random)
{
	const uint64_t bits = next_random(random);
	const uint64_t more = next_random(random);

	return (struct bpf_insn){
		.code = (uint16_t)(bits % 8 ? bits >> 8 & 0xff : bits >> 8),
		.jt = (uint8_t)(bits >> 24 & 3),
		.jf = (uint8_t)(bits >> 28 & 3),
		.k = (bpf_u_int32)(more % 4 ? more >> 8 & 63 : more >> 8),
	};
}

START_TEST(whatever_is_let_in_runs_to_its_end)
{
	enum { ROUNDS = 300000, LEN = 60 };
	uint8_t *frame = calloc(1, LEN);
	unsigned int run = 0;
	uint64_t random = 1;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		filter.len = 1 + (uint32_t)(next_random(&random) % 6);
		for (uint32_t i = 0; i < filter.len; i++)
			filter.program[i] = random_instruction(&random);
		filter.program[filter.len - 1] = (struct bpf_insn){BPF_RET | BPF_A, 0, 0, 0};
		if (trace_filter_check(&filter, &why))
			continue;
		(void)trace_filter_takes(&filter, frame, LEN);
		run++;
	}
	ck_assert_uint_gt(run, ROUNDS / 20);
	free(frame);
}
END_TEST

START_TEST(a_protochain_loops_and_is_refused)
{
	compile("ip6 protochain 6");
	ck_assert_int_eq(trace_filter_check(&filter, &why), -EINVAL);
}
END_TEST

START_TEST(words_stand_for_verdicts)
{
	ck_assert(trace_filter_want(&filter, "drop_ttl"));
	ck_assert(trace_filter_wants(&filter, GLB_DROP_TTL));
	ck_assert_uint_eq(filter.verdicts, (uint64_t)1 << GLB_DROP_TTL);
	ck_assert(trace_filter_want(&filter, "punt"));
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		ck_assert_int_eq(trace_filter_wants(&filter, (uint8_t)v),
				 v == GLB_DROP_TTL || glb_verdict_is_punt(v));
	ck_assert(trace_filter_want(&filter, "drop"));
	ck_assert(trace_filter_want(&filter, "answer"));
	ck_assert(trace_filter_want(&filter, "forward"));
	ck_assert_uint_eq(filter.verdicts, trace_any_verdict());
	ck_assert(!trace_filter_want(&filter, "drop_"));
	ck_assert(!trace_filter_want(&filter, ""));
	ck_assert(!trace_filter_want(&filter, "dropped"));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("trace_filter");
	TCase *tests = tcase_create("trace_filter");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, a_filter_takes_what_its_expression_says);
	tcase_add_test(tests, a_program_that_is_not_fit_to_run_is_refused);
	tcase_add_test(tests, whatever_is_let_in_runs_to_its_end);
	tcase_add_test(tests, a_protochain_loops_and_is_refused);
	tcase_add_test(tests, words_stand_for_verdicts);
	suite_add_tcase(suite, tests);
	return suite;
}
