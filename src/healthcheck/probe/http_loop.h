/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do libcurl transfers run on the program's own loop?
 *
 * libcurl's multi interface requests sockets and a timeout to wait for; these become events of the
 * loop. Private to http.c. All functions must be called on the loop's thread; none blocks.
 *
 * A connection that becomes ready some hundred times is ended: input that libcurl skips, such as
 * chunk extensions, can be endless and would starve other transfers.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_LOOP_H
#define HEALTHCHECK_PROBE_HTTP_LOOP_H

#include <curl/curl.h>
#include <glb/spec.h>

struct event_base;
struct http_loop;

struct http_loop_listener {
	/*
	 * A transfer has ended and its handle belongs to the caller again. CURLE_FILESIZE_EXCEEDED:
	 * it was ended for being endless. Transfers may be added and removed within.
	 */
	void (*ended)(CURL *easy, CURLcode code);
	/* A transfer is stuck for lack of memory. It must be removed eventually, but not within
	 * this call. */
	void (*stuck)(CURL *easy);
};

/* Returns 0 and sets *out, to be released with http_loop_close(); or -ENOMEM. */
GLB_NODISCARD int http_loop_open(struct http_loop **out, struct event_base *base,
				 const struct http_loop_listener *listener);

/* All handles must have been given back. NULL is fine. */
void http_loop_close(struct http_loop *loop);

/*
 * Returns a handle without any options set, to be returned with http_loop_give_back(). NULL: out of
 * memory. Some returned handles are kept for reuse.
 */
CURL *http_loop_handle(struct http_loop *loop);

/* It must not have a transfer in progress. NULL is fine. */
void http_loop_give_back(struct http_loop *loop, CURL *easy);

/* Starts the transfer that a handle describes; no callback is called within. Returns 0 or
 * -ENOMEM. */
GLB_NODISCARD int http_loop_add(struct http_loop *loop, CURL *easy);

/* Aborts a transfer and closes its connection. */
void http_loop_remove(struct http_loop *loop, CURL *easy);

#endif
