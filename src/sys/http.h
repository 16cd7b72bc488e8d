/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program publish pages over HTTP?
 *
 * A read-only server: GET and HEAD of a fixed set of paths, HTTP/1.1 and 1.0 (RFC 9112). A page is
 * written in parts, each one only after the client has taken the previous one, so neither a long
 * page nor a slow client blocks the loop or consumes memory. Idle clients are disconnected after
 * HTTP_IDLE_S, or sooner when there are many (sys/http_clients.h).
 *
 * On a loopback address, requests are accepted only if their Host is an address, "localhost" or
 * absent; others get 421 (RFC 9110 section 7.4). This defeats DNS rebinding: a web page that makes
 * a browser on this host resolve the page's own name to 127.0.0.1 gets nothing. On other addresses
 * any name is accepted.
 *
 * All functions must be called on the loop's thread.
 */
#ifndef SYS_HTTP_H
#define SYS_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct exposition;
struct http;
struct http_site;
struct loop;

enum { HTTP_IDLE_S = 30, HTTP_WHY_LEN = 128 };

/* Content-Security-Policy of replies that are not pages: nothing is allowed. */
#define HTTP_NO_POLICY "default-src 'none'; frame-ancestors 'none'"

/* A request. Valid during the call only. */
struct http_question {
	const char *accept; /* value of the Accept field, or "" */
	const struct http_site *site;
};

/* The reply being prepared by begin(). */
struct http_answer {
	int status;	  /* HTTP status; 200 unless set */
	const char *type; /* media type, "text/plain; charset=utf-8" unless set; a static string */
	const char
		*policy; /* Content-Security-Policy, HTTP_NO_POLICY unless set; a static string */
	/* one more field of the header, static strings; NULL: none */
	const char *field_name;
	const char *field_value;
	void *state; /* passed to write() and end() */
};

struct http_route {
	const char *path; /* such as "/metrics" */
	/* Begins a reply. False: out of memory; end() is then not called. */
	bool (*begin)(void *arg, const struct http_question *question, struct http_answer *answer);
	/* Writes the next part, if any, no longer than fits one turn. False: it was the last. */
	bool (*write)(void *state, FILE *out);
	/* Called once when everything was written or the client has left. May be NULL. */
	void (*end)(void *state);
};

/* What a program serves, besides the pages of its own also those of sys/http_pages.h. */
struct http_site {
	const struct http_route *routes; /* its own; ends with an entry whose path is NULL */
	/* Is the program ready? Also writes the line of /readyz, with the reason. */
	bool (*is_ready)(void *arg, FILE *line);
	/* Begins an exposition of its metrics (sys/exposition.h). NULL: out of memory. */
	struct exposition *(*metrics)(void *arg, bool is_old);
};

/*
 * Starts serving on an address (IPv4 or IPv6, as text) and a port (0: any free one). `site` must
 * outlive the server; `arg` is passed to its functions and to begin().
 *
 * Returns 0 and sets *out, to be released with http_close(); otherwise -errno and `why`.
 */
__attribute__((warn_unused_result)) int http_open(struct http **out, struct loop *loop,
						  const char *address, uint16_t port,
						  const struct http_site *site, void *arg,
						  char why[HTTP_WHY_LEN]);

/*
 * Is the Host of a request, which may be NULL, one that no web page can have chosen: an address,
 * "localhost" or absent?
 */
bool http_host_is_plain(const char *host);

/* The port it listens on. */
uint16_t http_port(const struct http *http);

/* Also aborts replies in progress. NULL is fine. */
void http_close(struct http *http);

#endif
