/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probed.h"
#include "scratch.h"
#include "suite.h"

enum { SCRIPT_LEN = 512 };

static struct probed probed;

static void set_up(void)
{
	probed_open(&probed);
}

static void tear_down(void)
{
	probed_close(&probed);
}

static const struct probe_result *run(char *program, char *first, char *second)
{
	char *command[] = {program, first, second, NULL};
	struct health_check check = probed_check(HEALTH_EXEC, 0);

	check.command = command;
	return probed_once(&probed, &check);
}

static void expect(const struct probe_result *result, enum probe_reason reason, const char *detail)
{
	ck_assert_str_eq(result->detail, detail);
	ck_assert_str_eq(probe_reason_word(result->reason), probe_reason_word(reason));
}

static void expect_no_child(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

START_TEST(the_exit_status_is_the_result_and_the_first_line_the_detail)
{
	static const struct {
		char *script;
		enum probe_reason reason;
		const char *detail;
	} cases[] = {
		{"exit 0", PROBE_NONE, ""},
		{"echo all is well", PROBE_NONE, "all is well"},
		{"exit 3", PROBE_EXIT, "exit status 3"},
		{"echo no backend >&2; echo more; exit 1", PROBE_EXIT, "exit status 1: no backend"},
		{"printf 'no newline'; exit 1", PROBE_EXIT, "exit status 1: no newline"},
		{"printf '\\033[31mred\\n'; exit 1", PROBE_EXIT, "exit status 1: \\x1b[31mred"},
		{"kill -SEGV $$", PROBE_LOCAL, "ended by signal 11"},
		{"read line; test -z \"$line\" && echo no input", PROBE_NONE, "no input"},
		{"echo \"$0\"", PROBE_NONE, "/bin/sh"},
		{"head -c 200000 /dev/zero | tr '\\0' x; exit 2", PROBE_EXIT, NULL},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		const struct probe_result *result = run("/bin/sh", "-c", cases[i].script);

		if (cases[i].detail)
			expect(result, cases[i].reason, cases[i].detail);
		else
			ck_assert_int_eq(result->reason, cases[i].reason);
		expect_no_child();
	}
	expect(run("sh", "-c", "echo from PATH"), PROBE_NONE, "from PATH");
}
END_TEST

START_TEST(what_cannot_be_started_says_nothing_about_the_backend)
{
	expect(run("/nonexistent/check", NULL, NULL), PROBE_LOCAL, "No such file or directory");
	expect(run("/etc/passwd", NULL, NULL), PROBE_LOCAL, "Permission denied");
	expect_no_child();
}
END_TEST

/* No shell looks at the words. */
START_TEST(words_are_passed_on_as_they_are)
{
	expect(run("/bin/echo", "$HOME *", "; echo"), PROBE_NONE, "$HOME * ; echo");
}
END_TEST

START_TEST(the_environment_names_the_backend_and_keeps_to_itself_what_is_the_checkers)
{
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", "/run/x", 1), 0);
	ck_assert_int_eq(setenv("WATCHDOG_USEC", "1", 1), 0);
	ck_assert_int_eq(setenv("GLB_BACKEND", "another", 1), 0);
	ck_assert_int_eq(setenv("PROXY_ROLE", "kept", 1), 0);
	expect(run("/bin/sh", "-c",
		   "echo $GLB_BACKEND,$GLB_CHECK,$GLB_TIMEOUT_MS,$PROXY_ROLE,"
		   "$NOTIFY_SOCKET$WATCHDOG_USEC."),
	       PROBE_NONE, "127.0.0.1,a check,10000,kept,.");
}
END_TEST

START_TEST(no_descriptor_and_no_signal_mask_gets_into_a_program)
{
	int leak = open("/dev/null", O_RDONLY); /* as a library may forget to mark it */
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_ge(leak, 3);
	expect(run("/bin/sh", "-c",
		   "for n in $(seq 3 30); do test -e /proc/$$/fd/$n && echo $n; done; echo none"),
	       PROBE_NONE, "none");
	expect(run("/bin/sh", "-c", "kill -PIPE $$; echo ignored"), PROBE_LOCAL,
	       "ended by signal 13");
	expect(run("/bin/sh", "-c", "kill -HUP $$; echo kept"), PROBE_LOCAL, "ended by signal 1");
	(void)close(leak);
}
END_TEST

/* Reads from a pipe without data until its last writer has closed it; meanwhile the loop runs. */
static void wait_for_the_writers(int fd)
{
	char byte;

	while (read(fd, &byte, 1) != 0)
		expect(run("/bin/true", NULL, NULL), PROBE_NONE, "");
}

/* The end of a program that was killed is noticed by the loop, which has to run for that. */
static void wait_for_no_child(void)
{
	while (waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) == 0)
		expect(run("/bin/true", NULL, NULL), PROBE_NONE, "");
	ck_assert_int_eq(errno, ECHILD);
}

/* Writes a script that leaves a pipe to a program in its background. Returns its other end. */
static int make_script(char script[SCRIPT_LEN], const char *rest)
{
	scratch_make();
	ck_assert_int_eq(mkfifo(scratch_file, 0600), 0);
	(void)snprintf(script, SCRIPT_LEN, "exec 9>%s; sleep 1000 & %s", scratch_file, rest);
	return open(scratch_file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

START_TEST(all_of_its_group_is_killed_at_the_deadline)
{
	char script[SCRIPT_LEN];
	char *command[] = {"/bin/sh", "-c", script, NULL};
	int fd = make_script(script, "sleep 1000");
	struct health_check check = probed_check(HEALTH_EXEC, 0);

	check.command = command;
	check.timeout_ms = 200;
	/* on a machine that is busy for 250 ms it is the checker that was late */
	while (probed_once(&probed, &check)->reason == PROBE_LOCAL)
		;
	expect(&probed.result, PROBE_TIMEOUT, "no end of the program within 200 ms");
	wait_for_the_writers(fd);
	wait_for_no_child();
	(void)close(fd);
	scratch_remove();
}
END_TEST

START_TEST(what_a_program_leaves_behind_is_killed_with_it)
{
	char script[SCRIPT_LEN];
	int fd = make_script(script, "echo done");

	expect(run("/bin/sh", "-c", script), PROBE_NONE, "done");
	wait_for_the_writers(fd);
	(void)close(fd);
	scratch_remove();
}
END_TEST

START_TEST(a_probe_that_is_cancelled_takes_its_program_along)
{
	char script[SCRIPT_LEN];
	char *command[] = {"/bin/sh", "-c", script, NULL};
	int fd = make_script(script, "sleep 1000");
	struct health_check check = probed_check(HEALTH_EXEC, 0);
	struct probe *probe;

	check.command = command;
	probe = probed_start(&probed, &check);
	while (read(fd, script, 1) == 0) /* it has not opened it yet */
		expect(run("/bin/true", NULL, NULL), PROBE_NONE, "");
	probe_cancel(probe);
	wait_for_the_writers(fd);
	wait_for_no_child();
	(void)close(fd);
	scratch_remove();
}
END_TEST

/* 64 run at once. Those behind them get their turn when it comes, or have no result. */
START_TEST(programs_over_the_limit_wait_for_their_turn)
{
	char *slow[] = {"/bin/sleep", "1000", NULL};
	char *fast[] = {"/bin/echo", "done", NULL};
	struct health_check check = probed_check(HEALTH_EXEC, 0);
	struct health_check behind = check;
	struct probe *running[64];

	check.command = slow;
	behind.command = fast;
	behind.timeout_ms = 50;
	for (unsigned int i = 0; i < COUNT_OF(running); i++)
		running[i] = probed_start(&probed, &check);
	expect(probed_once(&probed, &behind), PROBE_LOCAL, probed.result.detail);
	if (!strstr(probed.result.detail, "stood still"))
		ck_assert_str_eq(probed.result.detail, "no turn, as others ran, within 50 ms");
	behind.timeout_ms = 10000;
	(void)probed_start(&probed, &behind);
	for (unsigned int i = 0; i < COUNT_OF(running); i++)
		probe_cancel(running[i]);
	probed_wait(&probed, 1);
	expect(&probed.result, PROBE_NONE, "done");
	wait_for_no_child();
}
END_TEST

/* As when the checker stops: what was killed is not waited for. */
START_TEST(programs_that_were_killed_do_not_hold_up_the_end)
{
	char *command[] = {"/bin/sleep", "1000", NULL};
	struct health_check check = probed_check(HEALTH_EXEC, 0);

	check.command = command;
	probe_cancel(probed_start(&probed, &check));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("probe_exec");
	TCase *cases = tcase_create("probe_exec");

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, the_exit_status_is_the_result_and_the_first_line_the_detail);
	tcase_add_test(cases, what_cannot_be_started_says_nothing_about_the_backend);
	tcase_add_test(cases, words_are_passed_on_as_they_are);
	tcase_add_test(cases,
		       the_environment_names_the_backend_and_keeps_to_itself_what_is_the_checkers);
	tcase_add_test(cases, no_descriptor_and_no_signal_mask_gets_into_a_program);
	tcase_add_test(cases, all_of_its_group_is_killed_at_the_deadline);
	tcase_add_test(cases, what_a_program_leaves_behind_is_killed_with_it);
	tcase_add_test(cases, a_probe_that_is_cancelled_takes_its_program_along);
	tcase_add_test(cases, programs_over_the_limit_wait_for_their_turn);
	tcase_add_test(cases, programs_that_were_killed_do_not_hold_up_the_end);
	suite_add_tcase(suite, cases);
	return suite;
}
