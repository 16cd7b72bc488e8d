/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do other processes ask this one something, a line at a time?
 *
 * A server at a Unix stream socket. A client sends lines and gets one line for each, in their
 * order: the next is looked at when the answer before it was taken. What a client does costs only
 * itself:
 *
 *   it is asked for at most one request a turn of the loop, and a turn of all of them ends after
 *   LINES_TURN_MS, at whom the next one goes on;
 *   a line longer than LINES_REQUEST_MAX gets the last answer of its client;
 *   one that sends half a line, does not read its answer, or says nothing is disconnected in time;
 *   when there are LINES_CLIENTS_MAX, one that has left or been idle longest makes room, or the new
 *   one gets the answer that there are too many, and no other;
 *   answers that nobody reads take LINES_UNREAD_MAX bytes at most: then the oldest is given up.
 *
 * All functions are for the thread of the loop.
 */
#ifndef SYS_LINES_H
#define SYS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/socket_file.h"

enum {
	LINES_REQUEST_MAX = 65536, /* bytes of a line, without its end */
	LINES_CLIENTS_MAX = 64,
	LINES_TURN_MS = 5,
	LINES_UNREAD_MAX = 64 << 20,
	LINES_HALF_MS = 10000,	 /* from the first byte of a line to its end */
	LINES_UNREAD_MS = 30000, /* from an answer to when all of it was read */
	LINES_IDLE_MS = 300000,
};

struct loop;
struct lines;
struct lines_request;

struct lines_conf {
	const char *path;
	mode_t mode;
	/*
	 * A client asks something: the line, which ends with a 0 byte and may contain some, is gone
	 * when this returns. To be answered now or later, once.
	 */
	void (*ask)(void *arg, struct lines_request *request, const char *line, size_t len);
	void *arg;
	const char *too_long; /* what a client hears last, whose line is; with its newline */
	const char *too_many; /* what one hears that there is no room for */
	/* other limits than above, for tests; 0: those */
	unsigned int half_ms;
	unsigned int unread_ms;
	unsigned int idle_ms;
	size_t unread_max;
};

/* Who is at the other end. */
struct lines_peer {
	pid_t pid;
	uid_t uid;
};

/* Starts to serve. 0, or -errno and `why` as of socket_file_open(). conf's strings stay the
 * caller's.
 */
__attribute__((warn_unused_result)) int lines_open(struct lines **out, struct loop *loop,
						   const struct lines_conf *conf,
						   char why[SOCKET_WHY_LEN]);

/*
 * Answers a request, which is used up. The client may have left by now.
 *
 * text  of len bytes, from malloc(), and the server's from now on: a line with its newline. NULL:
 *       there is no answer for want of memory, and the client is disconnected
 */
void lines_answer(struct lines_request *request, char *text, size_t len);

/* The connection on which something was asked. */
struct lines_connection {
	const struct lines *lines;
	uint64_t number;
};

struct lines_connection lines_connection(const struct lines_request *request);

/* Is there still somebody at its other end? To be asked before lines_close(). */
bool lines_is_connected(const struct lines_connection *connection);

/* Who asked. */
struct lines_peer lines_peer(const struct lines_request *request);

/* Disconnects everybody and removes the socket. Requests have to be answered nevertheless. NULL is
 * fine.
 */
void lines_close(struct lines *lines);

#endif
