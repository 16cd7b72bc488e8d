/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "suite.h"
#include "sys/replace.h"

static char dir[] = "/tmp/glb-unit-XXXXXX";
static char path[64];

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/file", dir);
}

static void remove_directory(void)
{
	(void)unlink(path);
	(void)rmdir(path);
	ck_assert_msg(!rmdir(dir), "something is left in %s: %s", dir, strerror(errno));
}

static void write_file(const char *content)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(content, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void check_file(const void *bytes, size_t len)
{
	struct file_bytes file;

	ck_assert_int_eq(file_read(&file, path, 0), 0);
	ck_assert_uint_eq(file.len, len);
	ck_assert_mem_eq(file.bytes, bytes, len);
	ck_assert_uint_eq(file.bytes[len], 0);
	file_free(&file);
}

static unsigned int entries(void)
{
	DIR *list = opendir(dir);
	unsigned int count = 0;

	for (struct dirent *entry; (entry = readdir(list));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(list);
	return count;
}

static unsigned int mode_of_file(void)
{
	struct stat info;

	ck_assert_int_eq(stat(path, &info), 0);
	return info.st_mode & 07777;
}

static int replace(const char *at, const void *bytes, size_t len)
{
	return file_replace(at, &(struct file_draft){.bytes = bytes, .len = len});
}

START_TEST(a_new_file_has_the_mode_the_umask_leaves)
{
	(void)umask(027);
	ck_assert_int_eq(replace(path, "new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0640);
	ck_assert_int_eq(unlink(path), 0);
	(void)umask(0);
	ck_assert_int_eq(replace(path, "new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0666);
	ck_assert_uint_eq((unsigned int)umask(022), 0);
}
END_TEST

START_TEST(a_replaced_file_keeps_its_mode)
{
	write_file("old");
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(replace(path, "new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0600);
}
END_TEST

START_TEST(a_link_stays_a_link)
{
	char link[sizeof(path) + 8];
	struct stat info;

	(void)snprintf(link, sizeof(link), "%s/link", dir);
	write_file("old");
	ck_assert_int_eq(symlink("file", link), 0);
	ck_assert_int_eq(replace(link, "newer", 5), 0);
	ck_assert_int_eq(lstat(link, &info), 0);
	ck_assert(S_ISLNK(info.st_mode));
	check_file("newer", 5);
	ck_assert_int_eq(unlink(link), 0);
}
END_TEST

START_TEST(who_has_the_old_file_open_keeps_reading_the_old_one)
{
	char old[4] = {0};

	write_file("old");

	int fd = open(path, O_RDONLY);

	ck_assert_int_eq(replace(path, "new", 3), 0);
	ck_assert_int_eq(read(fd, old, 3), 3);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_str_eq(old, "old");
	check_file("new", 3);
}
END_TEST

START_TEST(a_file_that_could_not_be_written_whole_changes_nothing)
{
	static uint8_t bytes[8192];
	const struct rlimit limit = {4096, 4096}; /* as if the disk were full */

	write_file("old");
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(replace(path, bytes, sizeof(bytes)), -EFBIG);
	check_file("old", 3);
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(a_place_where_no_file_can_be_is_refused_without_a_trace)
{
	char elsewhere[96];
	char endless[PATH_MAX + 1];

	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/missing/file", dir);
	ck_assert_int_eq(replace(elsewhere, "new", 3), -ENOENT);
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = 0;
	ck_assert_int_eq(replace(endless, "new", 3), -ENAMETOOLONG);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(replace(path, "new", 3), -EISDIR);
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(a_name_without_a_directory_means_the_current_one)
{
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(replace("file", "new", 3), 0);
	check_file("new", 3);
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(a_device_or_pipe_is_not_replaced_by_a_file)
{
	struct stat info;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(replace(path, "new", 3), -ENOTSUP);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert(S_ISFIFO(info.st_mode));
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(a_directory_that_cannot_be_synced_is_noticed_before_anything_changes)
{
	write_file("old");
	ck_assert_int_eq(chmod(dir, 0300), 0); /* may be written to, but not opened */
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(dir, 65534, 65534), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	ck_assert_int_eq(replace(path, "new", 3), -EACCES);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	check_file("old", 3);
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

/* Somebody who is not root, and a group root is not in. */
enum { SOMEBODY = 65534, THEIR_GROUP = 12345, A_USER = 4711 };

/* An access control list for A_USER, whose mask allows reading; struct posix_acl_xattr of Linux. */
static const uint16_t user_may_read[] = {
	2,    0,					  /* version */
	0x01, 6, 0xffff, 0xffff,			  /* the owner */
	0x02, 4, A_USER, 0,	 0x04, 0, 0xffff, 0xffff, /* the group: nothing */
	0x10, 4, 0xffff, 0xffff,			  /* the mask */
	0x20, 0, 0xffff, 0xffff,			  /* others */
};
static const char acl[] = "system.posix_acl_access";

/* False where the file system has none. */
static bool set_acl(const char *at, const char *name)
{
	return !setxattr(at, name, user_may_read, sizeof(user_may_read), 0);
}

START_TEST(a_replaced_file_keeps_owner_group_and_attributes)
{
	uint16_t list[COUNT_OF(user_may_read)];
	char note[8] = "";
	struct stat info;

	write_file("old");
	ck_assert_int_eq(chmod(path, 0640), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(path, SOMEBODY, THEIR_GROUP), 0);

	bool attributes = set_acl(path, acl) && !setxattr(path, "user.note", "mine", 4, 0);

	ck_assert_int_eq(replace(path, "new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0640);
	ck_assert_int_eq(stat(path, &info), 0);
	if (geteuid() == 0) {
		ck_assert_uint_eq(info.st_uid, SOMEBODY);
		ck_assert_uint_eq(info.st_gid, THEIR_GROUP);
	}
	if (!attributes)
		return;
	ck_assert_int_eq(getxattr(path, acl, list, sizeof(list)), sizeof(list));
	ck_assert_mem_eq(list, user_may_read, sizeof(list));
	ck_assert_int_eq(getxattr(path, "user.note", note, sizeof(note)), 4);
	ck_assert_str_eq(note, "mine");
}
END_TEST

START_TEST(a_directory_gives_nobody_access_who_had_none)
{
	char list[64];

	write_file("old");
	ck_assert_int_eq(chmod(path, 0640), 0);
	if (!set_acl(dir, "system.posix_acl_default"))
		return;
	ck_assert_int_eq(replace(path, "new", 3), 0);
	ck_assert_int_eq(getxattr(path, acl, list, sizeof(list)), -1);
	ck_assert_uint_eq(mode_of_file(), 0640);
}
END_TEST

START_TEST(who_cannot_hand_on_the_group_gives_nobody_access)
{
	static const struct {
		mode_t before;
		mode_t after;
	} modes[] = {{0640, 0600}, {0600, 0600}, {0664, 0604}, {0604, 0600}, {0666, 0606}};

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(dir, SOMEBODY, SOMEBODY), 0);
	for (unsigned int i = 0; i < COUNT_OF(modes); i++) {
		write_file("old");
		ck_assert_int_eq(chmod(path, modes[i].before), 0);
		ck_assert_int_eq(chown(path, 0, THEIR_GROUP), 0);
		ck_assert_int_eq(setegid(SOMEBODY), 0);
		ck_assert_int_eq(seteuid(SOMEBODY), 0);
		ck_assert_int_eq(replace(path, "new", 3), 0);
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(setegid(0), 0);
		ck_assert_uint_eq(mode_of_file(), modes[i].after);
		ck_assert_int_eq(unlink(path), 0);
	}
}
END_TEST

START_TEST(a_new_file_grants_no_more_than_its_source)
{
	static const struct {
		mode_t source;
		mode_t mask;
		mode_t want;
	} modes[] = {
		{0600, 022, 0600}, {0640, 022, 0640}, {0644, 022, 0644}, {0644, 077, 0600},
		{0666, 022, 0644}, {0755, 022, 0644}, {0400, 0, 0400},
	};
	char source[sizeof(path) + 8];
	struct file_draft draft = {.bytes = (const uint8_t *)"new", .len = 3, .source = source};

	(void)snprintf(source, sizeof(source), "%s.source", path);
	for (unsigned int i = 0; i < COUNT_OF(modes); i++) {
		int fd = open(source, O_CREAT | O_WRONLY, 0600);

		ck_assert_int_eq(fchmod(fd, modes[i].source), 0);
		ck_assert_int_eq(close(fd), 0);
		(void)umask(modes[i].mask);
		ck_assert_int_eq(file_replace(path, &draft), 0);
		ck_assert_uint_eq(mode_of_file(), modes[i].want);
		ck_assert_int_eq(unlink(path), 0);
	}
	ck_assert_int_eq(unlink(source), 0);
	ck_assert_int_eq(file_replace(path, &draft), 0); /* nobody knows any more */
	ck_assert_uint_eq(mode_of_file(), 0600);
}
END_TEST

START_TEST(a_new_file_has_the_group_and_the_list_of_its_source)
{
	uint16_t list[COUNT_OF(user_may_read)];
	char source[sizeof(path) + 8];
	struct file_draft draft = {.bytes = (const uint8_t *)"new", .len = 3, .source = source};
	struct stat info;

	(void)snprintf(source, sizeof(source), "%s.source", path);
	ck_assert_int_eq(close(open(source, O_CREAT | O_WRONLY, 0640)), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(source, SOMEBODY, THEIR_GROUP), 0);

	bool listed = set_acl(source, acl);

	ck_assert_int_eq(file_replace(path, &draft), 0);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_uint_eq(info.st_uid, geteuid());
	if (geteuid() == 0)
		ck_assert_uint_eq(info.st_gid, THEIR_GROUP);
	if (listed) {
		ck_assert_int_eq(getxattr(path, acl, list, sizeof(list)), sizeof(list));
		ck_assert_mem_eq(list, user_may_read, sizeof(list));
	}
	ck_assert_uint_eq(mode_of_file(), 0640);
	ck_assert_int_eq(unlink(source), 0);
}
END_TEST

START_TEST(what_changed_since_it_was_read_is_not_overwritten)
{
	static const struct {
		const char *now;
		int want;
	} cases[] = {{"old", 0}, {"odd", -ESTALE}, {"older", -ESTALE}, {"", -ESTALE}};
	struct file_bytes was;
	struct file_draft draft = {.bytes = (const uint8_t *)"new", .len = 3, .was = &was};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		write_file("old");
		ck_assert_int_eq(file_read(&was, path, 0), 0);
		write_file(cases[i].now);
		ck_assert_int_eq(file_replace(path, &draft), cases[i].want);
		check_file(cases[i].want ? cases[i].now : "new",
			   cases[i].want ? strlen(cases[i].now) : 3);
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(file_replace(path, &draft), -ESTALE);
		ck_assert_uint_eq(entries(), 0);
		file_free(&was);
	}
}
END_TEST

/* A process that adds a letter to the file under the lock, `times` times. */
static pid_t add_letters(unsigned int times)
{
	pid_t child = fork();

	for (unsigned int i = 0; !child && i < times; i++) {
		int lock = file_lock(path);
		uint8_t longer[256] = {0};
		struct file_bytes file;

		if (lock < 0 || file_read(&file, path, 0))
			_exit(1);
		memset(longer, 'x', file.len + 1);

		struct file_draft draft = {.bytes = longer, .len = file.len + 1, .was = &file};

		if (file_replace(path, &draft))
			_exit(2);
		file_free(&file);
		(void)close(lock);
	}
	if (!child)
		_exit(0);
	return child;
}

START_TEST(changes_under_the_lock_go_one_after_the_other)
{
	enum { PROCESSES = 4, TIMES = 10 };
	pid_t children[PROCESSES];
	char all[PROCESSES * TIMES];
	int status;

	write_file("");
	for (unsigned int i = 0; i < PROCESSES; i++)
		children[i] = add_letters(TIMES);
	for (unsigned int i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
	memset(all, 'x', sizeof(all));
	check_file(all, sizeof(all));
}
END_TEST

START_TEST(what_cannot_be_locked_says_why)
{
	ck_assert_int_eq(file_lock(path), -ENOENT);
	ck_assert_int_eq(file_lock(dir), -EISDIR);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(file_lock(path), -ENOTSUP);
	ck_assert_int_eq(unlink(path), 0);
	write_file("old");

	int held = file_lock(path);

	ck_assert_int_ge(held, 0);
	ck_assert_int_eq(file_lock(path), -EAGAIN);
	ck_assert_int_eq(close(held), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("replace");
	TCase *file = tcase_create("replace");

	tcase_add_checked_fixture(file, make_directory, remove_directory);
	tcase_add_test(file, a_new_file_has_the_mode_the_umask_leaves);
	tcase_add_test(file, a_replaced_file_keeps_its_mode);
	tcase_add_test(file, a_link_stays_a_link);
	tcase_add_test(file, who_has_the_old_file_open_keeps_reading_the_old_one);
	tcase_add_test(file, a_file_that_could_not_be_written_whole_changes_nothing);
	tcase_add_test(file, a_place_where_no_file_can_be_is_refused_without_a_trace);
	tcase_add_test(file, a_name_without_a_directory_means_the_current_one);
	tcase_add_test(file, a_device_or_pipe_is_not_replaced_by_a_file);
	tcase_add_test(file, a_directory_that_cannot_be_synced_is_noticed_before_anything_changes);
	tcase_add_test(file, a_replaced_file_keeps_owner_group_and_attributes);
	tcase_add_test(file, a_directory_gives_nobody_access_who_had_none);
	tcase_add_test(file, who_cannot_hand_on_the_group_gives_nobody_access);
	tcase_add_test(file, a_new_file_grants_no_more_than_its_source);
	tcase_add_test(file, a_new_file_has_the_group_and_the_list_of_its_source);
	tcase_add_test(file, what_changed_since_it_was_read_is_not_overwritten);
	tcase_add_test(file, changes_under_the_lock_go_one_after_the_other);
	tcase_add_test(file, what_cannot_be_locked_says_why);
	suite_add_tcase(suite, file);
	return suite;
}
