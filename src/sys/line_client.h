/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the state of one client of a line server?
 *
 * It sends a line, waits for the reply and reads it; a client that does nothing is disconnected
 * after a timeout. Private to src/sys/lines.c and line_client.c.
 */
#ifndef SYS_LINE_CLIENT_H
#define SYS_LINE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/lines.h"

struct event;

struct line_client {
	struct lines *lines;
	uint64_t number; /* unique among all past and present clients of this server */
	int fd;
	struct event *readable;
	struct event *writable;
	char *in;	 /* bytes received, not yet processed */
	size_t in_len;	 /* bytes in `in` */
	size_t line_len; /* length of the first line in `in`, if has_line */
	bool has_line;
	bool ended; /* end of file, or an error: no more input */
	bool last;  /* no further requests are read: disconnected once `out` is sent */
	char *out;  /* reply being sent; NULL: none */
	size_t out_len;
	size_t out_at;		       /* bytes of it sent so far */
	struct lines_request *request; /* awaiting a reply; NULL: none */
	struct lines_peer peer;
	uint64_t since_ms; /* when it entered its current state */
};

struct lines {
	struct loop *loop;
	struct lines_conf conf;
	struct socket_file file;
	struct event *connecting;
	struct event *turn; /* fires when requests may be processed */
	struct event *look; /* fires regularly, to check timeouts */
	struct line_client *clients[LINES_CLIENTS_MAX];
	unsigned int next; /* the client to be served first next time */
	uint64_t last;	   /* number of the newest client */
	size_t unread;	   /* bytes of unsent replies, over all clients */
	bool warned;	   /* that connections cannot be accepted */
};

/* Makes a client of a connection, in slot `place` of lines->clients. Returns 0, and fd is the
 * client's; or -ENOMEM. */
__attribute__((warn_unused_result)) int line_client_make(struct lines *lines, unsigned int place,
							 int fd);

/* Disconnects a client and releases it. */
void line_client_drop(struct line_client *client);

/* Passes its line to conf.ask(), which replies now or later. The client may be gone afterwards. */
void line_client_ask(struct line_client *client);

/* Does it have no request, whole or partial, and no reply to read? */
bool line_client_is_idle(const struct line_client *client);

/* Has it closed its end entirely, rather than just for sending? */
bool line_client_has_left(const struct line_client *client);

/* Has it left while waiting for a reply, or exceeded the timeout of its state? */
bool line_client_is_over(const struct line_client *client, uint64_t now_ms);

/* Schedules the processing of requests for the next turn of the loop. Called by clients. */
void lines_plan_turn(struct lines *lines);

/* Disconnects the clients whose replies have waited longest while there are more than unread_max
 * bytes of them. Called by clients. */
void lines_bound_unread(struct lines *lines);

#endif
