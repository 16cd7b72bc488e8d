/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "director/trace/ring.h"
#include "suite.h"

enum { SNAPLEN = 128, LEN = 300, HEAD = 64, TICKS = 1234 };

static struct trace_filter filter;
static struct trace_ring *ring;
static struct glb_generation gen;
static uint8_t frames[TRACE_BURST][HEAD + LEN];
static struct glb_packet packets[TRACE_BURST];

static void start(void)
{
	memset(&filter, 0, sizeof(filter));
	memset(&gen, 0, sizeof(gen));
	filter.verdicts = trace_any_verdict();
	gen.number = 7;
	gen.settings.ports[0].through = 1 + 3;
}

static void stop(void)
{
	trace_ring_free(ring);
	ring = NULL;
}

static void make(uint32_t snaplen)
{
	ck_assert_int_eq(trace_ring_make(&ring, &filter, snaplen), 0);
}

/* Receives n packets of LEN bytes, each full of its number from `first` on. */
static void receive(uint8_t first, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		memset(frames[i], first + (int)i, sizeof(frames[i]));
		packets[i] =
			(struct glb_packet){.data = frames[i] + HEAD, .len = LEN, .headroom = HEAD};
	}
}

/* Decides about them as a data path would: what is forwarded has another head. */
static void decide(const uint8_t *verdicts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		packets[i].verdict = verdicts[i];
		packets[i].backend = 40 + i;
		if (verdicts[i] != GLB_FORWARD)
			continue;
		packets[i].data -= HEAD;
		packets[i].len += HEAD;
		memset(packets[i].data, 0xee, HEAD + 14);
	}
}

static void pass_burst(uint8_t first, const uint8_t *verdicts, unsigned int n)
{
	receive(first, n);
	trace_before(ring, packets, n);
	decide(verdicts, n);
	trace_decided(ring, packets, n);
	trace_settled(ring, &gen, packets, n, TICKS);
}

/* The next record is of a frame of this number. */
static void check_next(uint8_t number, uint8_t verdict)
{
	const struct trace_record *one = trace_ring_peek(ring);

	ck_assert_ptr_nonnull(one);
	ck_assert_uint_eq(one->verdict, verdict);
	ck_assert_uint_eq(one->ticks, TICKS);
	ck_assert_uint_eq(one->generation, 7);
	ck_assert_uint_eq(one->received.len, LEN);
	ck_assert_uint_eq(one->received.kept, SNAPLEN);
	for (unsigned int i = 0; i < SNAPLEN; i++)
		ck_assert_uint_eq(one->bytes[i], number);
	ck_assert_uint_eq(one->sent.len, verdict == GLB_FORWARD ? LEN + HEAD : 0);
	if (verdict == GLB_FORWARD) {
		ck_assert_uint_eq(one->sent.kept, SNAPLEN);
		ck_assert_uint_eq(one->sent.port, 3);
		ck_assert_uint_eq(one->bytes[SNAPLEN], 0xee);
		ck_assert_uint_eq(one->bytes[SNAPLEN + HEAD + 14], number);
	}
	trace_ring_pass(ring);
}

START_TEST(both_frames_are_kept_with_what_became_of_them)
{
	static const uint8_t verdicts[] = {GLB_FORWARD, GLB_DROP_TTL, GLB_FORWARD, GLB_PUNT_NOT_IP};

	make(SNAPLEN);
	ck_assert_ptr_null(trace_ring_peek(ring));
	pass_burst(1, verdicts, 4);
	ck_assert_uint_eq(trace_ring_peek(ring)->backend, 40);
	for (unsigned int i = 0; i < 4; i++)
		check_next((uint8_t)(1 + i), verdicts[i]);
	ck_assert_ptr_null(trace_ring_peek(ring));
	ck_assert_uint_eq(trace_ring_missed(ring), 0);
}
END_TEST

/* Whether forwarded packets are wanted, and copied before, or not. */
START_TEST(only_wanted_verdicts_are_kept_in_order)
{
	static const uint8_t verdicts[] = {GLB_DROP_TTL, GLB_FORWARD,  GLB_PUNT_NO_BIND,
					   GLB_FORWARD,	 GLB_DROP_TTL, GLB_DROP_MTU};

	filter.verdicts = (uint64_t)1 << GLB_FORWARD | (uint64_t)1 << GLB_DROP_MTU;
	make(SNAPLEN);
	for (unsigned int round = 0; round < 200; round++) {
		pass_burst(1, verdicts, 6);
		check_next(2, GLB_FORWARD);
		check_next(4, GLB_FORWARD);
		check_next(6, GLB_DROP_MTU);
		ck_assert_ptr_null(trace_ring_peek(ring));
		trace_ring_allow(ring);
	}
	stop();
	filter.verdicts = (uint64_t)1 << GLB_DROP_TTL;
	make(SNAPLEN);
	for (unsigned int round = 0; round < 200; round++) {
		pass_burst(1, verdicts, 6);
		check_next(1, GLB_DROP_TTL);
		check_next(5, GLB_DROP_TTL);
		ck_assert_ptr_null(trace_ring_peek(ring));
		trace_ring_allow(ring);
	}
	ck_assert_uint_eq(trace_ring_missed(ring), 0);
}
END_TEST

/* Its verdict changes after glb_forward(). */
START_TEST(an_answer_over_the_limit_is_the_drop_it_becomes)
{
	const uint8_t echo = GLB_ANSWER_ECHO;

	filter.verdicts = (uint64_t)1 << GLB_DROP_ANSWER_LIMIT;
	make(SNAPLEN);
	pass_burst(1, &echo, 1);
	ck_assert_ptr_null(trace_ring_peek(ring));
	receive(2, 1);
	trace_before(ring, packets, 1);
	decide(&echo, 1);
	trace_decided(ring, packets, 1);
	packets[0].verdict = GLB_DROP_ANSWER_LIMIT;
	trace_settled(ring, &gen, packets, 1, TICKS);
	check_next(2, GLB_DROP_ANSWER_LIMIT);
}
END_TEST

START_TEST(what_finds_no_room_is_missed_and_counted)
{
	uint8_t verdicts[TRACE_BURST] = {GLB_FORWARD};
	uint32_t passed = 0;

	make(SNAPLEN);
	while (passed < 2 * ring->count) {
		pass_burst((uint8_t)passed, verdicts, TRACE_BURST);
		passed += TRACE_BURST;
		trace_ring_allow(ring);
	}
	ck_assert_uint_eq(trace_ring_missed(ring), passed - ring->count);
	for (uint32_t i = 0; i < ring->count; i++)
		check_next((uint8_t)i, GLB_FORWARD);
	ck_assert_ptr_null(trace_ring_peek(ring));
	pass_burst(9, verdicts, 1);
	check_next(9, GLB_FORWARD);
}
END_TEST

/* They are copied before it is known that the filter refuses them. */
START_TEST(copies_in_vain_stop_until_the_control_thread_looks_again)
{
	uint8_t verdicts[TRACE_BURST];
	uint32_t passed = 0;

	memset(verdicts, GLB_DROP_TTL, sizeof(verdicts));
	filter.verdicts = (uint64_t)1 << GLB_FORWARD;
	make(SNAPLEN);
	for (; passed < 2 * ring->count; passed += TRACE_BURST)
		pass_burst(1, verdicts, TRACE_BURST);
	ck_assert_ptr_null(trace_ring_peek(ring));
	ck_assert_uint_eq(ring->copied, ring->count);
	ck_assert_uint_eq(trace_ring_missed(ring), passed - ring->count);
	trace_ring_allow(ring);
	verdicts[0] = GLB_FORWARD;
	pass_burst(5, verdicts, 1);
	check_next(5, GLB_FORWARD);
}
END_TEST

START_TEST(the_program_decides_first)
{
	const uint8_t verdict = GLB_FORWARD;

	filter.program[0] = (struct bpf_insn){BPF_RET | BPF_K, 0, 0, 0};
	filter.len = 1;
	make(SNAPLEN);
	pass_burst(1, &verdict, 1);
	ck_assert_ptr_null(trace_ring_peek(ring));
	ck_assert_uint_eq(trace_ring_missed(ring), 0);
}
END_TEST

START_TEST(rings_have_room_for_bursts_of_any_snaplen)
{
	for (uint32_t snaplen = TRACE_SNAPLEN_MIN; snaplen <= TRACE_SNAPLEN_MAX; snaplen += 57) {
		make(snaplen);
		ck_assert_uint_ge(ring->count, TRACE_RECORDS_MIN);
		ck_assert_uint_eq(ring->count & (ring->count - 1), 0);
		ck_assert(ring->count == TRACE_RECORDS_MIN ||
			  ring->count * ring->record_len <= TRACE_RING_LEN);
		stop();
	}
}
END_TEST

/* --- Two threads --- */

enum { MANY_BURSTS = 20000 };

static bool done;

static void *work(void *arg)
{
	uint8_t verdicts[TRACE_BURST];

	for (unsigned int burst = 0; burst < MANY_BURSTS; burst++) {
		for (unsigned int i = 0; i < TRACE_BURST; i++)
			verdicts[i] = (burst + i) % 3 ? GLB_FORWARD : GLB_DROP_TTL;
		pass_burst((uint8_t)burst, verdicts, 1 + burst % TRACE_BURST);
		if (burst % 64 == 0)
			(void)sched_yield();
	}
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	return arg;
}

START_TEST(whoever_reads_while_it_is_written_gets_whole_records)
{
	uint64_t wanted = 0;
	uint64_t seen = 0;
	pthread_t worker;

	filter.verdicts = (uint64_t)1 << GLB_FORWARD;
	make(SNAPLEN);
	for (unsigned int burst = 0; burst < MANY_BURSTS; burst++)
		for (unsigned int i = 0; i < 1 + burst % TRACE_BURST; i++)
			wanted += (burst + i) % 3 != 0;
	ck_assert_int_eq(pthread_create(&worker, NULL, work, NULL), 0);
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE) || trace_ring_peek(ring)) {
		const struct trace_record *one = trace_ring_peek(ring);

		if (!one) {
			trace_ring_allow(ring);
			continue;
		}
		check_next(one->bytes[0], GLB_FORWARD);
		seen++;
	}
	(void)pthread_join(worker, NULL);
	ck_assert_uint_gt(seen, 0);
	ck_assert_uint_le(seen, wanted);
	ck_assert_uint_ge(seen + trace_ring_missed(ring), wanted);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("trace_ring");
	TCase *tests = tcase_create("trace_ring");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, both_frames_are_kept_with_what_became_of_them);
	tcase_add_test(tests, only_wanted_verdicts_are_kept_in_order);
	tcase_add_test(tests, an_answer_over_the_limit_is_the_drop_it_becomes);
	tcase_add_test(tests, what_finds_no_room_is_missed_and_counted);
	tcase_add_test(tests, copies_in_vain_stop_until_the_control_thread_looks_again);
	tcase_add_test(tests, the_program_decides_first);
	tcase_add_test(tests, rings_have_room_for_bursts_of_any_snaplen);
	tcase_add_test(tests, whoever_reads_while_it_is_written_gets_whole_records);
	suite_add_tcase(suite, tests);
	return suite;
}
