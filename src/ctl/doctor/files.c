/* SPDX-License-Identifier: BSD-3-Clause */
/* Who can read keys, or change what is served? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "doctor.h"

/* Returns 0 or -errno. */
static int stat_below(struct stat *out, const struct doctor *doctor, const char *path)
{
	char whole[2 * HOST_PATH_LEN];

	if (snprintf(whole, sizeof(whole), "%s%s", doctor->root, path) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	return stat(whole, out) ? -errno : 0;
}

/* The directory of a path. */
static void folder_of(char out[HOST_PATH_LEN], const char *path)
{
	char *slash;

	(void)snprintf(out, HOST_PATH_LEN, "%s", path);
	slash = strrchr(out, '/');
	if (slash == out)
		slash++;
	if (slash)
		*slash = '\0';
}

/* Write permission on the directory is enough to replace the file. */
static void check_folder(struct doctor *doctor, const char *check, const char *path)
{
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = check,
		.why = "anyone who can write there decides where clients' packets go",
	};
	struct stat info;

	folder_of(finding.where, path);
	if (stat_below(&info, doctor, finding.where) || !(info.st_mode & S_IWOTH) ||
	    info.st_mode & S_ISVTX)
		return;
	finding_text(finding.seen, "everybody may write to the folder %.300s", finding.where);
	finding_text(finding.fix, "chmod o-w %.300s", finding.where);
	doctor_add(doctor, &finding);
}

static void check_file(struct doctor *doctor, const char *check, const char *path, bool has_keys)
{
	struct finding finding = {.check = check};
	struct stat info;
	int err = *path ? stat_below(&info, doctor, path) : -ENOENT;

	if (err) {
		doctor_skip(doctor, check, "%.300s: %s", *path ? path : "its path is not known",
			    *path ? strerror(-err) : "name it");
		return;
	}
	(void)snprintf(finding.where, sizeof(finding.where), "%s", path);
	finding_text(finding.seen, "%.300s has mode %04o, of user %u and group %u", path,
		     info.st_mode & 07777U, (unsigned int)info.st_uid, (unsigned int)info.st_gid);
	if (info.st_mode & S_IWOTH) {
		finding.level = LEVEL_PROBLEM;
		finding.why = "anyone who can write to it decides where clients' packets go";
		finding_text(finding.fix, "chmod o= %.300s", path);
	} else if (has_keys && info.st_mode & S_IROTH) {
		finding.level = LEVEL_PROBLEM;
		finding.why = "it contains the hash keys: anyone who knows them can put all load "
			      "on one proxy";
		finding_text(finding.fix,
			     "chmod o= %.300s; and rotate keys that may have been read", path);
	}
	doctor_add(doctor, &finding);
	check_folder(doctor, check, path);
}

/* A core dump contains the keys of the tables in force, and clients' packets. */
static void check_dumps(struct doctor *doctor)
{
	static const char name[] = "Max core file size";
	struct finding finding = {
		.level = LEVEL_ADVICE,
		.check = "files.core_dumps",
		.why = "a core dump of the director has hash keys and packets of clients in it",
		.fix = "LimitCORE=0 in its unit, or protect where kernel.core_pattern puts them as "
		       "tables.json is",
	};
	char text[HOST_TEXT_LEN];
	char pattern[HOST_TEXT_LEN];
	const char *line;

	if (!doctor->subject.pid)
		return;
	host_path(finding.where, "/proc/%u/limits", doctor->subject.pid);
	line = host_text(text, doctor->root, finding.where) ? NULL : strstr(text, name);
	if (!line) {
		doctor_skip(doctor, finding.check, "%s cannot be read", finding.where);
		return;
	}
	line += strlen(name);
	line += strspn(line, " ");
	if (host_text(pattern, doctor->root, "/proc/sys/kernel/core_pattern"))
		*pattern = '\0';
	/* the limit does not apply to dumps piped to a program, but systemd-coredump honours it */
	if (!strncmp(line, "0 ", 2) && (*pattern != '|' || strstr(pattern, "systemd-coredump"))) {
		finding.level = LEVEL_OK;
		finding_text(finding.seen, "the director leaves no core dump");
	} else {
		finding_text(finding.seen,
			     "the director may leave a core dump, kernel.core_pattern is %.200s",
			     pattern);
	}
	doctor_add(doctor, &finding);
}

void doctor_files(struct doctor *doctor)
{
	check_file(doctor, "files.config", doctor->subject.config, false);
	check_file(doctor, "files.tables", doctor->subject.tables, true);
	check_dumps(doctor);
}
