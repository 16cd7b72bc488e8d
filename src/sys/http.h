/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program show something to whoever asks by HTTP?
 *
 * A server for reading alone: GET and HEAD of some paths, HTTP/1.1 and 1.0 (RFC 9112). A page is
 * written part by part, the next one when the client has taken the one before, so that neither a
 * long page nor a slow client holds up the loop or takes memory. Clients that say or read nothing
 * are disconnected after HTTP_IDLE_S, and earlier when there are many (sys/http_clients.h).
 *
 * All functions are for the thread of the loop.
 */
#ifndef SYS_HTTP_H
#define SYS_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct http;
struct loop;

enum { HTTP_IDLE_S = 30, HTTP_WHY_LEN = 128 };

/* What was asked for. Valid during the call. */
struct http_question {
	const char *accept; /* the field "Accept", or "" */
};

/* What is about to be answered. */
struct http_answer {
	int status;	  /* 200 unless set */
	const char *type; /* of the content, "text/plain; charset=utf-8" unless set; static */
	void *state;	  /* for write() and end() */
};

struct http_route {
	const char *path; /* as in "/metrics" */
	/* Begins an answer. False: out of memory, and nothing was begun. */
	bool (*begin)(void *arg, const struct http_question *question, struct http_answer *answer);
	/* Writes the next part, if there is one, not longer than a turn may be. False: the last. */
	bool (*write)(void *state, FILE *out);
	/* Once, whether all was written or the client has left. NULL: nothing is to be done. */
	void (*end)(void *state);
};

/*
 * Starts to serve at an address, IPv4 or IPv6 as text, and a port, of which 0 is any. `routes` ends
 * with one without a path, and lives as long as the server; `arg` is for begin().
 *
 * 0, to be given up with http_close(); or -errno and `why`.
 */
__attribute__((warn_unused_result)) int http_open(struct http **out, struct loop *loop,
						  const char *address, uint16_t port,
						  const struct http_route *routes, void *arg,
						  char why[HTTP_WHY_LEN]);

/* The port that it serves at. */
uint16_t http_port(const struct http *http);

/* Ends answers that are under way, too. NULL is fine. */
void http_close(struct http *http);

#endif
