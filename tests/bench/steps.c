/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "steps.h"

enum { MARK = SIGUSR1 }; /* raised where counting begins, and where it ends */

static void child(const struct steps_work *work)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(errno);
	for (int round = 0; round < 2; round++) {
		if (work->prepare)
			work->prepare(work->arg);
		(void)raise(MARK);
		work->run(work->arg);
		(void)raise(MARK);
	}
	_exit(0);
}

/* Waits for the child to stop by a signal; -errno when it ended. */
static int await(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	if (WIFSTOPPED(status))
		return WSTOPSIG(status);
	return WIFEXITED(status) && WEXITSTATUS(status) ? -WEXITSTATUS(status) : -ECHILD;
}

/* Lets the child go on up to the next mark. */
static int skip(pid_t pid)
{
	if (ptrace(PTRACE_CONT, pid, NULL, NULL))
		return -errno;

	int signal = await(pid);

	return signal < 0 || signal == MARK ? signal : -EINTR;
}

/* From the mark at which the child stands to the next one. */
static int64_t count(pid_t pid)
{
	for (int64_t steps = 0;; steps++) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
			return -errno;

		int signal = await(pid);

		if (signal == MARK)
			return steps;
		if (signal != SIGTRAP)
			return signal < 0 ? signal : -EINTR;
	}
}

static int64_t steps_with_marks(const struct steps_work *work)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		child(work);

	int64_t steps = await(pid);

	if (steps == MARK)
		steps = skip(pid);
	if (steps == MARK)
		steps = skip(pid);
	if (steps == MARK)
		steps = count(pid);
	if (!waitpid(pid, NULL, WNOHANG)) { /* it is still there */
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return steps;
}

static void nothing(void *arg)
{
	(void)arg;
}

/* Parent and child take turns: on one processor that takes half the time. */
static void stay_here(void)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	CPU_ZERO(&here);
	if (cpu < 0)
		return;
	CPU_SET((unsigned int)cpu, &here);
	(void)sched_setaffinity(0, sizeof(here), &here); /* if it may not, it takes longer */
}

int64_t steps_of(const struct steps_work *work)
{
	stay_here();

	int64_t marks = steps_with_marks(&(struct steps_work){.run = nothing});
	int64_t steps = marks < 0 ? marks : steps_with_marks(work);

	return steps < 0 ? steps : steps - marks;
}
