/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the service manager hear what state the process is in?
 *
 * By the protocol of sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names, a path or an
 * abstract name. libsystemd waits when that socket is full, so a thread of its own calls it, and
 * the functions here leave the newest state for that thread. States that a slow manager missed are
 * skipped, but never the last one, and a reload is announced before its end.
 *
 * All functions are for the control thread. A NULL notify, of a process that no manager listens to,
 * is allowed everywhere, and nothing happens.
 */
#ifndef DIRECTOR_NOTIFY_H
#define DIRECTOR_NOTIFY_H

struct notify;

/* What has changed: STATUS= goes with each of them. */
enum notify_event {
	/* in the order in which those that are pending are sent */
	NOTIFY_BUSY = 1,      /* EXTEND_TIMEOUT_USEC: NOTIFY_BUSY_S from now are not too long */
	NOTIFY_RELOADING = 2, /* RELOADING=1, with the MONOTONIC_USEC of now */
	NOTIFY_READY = 4,     /* READY=1: started, or the reload has ended */
	NOTIFY_STOPPING = 8,  /* STOPPING=1 */
	NOTIFY_ALIVE = 16,    /* WATCHDOG=1 */
	NOTIFY_STATUS = 32,   /* nothing but the text */
};

enum { NOTIFY_STATUS_LEN = 1024, NOTIFY_BUSY_S = 120 };

/*
 * Starts the thread if NOTIFY_SOCKET is set, else *out is NULL. 0, to be closed with
 * notify_close(); or -errno. Signals are to be blocked before.
 */
__attribute__((warn_unused_result)) int notify_open(struct notify **out);

/*
 * Milliseconds within which the manager wants to hear NOTIFY_ALIVE again and again, or it ends the
 * process; 0: it does not.
 */
unsigned int notify_watchdog_ms(const struct notify *notify);

/* Keeps its thread to the processors that the calling thread may use. */
void notify_stay_here(struct notify *notify);

/*
 * Sends the event and the text, which may quote anything: it becomes one line of printable
 * characters, as the manager takes a line break for the end of the text and shows none that is not
 * UTF-8. What has no room in NOTIFY_STATUS_LEN bytes is cut. Never waits. That a datagram was
 * refused is logged once.
 */
void notify_send(struct notify *notify, enum notify_event event, const char *status);

/*
 * Waits until the newest state is sent, but not for long, and ends. A thread that a full socket
 * still holds then is left alone, with its memory.
 */
void notify_close(struct notify *notify);

#endif
