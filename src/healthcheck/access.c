/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/input.h"
#include "conf/report.h"
#include "healthcheck/access.h"
#include "sys/file.h"

enum { NAME_LEN = 33, PATH_SHOWN = 200, ENTRY_LEN = 4096 };

static const char *user_name(char out[NAME_LEN], uid_t uid)
{
	char bytes[ENTRY_LEN];
	struct passwd user;
	struct passwd *found = NULL;

	(void)snprintf(out, NAME_LEN, "%u", uid);
	if (!getpwuid_r(uid, &user, bytes, sizeof(bytes), &found) && found)
		(void)snprintf(out, NAME_LEN, "%s", user.pw_name);
	return out;
}

static const char *group_name(char out[NAME_LEN], gid_t gid)
{
	char bytes[ENTRY_LEN];
	struct group group;
	struct group *found = NULL;

	(void)snprintf(out, NAME_LEN, "%u", gid);
	if (!getgrgid_r(gid, &group, bytes, sizeof(bytes), &found) && found)
		(void)snprintf(out, NAME_LEN, "%s", group.gr_name);
	return out;
}

/* Truncates a path after the first directory that the process may not search. False: there is
 * none. */
static bool cut_at_closed(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS))
			return true;
		*slash = '/';
	}
	return false;
}

/* "user U, group G, may not VERB PATH (mode 0600, root:root)" */
static void access_explain(char out[ACCESS_WHY_LEN], const char *verb, const char *path)
{
	char names[4][NAME_LEN];
	struct stat info = {0};

	(void)stat(path, &info); /* fails only if a directory above denies access */
	(void)snprintf(out, ACCESS_WHY_LEN, "user %s, group %s, may not %s %.*s (mode %04o, %s:%s)",
		       user_name(names[0], geteuid()), group_name(names[1], getegid()), verb,
		       PATH_SHOWN, path, (unsigned int)(info.st_mode & 07777),
		       user_name(names[2], info.st_uid), group_name(names[3], info.st_gid));
}

/* Appends the command, unless it does not fit whole. */
static void add_command(char out[ACCESS_WHY_LEN], const char *bits, const char *path)
{
	size_t len = strlen(out);
	char group[NAME_LEN];
	int added = snprintf(out + len, ACCESS_WHY_LEN - len, ": chgrp %s %s && chmod %s %s",
			     group_name(group, getegid()), path, bits, path);

	if (added >= ACCESS_WHY_LEN - (int)len)
		out[len] = '\0';
}

const char *access_explain_read(char out[ACCESS_WHY_LEN], const char *path)
{
	char copy[PATH_MAX];
	bool closed;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	closed = cut_at_closed(copy);
	access_explain(out, closed ? "pass" : "read", copy);
	add_command(out, closed ? "g+x" : "g+r", copy);
	return out;
}

const char *access_explain_write(char out[ACCESS_WHY_LEN], const char *path)
{
	static const char advice[] = ": name a file in /var/lib/glb-healthcheck";
	char copy[PATH_MAX];
	const char *directory;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	directory = cut_at_closed(copy) ? copy : dirname(copy);
	access_explain(out, "write in", directory);
	(void)strncat(out, advice, ACCESS_WHY_LEN - strlen(out) - 1);
	return out;
}

int access_check(const struct conf_input *input, struct report *report)
{
	char why[ACCESS_WHY_LEN];

	if (input->err != -EACCES)
		return input_check(input, report);
	report_file(report, input->path);
	report_fail(report, "%s: %s", file_reason(input->err),
		    access_explain_read(why, input->path));
	return input->err;
}
