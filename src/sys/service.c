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
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "service.h"

/* Limit of signals of one kind taken as one, some milliseconds' worth: a flood may have no end. */
enum { PILE_MAX = 4096 };

/* In order of priority. SIGRTMIN is not a constant, so this cannot be a table. */
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

/*
 * Asks for huge pages where whole ones fit: a page fault each instead of 512. Without them, the
 * memory has small pages.
 */
static void want_huge_pages(char *room, size_t len)
{
	const size_t size = 2 << 20;
	size_t skipped = -(uintptr_t)room & (size - 1);

	if (len > skipped + size)
		(void)madvise(room + skipped, (len - skipped) & ~(size - 1), MADV_HUGEPAGE);
}

void service_keep_memory(size_t at_start)
{
	(void)mallopt(M_MMAP_MAX, 0);	     /* large allocations get no mappings of their own */
	(void)mallopt(M_TRIM_THRESHOLD, -1); /* never trim: becomes the maximum of size_t */
	(void)mallopt(M_ARENA_MAX,
		      1); /* memory of other arenas is returned to the kernel regardless */
	(void)mallopt(M_MXFAST,
		      0); /* no fast bins, whose chunks another thread would have to merge later */

	char *room = malloc(at_start);

	if (room) {
		want_huge_pages(room, at_start);
		explicit_bzero(room, at_start);
	}
	free(room);
}

enum service_event service_wait(const struct service *service, unsigned int timeout_ms)
{
	struct pollfd ready[] = {
		{.fd = service->signal_fd, .events = POLLIN},
		{.fd = service->wake_fd, .events = POLLIN},
	};
	uint64_t wakes;

	/* signals are consumed by kind, which reading the descriptor cannot do */
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

	/* fails only if a wake-up is already pending */
	(void)!write(service->wake_fd, &one, sizeof(one));
}

bool service_state_file(char out[PATH_MAX], const char *directory, const char *name)
{
	int len;

	if (!*directory) {
		directory = getenv("STATE_DIRECTORY");
		if (!directory || !*directory)
			return false;
		/* a colon separates directories in STATE_DIRECTORY, but may be part of a path of
		 * ours */
		len = (int)strcspn(directory, ":");
	} else {
		len = (int)strlen(directory);
	}
	return snprintf(out, PATH_MAX, "%.*s/%s", len, directory, name) < PATH_MAX;
}
