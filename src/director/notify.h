/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is the service manager informed of the state of the process?
 *
 * By the protocol of sd_notify(3): datagrams to the socket named by NOTIFY_SOCKET, a path or an
 * abstract name. libsystemd blocks when that socket is full, so a separate thread calls it, and the
 * functions here leave the newest state for that thread. States that a slow manager missed are
 * skipped, but never the last one, and the start of a reload is sent before its end.
 *
 * All functions must be called on the control thread. NULL, for a process without a manager, is
 * always permitted and makes them no-ops.
 */
#ifndef DIRECTOR_NOTIFY_H
#define DIRECTOR_NOTIFY_H

struct notify;

/* What has changed; each is sent with STATUS=. */
enum notify_event {
	/* pending events are sent in this order */
	NOTIFY_BUSY = 1,      /* EXTEND_TIMEOUT_USEC: by NOTIFY_BUSY_S from now */
	NOTIFY_RELOADING = 2, /* RELOADING=1, with the current MONOTONIC_USEC */
	NOTIFY_READY = 4,     /* READY=1: started, or the reload has ended */
	NOTIFY_STOPPING = 8,  /* STOPPING=1 */
	NOTIFY_ALIVE = 16,    /* WATCHDOG=1 */
	NOTIFY_STATUS = 32,   /* only the text */
};

enum { NOTIFY_STATUS_LEN = 1024, NOTIFY_BUSY_S = 120 };

/*
 * Starts the thread if NOTIFY_SOCKET is set, otherwise sets *out to NULL. Returns 0, to be released
 * with notify_close(); or -errno. Signals must be blocked already.
 */
__attribute__((warn_unused_result)) int notify_open(struct notify **out);

/*
 * The watchdog interval in milliseconds: NOTIFY_ALIVE must be sent within it repeatedly, or the
 * manager kills the process; 0: no watchdog.
 */
unsigned int notify_watchdog_ms(const struct notify *notify);

/* Binds its thread to the processors that the calling thread may use. */
void notify_stay_here(struct notify *notify);

/*
 * Sends the event and the text, which may quote anything: it is escaped to one printable line, as
 * the manager takes a line break for the end of the text and does not show invalid UTF-8. Truncated
 * to NOTIFY_STATUS_LEN bytes. Never blocks. The first refusal of a datagram is logged.
 */
void notify_send(struct notify *notify, enum notify_event event, const char *status);

/*
 * Waits briefly until the newest state is sent, and ends the thread. A thread blocked on a full
 * socket is left behind, with its memory.
 */
void notify_close(struct notify *notify);

#endif
