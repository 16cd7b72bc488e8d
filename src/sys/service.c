/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "service.h"

/* Signals of one kind taken in one go, some milliseconds' worth: a flood of them has no end. */
enum { PILE_MAX = 4096 };

/* In the order in which they are looked for. SIGRTMIN is a function call, hence no table of them.
 */
static enum service_event pending_event(void)
{
	const struct {
		int signal;
		enum service_event event;
	} kinds[] = {
		{SIGTERM, SERVICE_STOP},     {SIGINT, SERVICE_STOP},
		{SIGHUP, SERVICE_RELOAD},    {SIGUSR1, SERVICE_RELOAD_TABLES},
		{SIGUSR2, SERVICE_COUNTERS}, {SIGRTMIN, SERVICE_UNUSED},
	};
	const struct timespec at_once = {0};

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		enum service_event event = SERVICE_TICK;
		sigset_t set;

		(void)sigemptyset(&set);
		(void)sigaddset(&set, kinds[i].signal);
		/* real-time signals queue up */
		for (int n = 0; n < PILE_MAX && sigtimedwait(&set, NULL, &at_once) > 0; n++)
			event = kinds[i].event;
		if (event != SERVICE_TICK)
			return event;
	}
	return SERVICE_TICK;
}

static sigset_t kept_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigaddset(&set, SIGRTMIN);
	return set;
}

int service_start(struct service *out)
{
	sigset_t set = kept_signals();
	struct service service;

	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	service.signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	service.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (service.signal_fd < 0 || service.wake_fd < 0)
		return -errno;
	*out = service;
	return 0;
}

void service_keep_memory(size_t at_start)
{
	(void)mallopt(M_MMAP_MAX, 0);	     /* no mappings of their own for large allocations */
	(void)mallopt(M_TRIM_THRESHOLD, -1); /* never: it becomes the largest size */
	(void)mallopt(M_ARENA_MAX, 1);	     /* arenas of other threads are given back regardless */
	(void)mallopt(M_MXFAST, 0);	     /* nothing is left to be joined by another thread */

	void *room = malloc(at_start);

	if (room)
		explicit_bzero(room, at_start);
	free(room);
}

enum service_event service_wait(const struct service *service, unsigned int timeout_ms)
{
	struct pollfd ready[] = {
		{.fd = service->signal_fd, .events = POLLIN},
		{.fd = service->wake_fd, .events = POLLIN},
	};
	uint64_t wakes;

	/* The signals are taken one kind at a time, which the descriptor cannot do. */
	if (poll(ready, 2, (int)timeout_ms) > 0 && ready[1].revents)
		(void)!read(service->wake_fd, &wakes, sizeof(wakes));
	return pending_event();
}

bool service_stop_pending(void)
{
	sigset_t pending;

	return !sigpending(&pending) &&
	       (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

void service_wake(const struct service *service)
{
	const uint64_t one = 1;

	/* fails only when a wake-up is pending already */
	(void)!write(service->wake_fd, &one, sizeof(one));
}

bool service_state_file(char out[PATH_MAX], const char *directory, const char *name)
{
	int len;

	if (!*directory) {
		directory = getenv("STATE_DIRECTORY");
		if (!directory || !*directory)
			return false;
		/* the service manager separates several by colons; a name of ours may have some */
		len = (int)strcspn(directory, ":");
	} else {
		len = (int)strlen(directory);
	}
	return snprintf(out, PATH_MAX, "%.*s/%s", len, directory, name) < PATH_MAX;
}
