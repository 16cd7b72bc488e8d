/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the service manager hear what state the checker is in?
 *
 * By the protocol of sd_notify(3), without libsystemd: a datagram to the socket that NOTIFY_SOCKET
 * names, which is lost where nobody reads, so that nothing ever waits. Without a manager nothing
 * happens.
 */
#ifndef HEALTHCHECK_ANNOUNCE_H
#define HEALTHCHECK_ANNOUNCE_H

/* Milliseconds within which the manager wants a sign of life again and again; 0: it does not. */
unsigned int announce_watchdog_ms(void);

/*
 * Sends lines of sd_notify(3), as "READY=1", or "" for none, with a status: a line for people,
 * which may quote anything.
 */
void announce(const char *lines, const char *status);

#endif
