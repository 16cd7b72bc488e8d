/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does one client of a server of lines do?
 *
 * It sends a line, waits for its answer and reads that; or nothing, and then its time is over some
 * day. Known to src/sys/lines.c only.
 */
#ifndef SYS_LINE_CLIENT_H
#define SYS_LINE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/lines.h"

struct event;

struct client {
	struct lines *lines;
	uint64_t number; /* no other one of these lines has or had it */
	int fd;
	struct event *readable;
	struct event *writable;
	char *in;	 /* what was read, and not asked yet */
	size_t in_len;	 /* of it */
	size_t line_len; /* of the line at its beginning, if that is whole */
	bool has_line;
	bool ended; /* nothing more comes */
	bool last;  /* nothing more is asked: it goes when `out` was read */
	char *out;  /* an answer; NULL: none */
	size_t out_len;
	size_t out_at;		       /* so much of it was sent */
	struct lines_request *request; /* that has no answer yet */
	struct lines_peer peer;
	uint64_t since_ms; /* it does what it does now */
};

struct lines {
	struct loop *loop;
	struct lines_conf conf;
	struct socket_file file;
	struct event *connecting;
	struct event *turn; /* requests can be asked */
	struct event *look; /* whose time is over? */
	struct client *clients[LINES_CLIENTS_MAX];
	unsigned int next; /* whose turn it is first */
	uint64_t last;	   /* number of a client */
	size_t unread;	   /* bytes of answers, of all clients */
	bool warned;	   /* that it cannot take connections */
};

/* A connection becomes a client at a place of lines->clients. 0, and fd is its own; or -ENOMEM. */
__attribute__((warn_unused_result)) int client_make(struct lines *lines, unsigned int place,
						    int fd);

/* Disconnects it. */
void client_drop(struct client *client);

/* Has its line answered, now or later. It may be gone afterwards. */
void client_ask(struct client *client);

/* Has it neither asked anything nor begun to? */
bool client_is_idle(const struct client *client);

/* Has it left altogether, and not only stopped to send? */
bool client_has_left(const struct client *client);

/* Has it left while it waits, or is the time over for what it does? */
bool client_is_over(const struct client *client, uint64_t now_ms);

/* To be called by a client: looks for lines in the next turn of the loop. */
void lines_plan_turn(struct lines *lines);

/* To be called by a client: gives up the answers that have waited longest, if they are too many. */
void lines_bound_unread(struct lines *lines);

#endif
