/* SPDX-License-Identifier: BSD-3-Clause */
#include "child.h"

#include <check.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t child_start(void)
{
	pid_t parent = getpid();
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (!child && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(1);
	return child;
}

void child_ends_well(pid_t child)
{
	int status = -1;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
