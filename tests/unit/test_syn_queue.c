/* SPDX-License-Identifier: BSD-3-Clause */
#include "redirect/syn_queue.h"
#include "suite.h"

enum { MAX = 100 };

static const uint64_t second_ns = 1000000000;
static const uint64_t began_ns = 77000000000;

/* A queue that a SYN has found full. */
static struct syn_queue engaged_queue(void)
{
	struct syn_queue queue = {0};

	ck_assert(syn_is_engaged(&queue, MAX, MAX, began_ns));
	return queue;
}

START_TEST(it_begins_when_the_queue_is_full)
{
	struct syn_queue queue = {0};

	ck_assert(!syn_is_engaged(&queue, MAX - 1, MAX, began_ns));
	ck_assert(syn_is_engaged(&queue, MAX, MAX, began_ns));
	ck_assert_uint_eq(queue.since_ns, began_ns);
	ck_assert_uint_eq(queue.engagements, 1);
}
END_TEST

START_TEST(a_queue_without_room_is_never_full)
{
	struct syn_queue queue = {0};

	ck_assert(!syn_is_engaged(&queue, 0, 0, began_ns));
}
END_TEST

START_TEST(it_goes_on_while_the_queue_is_more_than_half_full)
{
	struct syn_queue queue = engaged_queue();

	for (uint64_t s = 1; s < 60; s++)
		ck_assert(syn_is_engaged(&queue, MAX / 2 + 1, MAX, began_ns + s * second_ns));
	ck_assert_uint_eq(queue.engagements, 1);
}
END_TEST

START_TEST(it_goes_on_while_cookies_without_an_answer_would_fill_half_of_the_queue)
{
	struct syn_queue queue = engaged_queue();

	for (uint64_t s = 1; s < 60; s++) {
		queue.answered += MAX / 2 + 1;
		ck_assert(syn_is_engaged(&queue, 0, MAX, began_ns + s * second_ns));
	}
	ck_assert_uint_eq(queue.engagements, 1);
}
END_TEST

START_TEST(clients_that_return_their_cookies_do_not_keep_it_up)
{
	struct syn_queue queue = engaged_queue();
	uint64_t s = 1;

	do {
		queue.answered += 100 * MAX;
		queue.completed += 100 * MAX;
	} while (syn_is_engaged(&queue, 0, MAX, began_ns + s++ * second_ns) && s < 60);
	ck_assert_uint_eq(s - 1, SYN_HOLD_NS / second_ns);
}
END_TEST

START_TEST(it_ends_when_no_syn_came_for_a_while)
{
	struct syn_queue queue = engaged_queue();

	queue.answered = 1000000;
	ck_assert(!syn_is_engaged(&queue, 0, MAX, began_ns + SYN_HOLD_NS));

	queue = engaged_queue();
	ck_assert(syn_is_engaged(&queue, MAX / 2 + 1, MAX, began_ns + SYN_HOLD_NS));
}
END_TEST

START_TEST(it_begins_again_with_a_full_queue)
{
	struct syn_queue queue = engaged_queue();

	ck_assert(!syn_is_engaged(&queue, 0, MAX, began_ns + SYN_HOLD_NS));
	ck_assert(!syn_is_engaged(&queue, MAX - 1, MAX, began_ns + SYN_HOLD_NS + 1));
	ck_assert(syn_is_engaged(&queue, MAX, MAX, began_ns + SYN_HOLD_NS + 2));
	ck_assert_uint_eq(queue.engagements, 2);
}
END_TEST

START_TEST(a_clock_that_another_processor_has_ahead_ends_nothing)
{
	struct syn_queue queue = engaged_queue();

	ck_assert(syn_is_engaged(&queue, 0, MAX, began_ns - 1));
	ck_assert(syn_is_engaged(&queue, 0, MAX, began_ns));
}
END_TEST

START_TEST(cookies_are_expected_for_as_long_as_they_are_valid)
{
	struct syn_queue queue = engaged_queue();

	ck_assert(!syn_expects_cookies(&queue, began_ns));
	queue.answered = 1;
	queue.answered_ns = began_ns;
	ck_assert(syn_expects_cookies(&queue, began_ns + SYN_COOKIE_LIFE_NS));
	ck_assert(!syn_expects_cookies(&queue, began_ns + SYN_COOKIE_LIFE_NS + 1));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("syn_queue");
	TCase *queue = tcase_create("syn_queue");

	tcase_add_test(queue, it_begins_when_the_queue_is_full);
	tcase_add_test(queue, a_queue_without_room_is_never_full);
	tcase_add_test(queue, it_goes_on_while_the_queue_is_more_than_half_full);
	tcase_add_test(queue,
		       it_goes_on_while_cookies_without_an_answer_would_fill_half_of_the_queue);
	tcase_add_test(queue, clients_that_return_their_cookies_do_not_keep_it_up);
	tcase_add_test(queue, it_ends_when_no_syn_came_for_a_while);
	tcase_add_test(queue, it_begins_again_with_a_full_queue);
	tcase_add_test(queue, a_clock_that_another_processor_has_ahead_ends_nothing);
	tcase_add_test(queue, cookies_are_expected_for_as_long_as_they_are_valid);
	suite_add_tcase(suite, queue);
	return suite;
}
