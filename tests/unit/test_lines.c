/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"
#include "sys/lines.h"
#include "sys/loop.h"

enum { SHORT_MS = 100, BIG_LEN = 4 << 20 };

static char why[SOCKET_WHY_LEN];
static struct loop *loop;
static struct lines *lines;
static struct lines_request *kept; /* by the server: a line "wait" that is not answered yet */
static pthread_t server;
static int end_fd;

/* --- The server, on a thread --- */

static void answer(struct lines_request *request, const char *text)
{
	lines_answer(request, strdup(text), strlen(text));
}

static void answer_big(struct lines_request *request)
{
	char *text = malloc(BIG_LEN);

	memset(text, 'x', BIG_LEN);
	text[BIG_LEN - 1] = '\n';
	lines_answer(request, text, BIG_LEN);
}

/* "wait" gets its reply when a client says "go"; anything else is its own reply. */
static void take_line(void *arg, struct lines_request *request, const char *line, size_t len)
{
	char text[64];

	(void)arg;
	ck_assert_int_eq(line[len], 0);
	if (!strcmp(line, "wait")) {
		kept = request;
		return;
	}
	if (!strcmp(line, "big")) {
		answer_big(request);
		return;
	}
	if (!strcmp(line, "go") && kept) {
		answer(kept, "at last\n");
		kept = NULL;
	}
	(void)snprintf(text, sizeof(text), "%.40s, %zu bytes\n", line, len);
	answer(request, text);
}

static void end_loop(void *arg)
{
	loop_end(arg);
}

static void *run(void *arg)
{
	loop_run(arg);
	return NULL;
}

static const struct lines_conf usual = {
	.path = scratch_file,
	.mode = 0660,
	.ask = take_line,
	.too_long = "too long\n",
	.too_many = "too many\n",
};

static void serve(const struct lines_conf *conf)
{
	ck_assert_int_eq(loop_open(&loop), 0);
	end_fd = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_ge(end_fd, 0);
	ck_assert_int_eq(loop_watch(loop, end_fd, end_loop, loop), 0);
	ck_assert_msg(!lines_open(&lines, loop, conf, why), "%s", why);
	ck_assert_int_eq(pthread_create(&server, NULL, run, loop), 0);
}

static void stop(void)
{
	const uint64_t one = 1;

	ck_assert_int_eq(write(end_fd, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(pthread_join(server, NULL), 0);
	lines_close(lines);
	if (kept)
		answer(kept, "nobody hears that\n");
	kept = NULL;
	loop_close(loop);
	(void)close(end_fd);
}

/* --- Clients --- */

static struct sockaddr_un address(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", scratch_file);
	return addr;
}

static int connect_to_it(void)
{
	const struct sockaddr_un addr = address();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Up to the end of the line, or to the end of everything. */
static const char *hear(int fd)
{
	static char line[256];
	size_t len = 0;

	while (len < sizeof(line) - 1 && recv(fd, line + len, 1, 0) == 1 && line[len++] != '\n')
		;
	line[len] = '\0';
	return line;
}

static void check_answered(int fd, const char *word)
{
	char line[64];
	char want[64];

	(void)snprintf(line, sizeof(line), "%s\n", word);
	(void)snprintf(want, sizeof(want), "%s, %zu bytes\n", word, strlen(word));
	say(fd, line);
	ck_assert_str_eq(hear(fd), want);
}

/* Until the server hangs up; what it sends first is not looked at. */
static void wait_for_end(int fd)
{
	static char bytes[65536];
	ssize_t got;

	do {
		got = recv(fd, bytes, sizeof(bytes), 0);
	} while (got > 0);
	ck_assert(got == 0 || errno == ECONNRESET);
	(void)close(fd);
}

START_TEST(each_line_gets_one_answer_in_order_however_they_arrive)
{
	serve(&usual);

	int fd = connect_to_it();

	say(fd, "one\ntwo\n\nth");
	ck_assert_str_eq(hear(fd), "one, 3 bytes\n");
	ck_assert_str_eq(hear(fd), "two, 3 bytes\n");
	ck_assert_str_eq(hear(fd), ", 0 bytes\n");
	say(fd, "ree\nlast");
	ck_assert_str_eq(hear(fd), "three, 5 bytes\n");
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_str_eq(hear(fd), "last, 4 bytes\n");
	wait_for_end(fd);
	stop();
}
END_TEST

START_TEST(an_answer_may_come_later_and_what_is_behind_it_waits)
{
	serve(&usual);

	int one = connect_to_it();
	int other = connect_to_it();

	check_answered(one, "first");
	say(one, "wait\nnext\n");
	check_answered(other, "meanwhile");
	do
		check_answered(other, "go");
	while (recv(one, (char[1]){0}, 1, MSG_PEEK | MSG_DONTWAIT) < 0);
	ck_assert_str_eq(hear(one), "at last\n");
	ck_assert_str_eq(hear(one), "next, 4 bytes\n");
	(void)close(one);
	(void)close(other);
	stop();
}
END_TEST

START_TEST(a_client_that_left_before_its_answer_is_fine)
{
	serve(&usual);

	int other = connect_to_it();

	for (int i = 0; i < 20; i++) {
		int fd = connect_to_it();

		say(fd, i % 2 ? "wait\n" : "big\n");
		(void)close(fd);
		check_answered(other, "go");
	}
	(void)close(other);
	stop();
}
END_TEST

START_TEST(one_that_left_while_it_waits_makes_room)
{
	struct lines_conf conf = usual;
	int fd;

	conf.half_ms = SHORT_MS;
	serve(&conf);
	fd = connect_to_it();
	check_answered(fd, "first");
	say(fd, "wait\n");
	(void)close(fd);
	for (unsigned int i = 0; i < 2 * LINES_CLIENTS_MAX; i++) {
		fd = connect_to_it();
		check_answered(fd, "there");
		(void)close(fd);
	}
	stop();
}
END_TEST

START_TEST(the_longest_line_is_asked_and_a_longer_one_is_the_last)
{
	static char line[LINES_REQUEST_MAX + 3];
	int fd;

	serve(&usual);
	memset(line, 'a', sizeof(line) - 1);
	line[LINES_REQUEST_MAX] = '\n';
	line[LINES_REQUEST_MAX + 1] = '\0';
	fd = connect_to_it();
	say(fd, line);
	ck_assert_ptr_nonnull(strstr(hear(fd), "aaaa, 65536 bytes\n"));
	line[LINES_REQUEST_MAX] = 'a';
	line[LINES_REQUEST_MAX + 1] = '\n';
	say(fd, line);
	ck_assert_str_eq(hear(fd), "too long\n");
	wait_for_end(fd);
	fd = connect_to_it();
	line[LINES_REQUEST_MAX + 1] = '\0'; /* one byte too long, and the end of all */
	say(fd, line);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_str_eq(hear(fd), "too long\n");
	wait_for_end(fd);
	stop();
}
END_TEST

START_TEST(half_a_line_silence_and_unread_answers_end_a_connection_and_no_other)
{
	struct lines_conf conf = usual;
	int fds[3];
	int other;

	conf.half_ms = conf.idle_ms = conf.unread_ms = SHORT_MS;
	serve(&conf);
	for (int i = 0; i < 3; i++)
		fds[i] = connect_to_it();
	say(fds[0], "half a li");
	say(fds[2], "big\n");
	(void)usleep(3 * SHORT_MS * 1000);
	other = connect_to_it();
	check_answered(other, "here");
	for (int i = 0; i < 3; i++)
		wait_for_end(fds[i]);
	(void)close(other);
	stop();
}
END_TEST

/* Sends lines without end and reads nothing. */
static void *flood(void *arg)
{
	static const char text[] = "more\nmore\nmore\nmore\nmore\nmore\nmore\nmore\n";
	const int *fd = arg;

	while (send(*fd, text, sizeof(text) - 1, MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

/* Reads what it gets, too. */
static void *swallow(void *arg)
{
	char bytes[4096];
	const int *fd = arg;

	while (recv(*fd, bytes, sizeof(bytes), 0) > 0)
		;
	return NULL;
}

START_TEST(floods_do_not_keep_others_from_their_answers)
{
	enum { FLOODS = 8 };
	pthread_t threads[2 * FLOODS];
	int fds[FLOODS];

	serve(&usual);
	for (int i = 0; i < FLOODS; i++) {
		fds[i] = connect_to_it();
		ck_assert_int_eq(pthread_create(&threads[2 * i], NULL, flood, &fds[i]), 0);
		ck_assert_int_eq(pthread_create(&threads[2 * i + 1], NULL, swallow, &fds[i]), 0);
	}
	for (int i = 0; i < 200; i++) {
		int fd = connect_to_it();

		check_answered(fd, "me");
		(void)close(fd);
	}
	for (int i = 0; i < FLOODS; i++)
		(void)shutdown(fds[i], SHUT_RDWR);
	for (int i = 0; i < 2 * FLOODS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < FLOODS; i++)
		(void)close(fds[i]);
	stop();
}
END_TEST

START_TEST(answers_that_nobody_reads_are_given_up_the_oldest_first)
{
	struct lines_conf conf = usual;
	int fds[4];
	int fd;

	conf.unread_max = 2 * BIG_LEN;
	serve(&conf);
	for (int i = 0; i < 4; i++) {
		fds[i] = connect_to_it();
		say(fds[i], "big\n");
		fd = connect_to_it();
		check_answered(fd, "here"); /* and the one before was asked */
		(void)close(fd);
		(void)usleep(5000);
	}
	for (int i = 0; i < 4; i++) {
		size_t heard = 0;
		static char bytes[65536];
		ssize_t got = 1;

		while (heard < BIG_LEN && got > 0) {
			got = recv(fds[i], bytes, sizeof(bytes), 0);
			heard += got > 0 ? (size_t)got : 0;
		}
		ck_assert_int_eq(heard == BIG_LEN, i >= 2);
		(void)close(fds[i]);
	}
	stop();
}
END_TEST

START_TEST(a_client_too_many_is_told_so_unless_one_is_idle)
{
	int fds[LINES_CLIENTS_MAX];
	int fd;

	serve(&usual);
	for (int i = 0; i < LINES_CLIENTS_MAX; i++) {
		fds[i] = connect_to_it();
		check_answered(fds[i], "here");
		say(fds[i], "half");
	}
	fd = connect_to_it();
	ck_assert_str_eq(hear(fd), "too many\n");
	wait_for_end(fd);
	say(fds[7], "\n");
	ck_assert_str_eq(hear(fds[7]), "half, 4 bytes\n");
	(void)usleep(1100000); /* now it is idle */
	fd = connect_to_it();
	check_answered(fd, "there");
	wait_for_end(fds[7]);
	for (int i = 0; i < LINES_CLIENTS_MAX; i++)
		if (i != 7)
			(void)close(fds[i]);
	(void)close(fd);
	stop();
}
END_TEST

/* --- The file --- */

static mode_t mode_of(void)
{
	struct stat file;

	return stat(scratch_file, &file) ? 0 : file.st_mode & 07777;
}

START_TEST(the_file_has_its_mode_whatever_the_umask_and_goes_at_the_end)
{
	static const mode_t modes[] = {0660, 0666};

	for (int i = 0; i < 2; i++) {
		struct lines_conf conf = usual;

		conf.mode = modes[i];
		(void)umask(077);
		serve(&conf);
		ck_assert_int_eq(mode_of(), modes[i]);
		stop();
		ck_assert_int_eq(mode_of(), 0);
	}
}
END_TEST

START_TEST(a_file_that_a_dead_process_left_is_taken_over)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		struct socket_file file;

		_exit(socket_file_open(&file, scratch_file, 0660, why) ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(mode_of(), 0660);
	serve(&usual);

	int fd = connect_to_it();

	check_answered(fd, "alive");
	(void)close(fd);
	stop();
}
END_TEST

START_TEST(a_path_where_somebody_listens_is_refused_with_his_name)
{
	struct socket_file file;
	char who[64];
	int fd;

	serve(&usual);
	(void)snprintf(who, sizeof(who), "%.15s, process %d,", program_invocation_short_name,
		       (int)getpid());
	ck_assert_int_eq(socket_file_open(&file, scratch_file, 0660, why), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(why, "socket path taken"));
	ck_assert_ptr_nonnull(strstr(why, who));
	fd = connect_to_it();
	check_answered(fd, "still");
	(void)close(fd);
	stop();
}
END_TEST

START_TEST(what_is_no_socket_stays_and_is_refused)
{
	struct socket_file file;
	char path[200];

	scratch_write("a file");
	ck_assert_int_eq(socket_file_open(&file, scratch_file, 0660, why), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(why, "not a socket"));
	scratch_check("a file", 6);
	(void)snprintf(path, sizeof(path), "%s/none/x", scratch_dir);
	ck_assert_int_eq(socket_file_open(&file, path, 0660, why), -ENOENT);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(socket_file_open(&file, path, 0660, why), -ENAMETOOLONG);
}
END_TEST

START_TEST(a_file_that_is_anothers_by_now_stays)
{
	struct socket_file mine;
	struct socket_file his;

	ck_assert_int_eq(socket_file_open(&mine, scratch_file, 0660, why), 0);
	ck_assert_int_eq(unlink(scratch_file), 0);
	ck_assert_int_eq(socket_file_open(&his, scratch_file, 0666, why), 0);
	socket_file_close(&mine);
	ck_assert_int_eq(mode_of(), 0666);
	socket_file_close(&his);
	ck_assert_int_eq(mode_of(), 0);
}
END_TEST

START_TEST(of_many_who_start_at_once_one_serves)
{
	enum { STARTS = 20 };
	int gate[2];
	int served = 0;

	ck_assert_int_eq(pipe(gate), 0);
	for (int i = 0; i < STARTS; i++) {
		pid_t pid = fork();
		struct socket_file file;
		char byte;

		ck_assert_int_ge(pid, 0);
		if (pid)
			continue;
		(void)close(gate[1]);
		(void)!read(gate[0], &byte, 1);
		if (socket_file_open(&file, scratch_file, 0660, why))
			_exit(1);
		(void)sleep(2); /* the others have tried by then */
		socket_file_close(&file);
		_exit(0);
	}
	(void)close(gate[1]);
	for (int i = 0; i < STARTS; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		served += !status;
	}
	ck_assert_int_eq(served, 1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("lines");
	TCase *tcase = tcase_create("clients");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, scratch_make, scratch_remove);
	tcase_add_test(tcase, each_line_gets_one_answer_in_order_however_they_arrive);
	tcase_add_test(tcase, an_answer_may_come_later_and_what_is_behind_it_waits);
	tcase_add_test(tcase, a_client_that_left_before_its_answer_is_fine);
	tcase_add_test(tcase, one_that_left_while_it_waits_makes_room);
	tcase_add_test(tcase, the_longest_line_is_asked_and_a_longer_one_is_the_last);
	tcase_add_test(tcase, half_a_line_silence_and_unread_answers_end_a_connection_and_no_other);
	tcase_add_test(tcase, floods_do_not_keep_others_from_their_answers);
	tcase_add_test(tcase, answers_that_nobody_reads_are_given_up_the_oldest_first);
	tcase_add_test(tcase, a_client_too_many_is_told_so_unless_one_is_idle);
	tcase = tcase_create("file");
	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, scratch_make, scratch_remove);
	tcase_add_test(tcase, the_file_has_its_mode_whatever_the_umask_and_goes_at_the_end);
	tcase_add_test(tcase, a_file_that_a_dead_process_left_is_taken_over);
	tcase_add_test(tcase, a_path_where_somebody_listens_is_refused_with_his_name);
	tcase_add_test(tcase, what_is_no_socket_stays_and_is_refused);
	tcase_add_test(tcase, a_file_that_is_anothers_by_now_stays);
	tcase_add_test(tcase, of_many_who_start_at_once_one_serves);
	return suite;
}
