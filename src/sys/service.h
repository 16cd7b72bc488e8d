/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the operating system want of a long-running program?
 */
#ifndef SYS_SERVICE_H
#define SYS_SERVICE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum service_event {
	SERVICE_TICK,	       /* nothing within the time given, or service_wake() */
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
 * Keeps those signals for service_wait(), from now on and in every thread started later, so that
 * none of them ends the process or interrupts a system call. To be called first thing in main().
 *
 * Returns 0, or -errno when there are no file descriptors; the signals are kept also then. A
 * program has one service, and never gives it back.
 */
__attribute__((warn_unused_result)) int service_start(struct service *out);

/*
 * From now on the process keeps the memory that it frees, whichever thread does, for its next
 * allocations. Giving it back has the kernel interrupt every processor that runs a thread of this
 * process. And small pieces that are free are joined at once: if the many of a table were left for
 * later, the next larger allocation of another thread would take 20 ms. So many bytes of it are
 * taken from the kernel at once, so that what a process uses is level from its start on, as far as
 * it does not need more. To be called before the first thread is started.
 */
void service_keep_memory(size_t at_start);

/*
 * Waits for an event, at most timeout_ms. Of several that are pending, SERVICE_STOP comes first,
 * the others in their order above: no flood of requests delays a stop. Signals of one kind that
 * pile up count as one, or in a flood without end as one in thousands. For one thread.
 */
enum service_event service_wait(const struct service *service, unsigned int timeout_ms);

/* Is a SERVICE_STOP pending? Leaves it, and all others, to service_wait(). For any thread. */
bool service_stop_pending(void);

/*
 * Writes the path of a file in the directory for state: `directory`, or, if that is "", the first
 * one of the service manager's STATE_DIRECTORY. False: there is neither, or the path is too long.
 * For any thread.
 */
bool service_state_file(char out[PATH_MAX], const char *directory, const char *name);

/* Ends the wait under way, or the next one, with SERVICE_TICK. For any thread. */
void service_wake(const struct service *service);

#endif
