/* SPDX-License-Identifier: BSD-3-Clause */
#include "refusal.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "sys/log.h"

const char *redirect_reason(int error)
{
	switch (-error) {
	case ENOENT:
		return "glb-redirect is not attached";
	case EEXIST:
		return "the place of glb-redirect among the filters (priority 19523, handle 1) is "
		       "taken by another filter";
	case EXDEV:
		return "its tc filters are in a block that it shares with other devices, where "
		       "glb-redirect has no place";
	case EBUSY:
		return "the program that is attached is held by a link of another tool; detach it "
		       "there";
	case ENOEXEC:
		return "the kernel refused the program, for the reasons above; "
		       "docs/second-chance.md has the kernels it was run on";
	case ENOTSUP:
		return "the program that is attached is of another version; attach again";
	case EPROTONOSUPPORT:
		return "the kernel does not report all sockets; it needs tcp_diag and udp_diag";
	case EPERM:
		return "no permission; this needs root, or CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON and "
		       "CAP_SYS_ADMIN";
	default:
		return strerror(-error);
	}
}

int redirect_refuse(const char *device, const char *why)
{
	log_error("%s: %s", device, why);
	return EXIT_REFUSED;
}

int redirect_flush(const char *device)
{
	return fflush(stdout) ? redirect_refuse(device, strerror(errno)) : EXIT_SUCCESS;
}

int redirect_find_device(const struct command_line *line)
{
	int ifindex = (int)if_nametoindex(line->args[0]);

	if (!ifindex)
		(void)redirect_refuse(line->args[0], "no such device in this network namespace");
	return ifindex;
}
