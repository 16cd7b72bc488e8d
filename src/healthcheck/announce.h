/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is the service manager informed of the checker's state?
 *
 * By the protocol of sd_notify(3), without libsystemd: a datagram to the socket named by
 * NOTIFY_SOCKET. It is dropped if it is not being read, so nothing ever blocks. Without a manager,
 * nothing happens.
 */
#ifndef HEALTHCHECK_ANNOUNCE_H
#define HEALTHCHECK_ANNOUNCE_H

/* The watchdog interval in milliseconds; 0: the manager has no watchdog for this process. */
unsigned int announce_watchdog_ms(void);

/*
 * Sends lines for sd_notify(3), such as "READY=1" (or ""), with a status: one line for people,
 * which may quote anything.
 */
void announce(const char *lines, const char *status);

#endif
