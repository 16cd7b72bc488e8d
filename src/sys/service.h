/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the operating system want of a long-running program?
 */
#ifndef SYS_SERVICE_H
#define SYS_SERVICE_H

enum service_event {
	SERVICE_TICK,	/* nothing within the time given */
	SERVICE_RELOAD, /* SIGHUP or SIGUSR1 */
	SERVICE_STOP,	/* SIGTERM or SIGINT */
};

/* Keeps those signals for service_wait(). To be called before the first thread is started. */
void service_start(void);

/*
 * From now on the process keeps the memory that it frees, for its next allocations. Giving it back
 * has the kernel interrupt every processor that runs a thread of this process. To be called before
 * the first thread is started.
 */
void service_keep_memory(void);

/* Waits for an event, at most timeout_ms. Signals of one kind that pile up count as one. */
enum service_event service_wait(unsigned int timeout_ms);

#endif
