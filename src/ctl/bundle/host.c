/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel and other programs of the host report, for a bundle. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle.h"
#include "ctl/host_files.h"

enum { SECONDS = 20, THREADS_MAX = 300 };

/* Reads until the end of file or until `room` is full. Returns the number of bytes or -errno. */
static ssize_t read_some(char *out, size_t room, int fd)
{
	size_t len = 0;
	ssize_t got = 1;

	while (got > 0 && len < room) {
		got = read(fd, out + len, room - len);
		if (got < 0)
			return -errno;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

void bundle_file(struct bundle *bundle, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = errno;
	char *text = fd < 0 ? NULL : malloc(BUNDLE_FILE_LEN);
	struct stat info;
	ssize_t len;

	if (fd < 0) {
		bundle_lack(bundle, path + 1, "%s", strerror(err));
		return;
	}
	if (!text)
		len = -ENOMEM;
	else if (fstat(fd, &info) || !S_ISREG(info.st_mode))
		len = -ENOTSUP;
	else
		len = read_some(text, BUNDLE_FILE_LEN, fd);
	(void)close(fd);
	if (len < 0)
		bundle_lack(bundle, path + 1, "%s", strerror((int)-len));
	else
		bundle_add(bundle, path + 1, text, (size_t)len);
	if (len == BUNDLE_FILE_LEN)
		bundle_lack(bundle, path + 1, "the rest of it, behind %d bytes", BUNDLE_FILE_LEN);
	free(text);
}

void bundle_run(struct bundle *bundle, const char *name, const char *command)
{
	char whole[512];
	char *text = malloc(BUNDLE_FILE_LEN);
	FILE *program;
	size_t len;

	(void)snprintf(whole, sizeof(whole), "timeout %d %s 2>&1 </dev/null", SECONDS, command);
	program = text ? popen(whole, "re") : NULL;
	if (!program) {
		bundle_lack(bundle, name, "%s", strerror(text ? errno : ENOMEM));
		free(text);
		return;
	}
	len = fread(text, 1, BUNDLE_FILE_LEN, program);

	int status = pclose(program);

	if (len)
		bundle_add(bundle, name, text, len);
	if (len == BUNDLE_FILE_LEN)
		bundle_lack(bundle, name, "the rest of it, behind %d bytes", BUNDLE_FILE_LEN);
	else if (status)
		bundle_lack(bundle, name, "%s: ended with status %d%s", command, status >> 8,
			    len ? ", after what is in it" : "");
	free(text);
}

/* Files that are copied verbatim. */
static const char *const files[] = {
	"/etc/os-release",
	"/etc/default/glb-director",
	"/proc/version",
	"/proc/cmdline",
	"/proc/cpuinfo",
	"/proc/meminfo",
	"/proc/buddyinfo",
	"/proc/loadavg",
	"/proc/uptime",
	"/proc/stat",
	"/proc/interrupts",
	"/proc/softirqs",
	"/proc/net/dev",
	"/proc/net/snmp",
	"/proc/net/netstat",
	"/proc/net/softnet_stat",
	"/proc/pressure/cpu",
	"/proc/pressure/memory",
	"/sys/devices/system/cpu/online",
	"/sys/devices/system/cpu/isolated",
	"/sys/devices/system/cpu/nohz_full",
	"/sys/devices/system/clocksource/clocksource0/current_clocksource",
	"/sys/kernel/mm/transparent_hugepage/enabled",
};

static void add_hugepages(void *arg, const char *name)
{
	static const char *const counts[] = {"nr_hugepages", "free_hugepages", "resv_hugepages"};
	char path[HOST_PATH_LEN];

	for (unsigned int i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		bundle_file(arg,
			    host_path(path, "/sys/kernel/mm/hugepages/%s/%s", name, counts[i]));
}

/* The process whose threads are added. */
struct threads {
	struct bundle *bundle;
	unsigned int left;
};

static void add_thread(void *arg, const char *name)
{
	struct threads *threads = arg;
	char path[HOST_PATH_LEN];

	if (!threads->left)
		return;
	threads->left--;
	bundle_file(threads->bundle,
		    host_path(path, "/proc/%u/task/%s/status", threads->bundle->pid, name));
}

static void add_process(struct bundle *bundle)
{
	static const char *const of_process[] = {"status", "cmdline",	   "limits",
						 "cgroup", "smaps_rollup", "numa_maps"};
	struct threads threads = {bundle, THREADS_MAX};
	char path[HOST_PATH_LEN];

	if (!bundle->pid) {
		bundle_lack(bundle, "proc/PID", "no director answers that would say its process");
		return;
	}
	for (unsigned int i = 0; i < sizeof(of_process) / sizeof(*of_process); i++)
		bundle_file(bundle, host_path(path, "/proc/%u/%s", bundle->pid, of_process[i]));
	host_path(path, "/proc/%u/task", bundle->pid);
	if (host_entries("", path, add_thread, &threads))
		bundle_lack(bundle, path + 1, "cannot be read");
}

void bundle_host(struct bundle *bundle)
{
	for (unsigned int i = 0; i < sizeof(files) / sizeof(*files); i++)
		bundle_file(bundle, files[i]);
	if (host_entries("", "/sys/kernel/mm/hugepages", add_hugepages, bundle))
		bundle_lack(bundle, "sys/kernel/mm/hugepages", "cannot be read");
	add_process(bundle);
	bundle_run(bundle, "ip-link.txt", "ip -d -s link show");
	bundle_run(bundle, "ip-addr.txt", "ip addr show");
	bundle_run(bundle, "ip-route.txt", "ip route show table all");
	bundle_run(bundle, "ip-route6.txt", "ip -6 route show table all");
	bundle_run(bundle, "ip-neigh.txt", "ip neigh show");
	bundle_run(bundle, "dmesg.txt", "dmesg --ctime");
}
