/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "memory.h"

static const char mount_point[] = "/sys/fs/cgroup";

/* The number after a word at the start of a line; or, if word is "", the number at the start of
 * the file. */
static bool read_number(uint64_t *out, const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[256];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		if (!strncmp(line, word, strlen(word)))
			found = sscanf(line + strlen(word), " %" SCNu64, out) == 1;
	(void)fclose(file);
	return found; /* false for the word "max" */
}

static void take_less(struct memory_left *left, uint64_t bytes, const char *limit)
{
	if (bytes < left->bytes)
		*left = (struct memory_left){bytes, limit};
}

/* File names of one version of cgroups. */
struct cgroup_files {
	const char *folder; /* below the mount point */
	const char *limit;
	const char *used;
	const char *idle_cache; /* key in memory.stat */
};

static void ask_cgroup(struct memory_left *left, const char *folder,
		       const struct cgroup_files *files)
{
	char path[PATH_MAX + 64];
	uint64_t limit;
	uint64_t used;
	uint64_t cache = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, files->limit);
	if (!read_number(&limit, path, ""))
		return;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, files->used);
	if (!read_number(&used, path, ""))
		return;
	(void)snprintf(path, sizeof(path), "%s/memory.stat", folder);
	(void)read_number(&cache, path, files->idle_cache);
	used -= cache < used ? cache : used;
	take_less(left, limit > used ? limit - used : 0, "by the memory limit of its cgroup");
}

/* A cgroup and its ancestors. In a container the path may be that of the host; directories that
 * do not exist are skipped. */
static void ask_cgroups(struct memory_left *left, const char *group,
			const struct cgroup_files *files)
{
	char folder[PATH_MAX];
	int len = snprintf(folder, sizeof(folder), "%s%s%s", mount_point, files->folder, group);

	if (len < 0 || (size_t)len >= sizeof(folder))
		return;
	for (char *end = folder + len; end; end = strrchr(folder, '/')) {
		*end = 0;
		if (strlen(folder) < strlen(mount_point) + strlen(files->folder))
			return;
		ask_cgroup(left, folder, files);
	}
}

/* A line of /proc/self/cgroup is `ID:CONTROLLERS:PATH`; version 2 has ID 0 and no controllers. */
static void ask_line(struct memory_left *left, char *line)
{
	static const struct cgroup_files first = {"/memory", "memory.limit_in_bytes",
						  "memory.usage_in_bytes", "total_inactive_file"};
	static const struct cgroup_files second[] = {
		{"", "memory.max", "memory.current", "inactive_file"},
		{"/unified", "memory.max", "memory.current", "inactive_file"},
	};
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return;
	*path++ = 0;
	path[strcspn(path, "\n")] = 0;
	if (!strcmp(path, "/"))
		*path = 0;
	if (!strcmp(line, "0:")) {
		ask_cgroups(left, path, &second[0]);
		ask_cgroups(left, path, &second[1]);
	}
	for (char *rest = controllers + 1, *name; (name = strsep(&rest, ","));)
		if (!strcmp(name, "memory"))
			ask_cgroups(left, path, &first);
}

static void ask_own_cgroups(struct memory_left *left)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 64];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		ask_line(left, line);
	(void)fclose(file);
}

static void ask_rlimit(struct memory_left *left, int resource, const char *word, const char *name)
{
	struct rlimit limit;
	uint64_t used_kib;

	if (getrlimit((__rlimit_resource_t)resource, &limit) || limit.rlim_cur == RLIM_INFINITY ||
	    !read_number(&used_kib, "/proc/self/status", word))
		return;
	take_less(left, limit.rlim_cur > used_kib << 10 ? limit.rlim_cur - (used_kib << 10) : 0,
		  name);
}

struct memory_left memory_left(void)
{
	struct memory_left left = {UINT64_MAX, ""};
	uint64_t available_kib;
	uint64_t freed = mallinfo2().fordblks;

	if (read_number(&available_kib, "/proc/meminfo", "MemAvailable:"))
		take_less(&left, available_kib << 10, "of the machine's memory");
	ask_own_cgroups(&left);
	ask_rlimit(&left, RLIMIT_AS, "VmSize:", "by RLIMIT_AS");
	ask_rlimit(&left, RLIMIT_DATA, "VmData:", "by RLIMIT_DATA");
	left.bytes = left.bytes > UINT64_MAX - freed ? UINT64_MAX : left.bytes + freed;
	return left;
}

uint64_t memory_resident(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (statm && fscanf(statm, "%*u %lu", &pages) != 1)
		pages = 0;
	if (statm)
		(void)fclose(statm);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
