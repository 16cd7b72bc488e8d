/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which clients of an HTTP server are connected, and who has to leave when more come?
 *
 * At most HTTP_CLIENTS_MAX of them have a file descriptor, ever. When the last one is taken, the
 * client that has been idle longest is disconnected, one that has never asked for anything before
 * one that has. Where none is idle, whoever comes waits in a queue of HTTP_WAITING_MAX; and when
 * somebody waits there, an answer that has been under way for HTTP_BUSY_MS is cut off. So neither
 * silent clients nor such as do not read can keep another one out for longer than that.
 *
 * Known to src/sys/http.c only. All functions are for the thread of the loop.
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
	HTTP_LOOK_MS = 200, /* while it does not listen */
};

/*
 * Listens at an address and has the server take clients from there. gone() is called with the
 * answer that was under way for a client that has left.
 *
 * 0 and *out, to be given up with http_clients_close(); or -errno.
 */
__attribute__((warn_unused_result)) int http_clients_open(struct http_clients **out,
							  struct event_base *base,
							  struct evhttp *server,
							  const struct addrinfo *at,
							  void (*gone)(void *answer));

/* The port that it listens at. */
uint16_t http_clients_port(const struct http_clients *clients);

/* An answer, never NULL, is under way to a client; and was handed over, NULL. */
void http_clients_answer(struct http_clients *clients, const struct evhttp_connection *connection,
			 void *answer);

/* Cuts a client off, as if it had left: gone() is called, but not at once. */
void http_client_cut_off(struct evhttp_connection *connection);

/* To be called before evhttp_free(): gone() is called no more. NULL is fine. */
void http_clients_close(struct http_clients *clients);

#endif
