/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/line_client.h"
#include "sys/log.h"
#include "sys/loop.h"

enum {
	ACCEPTS_PER_TURN = 8,
	LOOKS = 4,	      /* timeouts are checked this often within the shortest of them */
	ROOM_AFTER_MS = 1000, /* clients idle for so long may be disconnected to make room */
};

/* Schedules the processing of requests for the next turn of the loop, so that other events come
 * first. */
void lines_plan_turn(struct lines *lines)
{
	const struct timeval at_once = {0};

	(void)event_add(lines->turn, &at_once);
}

/* Disconnects the clients whose replies have waited longest until unread replies are within the
 * limit. */
void lines_bound_unread(struct lines *lines)
{
	while (lines->unread > lines->conf.unread_max) {
		struct line_client *oldest = NULL;

		for (unsigned int i = 0; i < LINES_CLIENTS_MAX; i++) {
			struct line_client *one = lines->clients[i];

			if (one && one->out && (!oldest || one->since_ms < oldest->since_ms))
				oldest = one;
		}
		line_client_drop(oldest);
	}
}

/* Processes one line of each client, as far as time permits. */
static void take_turn(evutil_socket_t fd, short events, void *arg)
{
	struct lines *lines = arg;
	const uint64_t until_ms = clock_ms() + LINES_TURN_MS;

	(void)fd;
	(void)events;
	for (unsigned int i = 0; i < LINES_CLIENTS_MAX; i++) {
		struct line_client *client = lines->clients[lines->next];

		lines->next = (lines->next + 1) % LINES_CLIENTS_MAX;
		if (!client || !client->has_line)
			continue;
		line_client_ask(client);
		if (clock_ms() >= until_ms) {
			lines_plan_turn(lines);
			return;
		}
	}
}

/*
 * A free slot, made if necessary by disconnecting a client that has left or is idle;
 * LINES_CLIENTS_MAX: none.
 */
static unsigned int lines_make_room(struct lines *lines)
{
	const uint64_t now_ms = clock_ms();
	unsigned int longest = LINES_CLIENTS_MAX;

	for (unsigned int i = 0; i < LINES_CLIENTS_MAX; i++) {
		const struct line_client *one = lines->clients[i];

		if (!one)
			return i;
		if (line_client_is_idle(one) && now_ms - one->since_ms >= ROOM_AFTER_MS &&
		    (longest == LINES_CLIENTS_MAX ||
		     one->since_ms < lines->clients[longest]->since_ms))
			longest = i;
	}
	for (unsigned int i = 0; i < LINES_CLIENTS_MAX && longest == LINES_CLIENTS_MAX; i++)
		if (line_client_has_left(lines->clients[i]))
			longest = i;
	if (longest < LINES_CLIENTS_MAX)
		line_client_drop(lines->clients[longest]);
	return longest;
}

/* Most likely out of file descriptors: try again at the next regular look. */
static void stop_accepting(struct lines *lines)
{
	if (!lines->warned)
		log_warning("%s: cannot take a connection: %s", lines->file.path, strerror(errno));
	lines->warned = true;
	(void)event_del(lines->connecting);
}

static void take_clients(evutil_socket_t fd, short events, void *arg)
{
	struct lines *lines = arg;

	(void)events;
	for (unsigned int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int one = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (one < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			stop_accepting(lines);
		if (one < 0)
			return;
		lines->warned = false;

		unsigned int place = lines_make_room(lines);

		if (place == LINES_CLIENTS_MAX)
			(void)send(one, lines->conf.too_many, strlen(lines->conf.too_many),
				   MSG_NOSIGNAL);
		if (place == LINES_CLIENTS_MAX || line_client_make(lines, place, one))
			(void)close(one);
	}
}

static void look_at_all(evutil_socket_t fd, short events, void *arg)
{
	struct lines *lines = arg;
	const uint64_t now_ms = clock_ms();

	(void)fd;
	(void)events;
	(void)event_add(lines->connecting, NULL);
	for (unsigned int i = 0; i < LINES_CLIENTS_MAX; i++)
		if (lines->clients[i] && line_client_is_over(lines->clients[i], now_ms))
			line_client_drop(lines->clients[i]);
}

static unsigned int shortest_ms(const struct lines_conf *conf)
{
	unsigned int ms = conf->half_ms < conf->unread_ms ? conf->half_ms : conf->unread_ms;

	return ms < conf->idle_ms ? ms : conf->idle_ms;
}

static void set_defaults(struct lines_conf *conf)
{
	if (!conf->half_ms)
		conf->half_ms = LINES_HALF_MS;
	if (!conf->unread_ms)
		conf->unread_ms = LINES_UNREAD_MS;
	if (!conf->idle_ms)
		conf->idle_ms = LINES_IDLE_MS;
	if (!conf->unread_max)
		conf->unread_max = LINES_UNREAD_MAX;
}

/* Returns 0 or -ENOMEM. */
static int start_events(struct lines *lines)
{
	const unsigned int ms = shortest_ms(&lines->conf) / LOOKS + 1;
	const struct timeval every = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct event_base *base = loop_base(lines->loop);

	lines->connecting =
		event_new(base, lines->file.fd, EV_READ | EV_PERSIST, take_clients, lines);
	lines->turn = event_new(base, -1, 0, take_turn, lines);
	lines->look = event_new(base, -1, EV_PERSIST, look_at_all, lines);
	if (!lines->connecting || !lines->turn || !lines->look ||
	    event_add(lines->connecting, NULL) || event_add(lines->look, &every))
		return -ENOMEM;
	return 0;
}

int lines_open(struct lines **out, struct loop *loop, const struct lines_conf *conf,
	       char why[SOCKET_WHY_LEN])
{
	struct lines *lines = calloc(1, sizeof(*lines));
	int err;

	if (!lines) {
		(void)strcpy(why, "out of memory");
		return -ENOMEM;
	}
	lines->loop = loop;
	lines->conf = *conf;
	set_defaults(&lines->conf);
	err = socket_file_open(&lines->file, conf->path, conf->mode, why);
	if (err) {
		free(lines);
		return err;
	}
	err = start_events(lines);
	if (err) {
		(void)strcpy(why, "out of memory");
		lines_close(lines);
		return err;
	}
	*out = lines;
	return 0;
}

bool lines_is_connected(const struct lines_connection *connection)
{
	for (unsigned int i = 0; i < LINES_CLIENTS_MAX; i++) {
		const struct line_client *one = connection->lines->clients[i];

		if (one && one->number == connection->number)
			return !line_client_has_left(one);
	}
	return false;
}

void lines_close(struct lines *lines)
{
	if (!lines)
		return;
	for (unsigned int i = 0; i < LINES_CLIENTS_MAX; i++)
		if (lines->clients[i])
			line_client_drop(lines->clients[i]);
	if (lines->connecting)
		event_free(lines->connecting);
	if (lines->turn)
		event_free(lines->turn);
	if (lines->look)
		event_free(lines->look);
	socket_file_close(&lines->file);
	free(lines);
}
