/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "child.h"
#include "scratch.h"
#include "suite.h"
#include "sys/replace.h"

static unsigned int mode_of_file(void)
{
	struct stat info;

	ck_assert_int_eq(stat(scratch_file, &info), 0);
	return info.st_mode & 07777;
}

static int replace(const char *at, const void *bytes, size_t len)
{
	return file_replace(at, &(struct file_draft){.bytes = bytes, .len = len});
}

START_TEST(a_new_file_has_the_mode_the_umask_leaves)
{
	(void)umask(027);
	ck_assert_int_eq(replace(scratch_file, "new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0640);
	ck_assert_int_eq(unlink(scratch_file), 0);
	(void)umask(0);
	ck_assert_int_eq(replace(scratch_file, "new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0666);
	ck_assert_uint_eq((unsigned int)umask(022), 0);
}
END_TEST

START_TEST(a_replaced_file_keeps_its_mode)
{
	scratch_write("old");
	ck_assert_int_eq(chmod(scratch_file, 0600), 0);
	ck_assert_int_eq(replace(scratch_file, "new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0600);
}
END_TEST

START_TEST(a_secret_file_is_for_its_owner_whatever_there_was)
{
	const struct file_draft draft = {.bytes = (const void *)"new", .len = 3, .secret = true};

	(void)umask(0);
	ck_assert_int_eq(file_replace(scratch_file, &draft), 0);
	ck_assert_uint_eq(mode_of_file(), 0600);
	ck_assert_int_eq(chmod(scratch_file, 0666), 0);
	ck_assert_int_eq(file_replace(scratch_file, &draft), 0);
	ck_assert_uint_eq(mode_of_file(), 0600);
	(void)umask(022);
}
END_TEST

START_TEST(a_link_stays_a_link)
{
	char link[sizeof(scratch_file) + 8];
	struct stat info;

	(void)snprintf(link, sizeof(link), "%s/link", scratch_dir);
	scratch_write("old");
	ck_assert_int_eq(symlink("file", link), 0);
	ck_assert_int_eq(replace(link, "newer", 5), 0);
	ck_assert_int_eq(lstat(link, &info), 0);
	ck_assert(S_ISLNK(info.st_mode));
	scratch_check("newer", 5);
	ck_assert_int_eq(unlink(link), 0);
}
END_TEST

START_TEST(who_has_the_old_file_open_keeps_reading_the_old_one)
{
	char old[4] = {0};

	scratch_write("old");

	int fd = open(scratch_file, O_RDONLY);

	ck_assert_int_eq(replace(scratch_file, "new", 3), 0);
	ck_assert_int_eq(read(fd, old, 3), 3);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_str_eq(old, "old");
	scratch_check("new", 3);
}
END_TEST

START_TEST(a_file_that_could_not_be_written_whole_changes_nothing)
{
	static uint8_t bytes[8192];
	const struct rlimit limit = {4096, 4096}; /* as if the disk were full */

	scratch_write("old");
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(replace(scratch_file, bytes, sizeof(bytes)), -EFBIG);
	scratch_check("old", 3);
	ck_assert_uint_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_place_where_no_file_can_be_is_refused_without_a_trace)
{
	char elsewhere[96];
	char endless[PATH_MAX + 1];

	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/missing/file", scratch_dir);
	ck_assert_int_eq(replace(elsewhere, "new", 3), -ENOENT);
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = 0;
	ck_assert_int_eq(replace(endless, "new", 3), -ENAMETOOLONG);
	ck_assert_int_eq(mkdir(scratch_file, 0700), 0);
	ck_assert_int_eq(replace(scratch_file, "new", 3), -EISDIR);
	ck_assert_uint_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_name_without_a_directory_means_the_current_one)
{
	ck_assert_int_eq(chdir(scratch_dir), 0);
	ck_assert_int_eq(replace("file", "new", 3), 0);
	scratch_check("new", 3);
	ck_assert_uint_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_device_or_pipe_is_not_replaced_by_a_file)
{
	struct stat info;

	ck_assert_int_eq(mkfifo(scratch_file, 0600), 0);
	ck_assert_int_eq(replace(scratch_file, "new", 3), -ENOTSUP);
	ck_assert_int_eq(stat(scratch_file, &info), 0);
	ck_assert(S_ISFIFO(info.st_mode));
	ck_assert_uint_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_directory_that_cannot_be_synced_is_noticed_before_anything_changes)
{
	scratch_write("old");
	ck_assert_int_eq(chmod(scratch_dir, 0300), 0); /* may be written to, but not opened */
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(scratch_dir, 65534, 65534), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	ck_assert_int_eq(replace(scratch_file, "new", 3), -EACCES);
	ck_assert_int_eq(chmod(scratch_dir, 0700), 0);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	scratch_check("old", 3);
	ck_assert_uint_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_file_that_is_a_mount_point_is_said_to_be_one)
{
	scratch_write("old");
	/* as a container has it: the name cannot be given to another file */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(scratch_file, scratch_file, NULL, MS_BIND, NULL))
		return;
	ck_assert_int_eq(replace(scratch_file, "new", 3), -EXDEV);
	ck_assert_ptr_nonnull(strstr(file_reason(-EXDEV), "mount point"));
	ck_assert_int_eq(umount(scratch_file), 0);
	scratch_check("old", 3);
	ck_assert_uint_eq(scratch_entries(), 1);
}
END_TEST

/* A user other than root, and a group that root is not in. */
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

	scratch_write("old");
	ck_assert_int_eq(chmod(scratch_file, 0640), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(scratch_file, SOMEBODY, THEIR_GROUP), 0);

	bool attributes =
		set_acl(scratch_file, acl) && !setxattr(scratch_file, "user.note", "mine", 4, 0);

	ck_assert_int_eq(replace(scratch_file, "new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0640);
	ck_assert_int_eq(stat(scratch_file, &info), 0);
	if (geteuid() == 0) {
		ck_assert_uint_eq(info.st_uid, SOMEBODY);
		ck_assert_uint_eq(info.st_gid, THEIR_GROUP);
	}
	if (!attributes)
		return;
	ck_assert_int_eq(getxattr(scratch_file, acl, list, sizeof(list)), sizeof(list));
	ck_assert_mem_eq(list, user_may_read, sizeof(list));
	ck_assert_int_eq(getxattr(scratch_file, "user.note", note, sizeof(note)), 4);
	ck_assert_str_eq(note, "mine");
}
END_TEST

START_TEST(a_directory_gives_nobody_access_who_had_none)
{
	char list[64];

	scratch_write("old");
	ck_assert_int_eq(chmod(scratch_file, 0640), 0);
	if (!set_acl(scratch_dir, "system.posix_acl_default"))
		return;
	ck_assert_int_eq(replace(scratch_file, "new", 3), 0);
	ck_assert_int_eq(getxattr(scratch_file, acl, list, sizeof(list)), -1);
	ck_assert_uint_eq(mode_of_file(), 0640);
}
END_TEST

START_TEST(who_cannot_hand_on_the_group_gives_nobody_more_access)
{
	static const struct {
		mode_t before;
		mode_t after;
	} modes[] = {{0640, 0600}, {0600, 0600}, {0664, 0644}, {0604, 0600}, {0666, 0666}};

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(scratch_dir, SOMEBODY, SOMEBODY), 0);
	for (unsigned int i = 0; i < COUNT_OF(modes); i++) {
		scratch_write("old");
		ck_assert_int_eq(chmod(scratch_file, modes[i].before), 0);
		ck_assert_int_eq(chown(scratch_file, 0, THEIR_GROUP), 0);
		ck_assert_int_eq(setegid(SOMEBODY), 0);
		ck_assert_int_eq(seteuid(SOMEBODY), 0);
		ck_assert_int_eq(replace(scratch_file, "new", 3), 0);
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(setegid(0), 0);
		ck_assert_uint_eq(mode_of_file(), modes[i].after);
		ck_assert_int_eq(unlink(scratch_file), 0);
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
	char source[sizeof(scratch_file) + 8];
	struct file_draft draft = {.bytes = (const uint8_t *)"new", .len = 3, .source = source};

	(void)snprintf(source, sizeof(source), "%s.source", scratch_file);
	for (unsigned int i = 0; i < COUNT_OF(modes); i++) {
		int fd = open(source, O_CREAT | O_WRONLY, 0600);

		ck_assert_int_eq(fchmod(fd, modes[i].source), 0);
		ck_assert_int_eq(close(fd), 0);
		(void)umask(modes[i].mask);
		ck_assert_int_eq(file_replace(scratch_file, &draft), 0);
		ck_assert_uint_eq(mode_of_file(), modes[i].want);
		ck_assert_int_eq(unlink(scratch_file), 0);
	}
	ck_assert_int_eq(unlink(source), 0);
	ck_assert_int_eq(file_replace(scratch_file, &draft), 0); /* nobody knows any more */
	ck_assert_uint_eq(mode_of_file(), 0600);
}
END_TEST

START_TEST(a_new_file_has_the_group_and_the_list_of_its_source)
{
	uint16_t list[COUNT_OF(user_may_read)];
	char source[sizeof(scratch_file) + 8];
	struct file_draft draft = {.bytes = (const uint8_t *)"new", .len = 3, .source = source};
	struct stat info;

	(void)snprintf(source, sizeof(source), "%s.source", scratch_file);
	ck_assert_int_eq(close(open(source, O_CREAT | O_WRONLY, 0640)), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(source, SOMEBODY, THEIR_GROUP), 0);

	bool listed = set_acl(source, acl);

	ck_assert_int_eq(file_replace(scratch_file, &draft), 0);
	ck_assert_int_eq(stat(scratch_file, &info), 0);
	ck_assert_uint_eq(info.st_uid, geteuid());
	if (geteuid() == 0)
		ck_assert_uint_eq(info.st_gid, THEIR_GROUP);
	if (listed) {
		ck_assert_int_eq(getxattr(scratch_file, acl, list, sizeof(list)), sizeof(list));
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
		scratch_write("old");
		ck_assert_int_eq(file_read(&was, scratch_file, 0), 0);
		scratch_write(cases[i].now);
		ck_assert_int_eq(file_replace(scratch_file, &draft), cases[i].want);
		scratch_check(cases[i].want ? cases[i].now : "new",
			      cases[i].want ? strlen(cases[i].now) : 3);
		ck_assert_int_eq(unlink(scratch_file), 0);
		ck_assert_int_eq(file_replace(scratch_file, &draft), -ESTALE);
		ck_assert_uint_eq(scratch_entries(), 0);
		file_free(&was);
	}
}
END_TEST

/* A process that adds a letter to the file under the lock, `times` times. */
static pid_t add_letters(unsigned int times)
{
	pid_t child = child_start();

	for (unsigned int i = 0; !child && i < times; i++) {
		int lock = file_lock(scratch_file);
		uint8_t longer[256] = {0};
		struct file_bytes file;

		if (lock < 0 || file_read(&file, scratch_file, 0))
			_exit(1);
		memset(longer, 'x', file.len + 1);

		struct file_draft draft = {.bytes = longer, .len = file.len + 1, .was = &file};

		if (file_replace(scratch_file, &draft))
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

	scratch_write("");
	for (unsigned int i = 0; i < PROCESSES; i++)
		children[i] = add_letters(TIMES);
	for (unsigned int i = 0; i < PROCESSES; i++)
		child_ends_well(children[i]);
	memset(all, 'x', sizeof(all));
	scratch_check(all, sizeof(all));
}
END_TEST

START_TEST(what_cannot_be_locked_says_why)
{
	ck_assert_int_eq(file_lock(scratch_file), -ENOENT);
	ck_assert_int_eq(file_lock(scratch_dir), -EISDIR);
	ck_assert_int_eq(mkfifo(scratch_file, 0600), 0);
	ck_assert_int_eq(file_lock(scratch_file), -ENOTSUP);
	ck_assert_int_eq(unlink(scratch_file), 0);
	scratch_write("old");

	int held = file_lock(scratch_file);

	ck_assert_int_ge(held, 0);
	ck_assert_int_eq(file_lock(scratch_file), -EAGAIN);
	ck_assert_int_eq(close(held), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("replace");
	TCase *file = tcase_create("replace");

	tcase_add_checked_fixture(file, scratch_make, scratch_remove);
	tcase_add_test(file, a_new_file_has_the_mode_the_umask_leaves);
	tcase_add_test(file, a_replaced_file_keeps_its_mode);
	tcase_add_test(file, a_secret_file_is_for_its_owner_whatever_there_was);
	tcase_add_test(file, a_link_stays_a_link);
	tcase_add_test(file, who_has_the_old_file_open_keeps_reading_the_old_one);
	tcase_add_test(file, a_file_that_could_not_be_written_whole_changes_nothing);
	tcase_add_test(file, a_place_where_no_file_can_be_is_refused_without_a_trace);
	tcase_add_test(file, a_name_without_a_directory_means_the_current_one);
	tcase_add_test(file, a_device_or_pipe_is_not_replaced_by_a_file);
	tcase_add_test(file, a_file_that_is_a_mount_point_is_said_to_be_one);
	tcase_add_test(file, a_directory_that_cannot_be_synced_is_noticed_before_anything_changes);
	tcase_add_test(file, a_replaced_file_keeps_owner_group_and_attributes);
	tcase_add_test(file, a_directory_gives_nobody_access_who_had_none);
	tcase_add_test(file, who_cannot_hand_on_the_group_gives_nobody_more_access);
	tcase_add_test(file, a_new_file_grants_no_more_than_its_source);
	tcase_add_test(file, a_new_file_has_the_group_and_the_list_of_its_source);
	tcase_add_test(file, what_changed_since_it_was_read_is_not_overwritten);
	tcase_add_test(file, changes_under_the_lock_go_one_after_the_other);
	tcase_add_test(file, what_cannot_be_locked_says_why);
	suite_add_tcase(suite, file);
	return suite;
}
