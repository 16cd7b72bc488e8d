/* SPDX-License-Identifier: BSD-3-Clause */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "service.h"

static sigset_t handled_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	return set;
}

void service_start(void)
{
	sigset_t set = handled_signals();

	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

void service_keep_memory(void)
{
	(void)mallopt(M_MMAP_MAX, 0);	     /* no mappings of their own for large allocations */
	(void)mallopt(M_TRIM_THRESHOLD, -1); /* never: it becomes the largest size */
}

enum service_event service_wait(unsigned int timeout_ms)
{
	sigset_t set = handled_signals();
	struct timespec timeout = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = (long)(timeout_ms % 1000) * 1000000,
	};

	switch (sigtimedwait(&set, NULL, &timeout)) {
	case SIGHUP:
	case SIGUSR1:
		return SERVICE_RELOAD;
	case SIGTERM:
	case SIGINT:
		return SERVICE_STOP;
	default:
		return SERVICE_TICK;
	}
}
