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

/* Waits for an event, at most timeout_ms. Signals of one kind that pile up count as one. */
enum service_event service_wait(unsigned int timeout_ms);

#endif
