/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do transfers of libcurl proceed on the program's own loop?
 *
 * libcurl's multi interface says which sockets and which time it waits for; these are events of the
 * loop. For probe_http.c alone. All functions are for the thread of the loop, and none waits.
 *
 * A connection on which there is something to do some hundred times is ended: what libcurl skips,
 * as extensions of chunks, has no end otherwise, and keeps other transfers waiting.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_LOOP_H
#define HEALTHCHECK_PROBE_HTTP_LOOP_H

#include <curl/curl.h>
#include <glb/spec.h>

struct event_base;
struct http_loop;

struct http_loop_listener {
	/*
	 * A transfer has ended, and its handle is the caller's again. CURLE_FILESIZE_EXCEEDED: it
	 * had no end. Transfers may be added and removed from within.
	 */
	void (*ended)(CURL *easy, CURLcode code);
	/* A transfer will not proceed: out of memory. It has to be removed some time; not from
	 * within. */
	void (*stuck)(CURL *easy);
};

/* 0 and *out, to be closed with http_loop_close(); or -ENOMEM. */
GLB_NODISCARD int http_loop_open(struct http_loop **out, struct event_base *base,
				 const struct http_loop_listener *listener);

/* All handles have been given back. NULL is fine. */
void http_loop_close(struct http_loop *loop);

/*
 * A handle without any options, to be given back with http_loop_give_back(). NULL: out of memory.
 * Some of those that come back are kept.
 */
CURL *http_loop_handle(struct http_loop *loop);

/* No transfer of it may be under way. NULL is fine. */
void http_loop_give_back(struct http_loop *loop, CURL *easy);

/* Starts the transfer that a handle describes; nothing of it happens within. 0 or -ENOMEM. */
GLB_NODISCARD int http_loop_add(struct http_loop *loop, CURL *easy);

/* Ends a transfer that is under way, and closes its connection. */
void http_loop_remove(struct http_loop *loop, CURL *easy);

#endif
