/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which clients of an HTTP server are connected, and which are disconnected to make room?
 *
 * At most HTTP_CLIENTS_MAX of them hold a file descriptor at any time. When the last slot is taken,
 * the client that has been idle longest is disconnected, preferably one that has never sent a
 * request. If none is idle, new connections wait in a listen queue of HTTP_WAITING_MAX; while that
 * is not empty, replies that have been in progress for HTTP_BUSY_MS are cut off. So neither silent
 * clients nor clients that do not read can keep others out for longer than that.
 *
 * Private to src/sys/http.c. All functions must be called on the loop's thread.
 */
#ifndef SYS_HTTP_CLIENTS_H
#define SYS_HTTP_CLIENTS_H

#include <stdint.h>

struct addrinfo;
struct event_base;
struct evhttp;
struct evhttp_connection;
struct http_clients;

enum {
	HTTP_CLIENTS_MAX = 64,
	HTTP_WAITING_MAX = 16,
	HTTP_BUSY_MS = 5000,
	HTTP_LOOK_MS = 200, /* interval of attempts to listen again after a pause */
};

/*
 * Listens on an address and hands accepted clients to `server`. gone() is called with the reply in
 * progress of a client that has left.
 *
 * Returns 0 and sets *out, to be released with http_clients_close(); otherwise -errno.
 */
__attribute__((warn_unused_result)) int http_clients_open(struct http_clients **out,
							  struct event_base *base,
							  struct evhttp *server,
							  const struct addrinfo *at,
							  void (*gone)(void *answer));

/* The port it listens on. */
uint16_t http_clients_port(const struct http_clients *clients);

/* A reply to this client has begun (`answer` is not NULL) or is complete (NULL). */
void http_clients_answer(struct http_clients *clients, const struct evhttp_connection *connection,
			 void *answer);

/* Cuts a client off as if it had left: gone() is called, though not before this returns. */
void http_client_cut_off(struct evhttp_connection *connection);

/* Must be called before evhttp_free(); gone() is not called any more. NULL is fine. */
void http_clients_close(struct http_clients *clients);

#endif
