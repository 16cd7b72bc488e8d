/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program show something to whoever asks by HTTP?
 *
 * A server for reading alone: GET and HEAD of some paths, HTTP/1.1 and 1.0 (RFC 9112). A page is
 * written part by part, the next one when the client has taken the one before, so that neither a
 * long page nor a slow client holds up the loop or takes memory. Clients that say or read nothing
 * are disconnected after HTTP_IDLE_S, and earlier when there are many (sys/http_clients.h).
 *
 * At a loopback address only requests that name this host by an address, or as "localhost", are
 * answered, others with 421 (RFC 9110 section 7.4): a web page that has a browser on this host look
 * its own name up again and find 127.0.0.1 gets nothing ("DNS rebinding"). At other addresses the
 * names that lead there are the network's business.
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

/* Of what is no page: nothing is allowed. */
#define HTTP_NO_POLICY "default-src 'none'; frame-ancestors 'none'"

/* What was asked for. Valid during the call. */
struct http_question {
	const char *accept; /* the field "Accept", or "" */
};

/* What is about to be answered. */
struct http_answer {
	int status;	  /* 200 unless set */
	const char *type; /* of the content, "text/plain; charset=utf-8" unless set; static */
	const char
		*policy; /* Content-Security-Policy of a page, HTTP_NO_POLICY unless set; static */
	void *state;	 /* for write() and end() */
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

/*
 * Does a host of a request, which may be NULL, name a machine in a way that no web page can have
 * chosen: by an address, as "localhost", or not at all?
 */
bool http_host_is_plain(const char *host);

/* The port that it serves at. */
uint16_t http_port(const struct http *http);

/* Ends answers that are under way, too. NULL is fine. */
void http_close(struct http *http);

#endif
