/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the operating system expect of a daemon?
 */
#ifndef SYS_SERVICE_H
#define SYS_SERVICE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum service_event {
	SERVICE_TICK,	       /* timeout, or service_wake() */
	SERVICE_STOP,	       /* SIGTERM or SIGINT */
	SERVICE_RELOAD,	       /* SIGHUP */
	SERVICE_RELOAD_TABLES, /* SIGUSR1 */
	SERVICE_COUNTERS,      /* SIGUSR2 */
	SERVICE_UNUSED,	       /* SIGRTMIN, which has no meaning here */
};

struct service {
	int signal_fd;
	int wake_fd;
};

/*
 * Reserves the signals above for service_wait(), in this thread and every thread started later, so
 * that none of them ends the process or interrupts a system call. Must be the first call in main().
 *
 * Returns 0, or -errno if there are no file descriptors; the signals are blocked even then. A
 * program has one service and never releases it.
 */
__attribute__((warn_unused_result)) int service_start(struct service *out);

/*
 * Makes the process keep freed memory, of all threads, for later allocations: returning it to the
 * kernel interrupts every processor that runs a thread of this process. Small free chunks are
 * merged immediately: were the many chunks of a table merged later, the next larger allocation of
 * another thread would take 20 ms. `at_start` bytes are allocated up front, so that the process's
 * memory use is level from the start unless it needs more. Must be called before the first thread
 * is started.
 */
void service_keep_memory(size_t at_start);

/*
 * Waits for an event, at most timeout_ms. If several are pending, SERVICE_STOP is returned first,
 * then the others in the order above, so no flood of requests delays a stop. Pending signals of one
 * kind count as one event; in an endless flood, as one per several thousand. To be called by one
 * thread only.
 */
enum service_event service_wait(const struct service *service, unsigned int timeout_ms);

/* Is a SERVICE_STOP pending? Consumes no event. Callable from any thread. */
bool service_stop_pending(void);

/*
 * Writes the path of a file in the state directory: `directory` or, if that is "", the first one in
 * the service manager's STATE_DIRECTORY. False: neither is set, or the path is too long. Callable
 * from any thread.
 */
bool service_state_file(char out[PATH_MAX], const char *directory, const char *name);

/* Makes the current or next service_wait() return SERVICE_TICK. Callable from any thread. */
void service_wake(const struct service *service);

#endif
