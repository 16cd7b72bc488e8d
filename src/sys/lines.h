/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do other processes send requests to this one, a line at a time?
 *
 * A server on a Unix stream socket. A client sends lines and gets one line in reply to each, in
 * order; the next request is processed only after the client has taken the previous reply. A client
 * can only slow down itself:
 *
 *   each client gets at most one request per turn of the loop. A turn over all clients is bounded
 * by LINES_TURN_MS, and the next one continues where it stopped; after a line longer than
 * LINES_REQUEST_MAX the client gets one last reply; a client that sends half a line, does not read
 * its reply or is idle is disconnected in time; beyond LINES_CLIENTS_MAX, a client that has left or
 * has been idle longest makes room; if there is none, the new client gets the reply `too_many` and
 * is disconnected; unread replies take at most LINES_UNREAD_MAX bytes; beyond that the oldest is
 * dropped.
 *
 * All functions must be called on the loop's thread.
 */
#ifndef SYS_LINES_H
#define SYS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/socket_file.h"

enum {
	LINES_REQUEST_MAX = 65536, /* bytes of a line, without its newline */
	LINES_CLIENTS_MAX = 64,
	LINES_TURN_MS = 5,
	LINES_UNREAD_MAX = 64 << 20,
	LINES_HALF_MS = 10000,	 /* timeout from the first byte of a line to its newline */
	LINES_UNREAD_MS = 30000, /* timeout for a client to read a reply */
	LINES_IDLE_MS = 300000,
};

struct loop;
struct lines;
struct lines_request;

struct lines_conf {
	const char *path;
	mode_t mode;
	/*
	 * Handles a request. The line is followed by a 0 byte, may contain others and is valid
	 * during this call only. The request must be passed to lines_answer() exactly once, now or
	 * later.
	 */
	void (*ask)(void *arg, struct lines_request *request, const char *line, size_t len);
	void *arg;
	const char *too_long; /* last reply to a client whose line is too long, with its newline */
	const char *too_many; /* reply to a client that there is no room for, with its newline */
	/* limits that override those above, for tests; 0: no override */
	unsigned int half_ms;
	unsigned int unread_ms;
	unsigned int idle_ms;
	size_t unread_max;
};

/* The process at the other end. */
struct lines_peer {
	pid_t pid;
	uid_t uid;
};

/*
 * Starts serving. Returns 0 and sets *out, to be released with lines_close(); or -errno and `why`
 * as socket_file_open() does. The strings of conf remain the caller's and must outlive the server.
 */
__attribute__((warn_unused_result)) int lines_open(struct lines **out, struct loop *loop,
						   const struct lines_conf *conf,
						   char why[SOCKET_WHY_LEN]);

/*
 * Replies to a request and releases it. The client may have left already.
 *
 * text  one line of len bytes with its newline, allocated with malloc(); ownership passes to the
 *       server. NULL: no reply for lack of memory; the client is disconnected
 */
void lines_answer(struct lines_request *request, char *text, size_t len);

/* The connection that a request arrived on. */
struct lines_connection {
	const struct lines *lines;
	uint64_t number;
};

struct lines_connection lines_connection(const struct lines_request *request);

/* Is the other end still connected? Not to be called after lines_close(). */
bool lines_is_connected(const struct lines_connection *connection);

/* The process that sent the request. */
struct lines_peer lines_peer(const struct lines_request *request);

/* Disconnects all clients and removes the socket. Outstanding requests must still be passed to
 * lines_answer(). NULL is fine. */
void lines_close(struct lines *lines);

#endif
