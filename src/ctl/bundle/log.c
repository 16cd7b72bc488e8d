/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of the director's log, for a bundle. */
#include <stdio.h>
#include <string.h>

#include "bundle.h"
#include "ctl/host_files.h"

enum { LINES = 5000, UNIT_LEN = 128 };

/* Is the name safe to use in a shell command? */
static bool is_unit(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._-";
	size_t len = strlen(name);

	return len < UNIT_LEN && strspn(name, letters) == len && *name != '-' &&
	       len > strlen(".service") && !strcmp(name + len - strlen(".service"), ".service");
}

/* The unit of the director's process, from its cgroup. False: it has none. */
static bool find_unit(char out[UNIT_LEN], unsigned int pid)
{
	char path[HOST_PATH_LEN];
	char text[HOST_TEXT_LEN];
	const char *slash;

	if (!pid) {
		(void)snprintf(out, UNIT_LEN, "glb-director.service");
		return true;
	}
	if (host_text(text, "", host_path(path, "/proc/%u/cgroup", pid)))
		return false;
	text[strcspn(text, "\n")] = '\0';
	slash = strrchr(text, '/');
	if (!slash || !is_unit(slash + 1))
		return false;
	(void)snprintf(out, UNIT_LEN, "%s", slash + 1);
	return true;
}

void bundle_log(struct bundle *bundle)
{
	char unit[UNIT_LEN];
	char command[2 * UNIT_LEN];

	if (!find_unit(unit, bundle->pid)) {
		bundle_lack(bundle, "log.txt",
			    "process %u is of no unit of systemd: its log is wherever its standard "
			    "error goes",
			    bundle->pid);
		return;
	}
	(void)snprintf(command, sizeof(command),
		       "journalctl --no-pager --utc -o short-iso-precise -n %d -u %s", LINES, unit);
	bundle_run(bundle, "log.txt", command);
}
