/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/line_client.h"
#include "sys/loop.h"

enum { IN_LEN = LINES_REQUEST_MAX + 1 }; /* a line and its newline */

struct lines_request {
	struct line_client *client; /* NULL: it has left */
	struct lines_peer peer;
	struct lines_connection connection;
};

static void drop_answer(struct line_client *client)
{
	client->lines->unread -= client->out ? client->out_len : 0;
	free(client->out);
	client->out = NULL;
}

void line_client_drop(struct line_client *client)
{
	struct line_client **place = client->lines->clients;

	while (*place != client)
		place++;
	*place = NULL;
	drop_answer(client);
	if (client->request)
		client->request->client = NULL;
	event_free(client->readable);
	event_free(client->writable);
	(void)close(client->fd);
	free(client->in);
	free(client);
}

/* Enables reading if there is room and the input has not ended. */
static void read_on(struct line_client *client)
{
	if (client->ended || client->last || client->in_len == IN_LEN)
		(void)event_del(client->readable);
	else
		(void)event_add(client->readable, NULL);
}

static bool is_asked(const struct line_client *client)
{
	return client->request || client->out;
}

/* Looks for a whole line at the start of the input. End of file terminates a line, too. */
static void find_line(struct line_client *client)
{
	char *end = client->in_len ? memchr(client->in, '\n', client->in_len) : NULL;

	client->line_len = end ? (size_t)(end - client->in) : client->in_len;
	client->has_line =
		(end || (client->ended && client->in_len)) && client->line_len <= LINES_REQUEST_MAX;
}

static void line_client_put(struct line_client *client, char *text, size_t len);

static void refuse_long(struct line_client *client)
{
	char *text = strdup(client->lines->conf.too_long);

	client->last = true;
	read_on(client);
	if (text)
		line_client_put(client, text, strlen(text));
	else
		line_client_drop(client);
}

/* Continues with a client whose request is not being processed. It may be gone afterwards. */
static void look_at(struct line_client *client)
{
	find_line(client);
	read_on(client);
	if (client->has_line)
		lines_plan_turn(client->lines);
	else if (client->in_len > LINES_REQUEST_MAX)
		refuse_long(client);
	else if (client->ended)
		line_client_drop(client);
}

/* Sends as much as the client accepts now. It may be gone afterwards. */
static void send_on(struct line_client *client)
{
	while (client->out_at < client->out_len) {
		ssize_t sent = send(client->fd, client->out + client->out_at,
				    client->out_len - client->out_at, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN) {
			(void)event_add(client->writable, NULL);
			return;
		}
		if (sent < 0) {
			line_client_drop(client);
			return;
		}
		client->out_at += (size_t)sent;
	}
	drop_answer(client);
	client->since_ms = clock_ms();
	if (client->last)
		line_client_drop(client);
	else
		look_at(client);
}

static void send_more(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	send_on(arg);
}

/* Starts sending a reply and takes ownership of it. The client may be gone afterwards. */
static void line_client_put(struct line_client *client, char *text, size_t len)
{
	struct lines *lines = client->lines;

	client->out = text;
	client->out_len = len;
	client->out_at = 0;
	client->since_ms = clock_ms();
	lines->unread += len;
	send_on(client);
	lines_bound_unread(lines);
}

static void take_bytes(evutil_socket_t fd, short events, void *arg)
{
	struct line_client *client = arg;
	ssize_t got = recv(fd, client->in + client->in_len, IN_LEN - client->in_len, 0);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		line_client_drop(client);
		return;
	}
	client->ended = !got;
	if (!client->in_len && !is_asked(client))
		client->since_ms = clock_ms();
	client->in_len += (size_t)got;
	if (is_asked(client))
		read_on(client);
	else
		look_at(client);
}

void line_client_ask(struct line_client *client)
{
	const struct lines_conf *conf = &client->lines->conf;
	const size_t len = client->line_len;
	struct lines_request *request = malloc(sizeof(*request));
	char *line = malloc(len + 1);

	if (!request || !line) {
		free(request);
		free(line);
		line_client_drop(client);
		return;
	}
	memcpy(line, client->in, len);
	line[len] = '\0';
	client->in_len -= len + (len < client->in_len); /* and its newline, if it has one */
	memmove(client->in, client->in + len + 1, client->in_len);
	client->has_line = false;
	*request = (struct lines_request){.client = client,
					  .peer = client->peer,
					  .connection = {client->lines, client->number}};
	client->request = request;
	client->since_ms = clock_ms();
	read_on(client);
	conf->ask(conf->arg, request, line, len);
	free(line);
}

void lines_answer(struct lines_request *request, char *text, size_t len)
{
	struct line_client *client = request->client;

	free(request);
	if (!client) {
		free(text);
		return;
	}
	client->request = NULL;
	if (text)
		line_client_put(client, text, len);
	else
		line_client_drop(client);
}

struct lines_connection lines_connection(const struct lines_request *request)
{
	return request->connection;
}

struct lines_peer lines_peer(const struct lines_request *request)
{
	return request->peer;
}

static struct lines_peer peer_of(int fd)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	return (struct lines_peer){peer.pid, peer.uid};
}

int line_client_make(struct lines *lines, unsigned int place, int fd)
{
	struct line_client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	*client = (struct line_client){
		.lines = lines,
		.number = ++lines->last,
		.fd = fd,
		.readable = event_new(loop_base(lines->loop), fd, EV_READ | EV_PERSIST, take_bytes,
				      client),
		.writable = event_new(loop_base(lines->loop), fd, EV_WRITE, send_more, client),
		.in = malloc(IN_LEN),
		.peer = peer_of(fd),
		.since_ms = clock_ms(),
	};
	if (client->readable && client->writable && client->in &&
	    !event_add(client->readable, NULL)) {
		lines->clients[place] = client;
		return 0;
	}
	if (client->readable)
		event_free(client->readable);
	if (client->writable)
		event_free(client->writable);
	free(client->in);
	free(client);
	return -ENOMEM;
}

bool line_client_is_idle(const struct line_client *client)
{
	return !is_asked(client) && !client->in_len;
}

bool line_client_has_left(const struct line_client *client)
{
	struct pollfd fd = {.fd = client->fd};

	return poll(&fd, 1, 0) == 1 && fd.revents & (POLLHUP | POLLERR);
}

bool line_client_is_over(const struct line_client *client, uint64_t now_ms)
{
	const struct lines_conf *conf = &client->lines->conf;
	const uint64_t passed_ms = now_ms - client->since_ms;

	if (client->request)
		return line_client_has_left(client);
	if (client->out)
		return passed_ms >= conf->unread_ms;
	if (client->has_line)
		return false;
	return passed_ms >= (client->in_len ? conf->half_ms : conf->idle_ms);
}
