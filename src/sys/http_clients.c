/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "clock.h"
#include "http_clients.h"

struct client {
	struct http_clients *all;
	struct evhttp_connection *connection; /* NULL: free slot */
	void *answer;			      /* reply in progress; NULL: none */
	bool has_asked;
	uint64_t since_ms; /* when it entered its current state */
};

struct http_clients {
	struct evconnlistener *listener; /* owned and freed by the server */
	struct event *look;
	struct event *adoption;
	struct bufferevent *newcomer; /* already counted; its connection is not known yet */
	void (*gone)(void *answer);
	unsigned int count;
	uint16_t port;
	struct client list[HTTP_CLIENTS_MAX];
};

/* --- One client --- */

static void client_gone(struct evhttp_connection *connection, void *arg)
{
	struct client *client = arg;
	struct http_clients *all = client->all;
	void *answer = client->answer;

	evhttp_connection_set_closecb(connection, NULL, NULL);
	*client = (struct client){.all = all};
	all->count--;
	(void)evconnlistener_enable(all->listener); /* usually it is enabled already */
	if (answer)
		all->gone(answer);
}

/* Is no reply in progress? */
static bool is_idle(const struct client *client)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(client->connection);

	return !client->answer && !evbuffer_get_length(bufferevent_get_output(bev));
}

static bool goes_before(const struct client *client, const struct client *other)
{
	if (!other || client->has_asked != other->has_asked)
		return !other || other->has_asked;
	return client->since_ms < other->since_ms;
}

/* The next client to disconnect among the idle or the busy ones. NULL: there is none. */
static struct client *first_to_leave(struct http_clients *clients, bool idle)
{
	struct client *found = NULL;

	for (unsigned int i = 0; i < HTTP_CLIENTS_MAX; i++) {
		struct client *client = &clients->list[i];

		if (client->connection && is_idle(client) == idle && goes_before(client, found))
			found = client;
	}
	return found;
}

void http_client_cut_off(struct evhttp_connection *connection)
{
	(void)shutdown(bufferevent_getfd(evhttp_connection_get_bufferevent(connection)), SHUT_RDWR);
}

/* --- All of them --- */

/* Disconnects the client that has been idle longest, as the last slot was taken. False: none is
 * idle. */
static bool clients_make_room(struct http_clients *clients)
{
	const struct client *idle = first_to_leave(clients, true);

	if (idle)
		evhttp_connection_free(idle->connection);
	return idle;
}

static bool somebody_waits(const struct http_clients *clients)
{
	struct pollfd listening = {.fd = evconnlistener_get_fd(clients->listener),
				   .events = POLLIN};

	return poll(&listening, 1, 0) == 1;
}

/* New connections are waiting and every client is busy: cuts off those that have been for too
 * long, at most as many as can be waiting. */
static void end_the_longest(struct http_clients *clients)
{
	const uint64_t now_ms = clock_ms();

	for (unsigned int n = 0; n < HTTP_WAITING_MAX; n++) {
		struct client *busy = first_to_leave(clients, false);

		if (!busy || now_ms - busy->since_ms < HTTP_BUSY_MS)
			return;
		busy->since_ms = now_ms; /* it will be gone soon; do not cut it off twice */
		http_client_cut_off(busy->connection);
	}
}

/* Called regularly: listening may have been paused because all slots were taken or accept()
 * failed. */
static void clients_look(evutil_socket_t fd, short events, void *arg)
{
	struct http_clients *clients = arg;

	(void)fd;
	(void)events;
	if (clients->count == HTTP_CLIENTS_MAX && somebody_waits(clients) &&
	    !clients_make_room(clients))
		end_the_longest(clients);
	if (clients->count < HTTP_CLIENTS_MAX)
		(void)evconnlistener_enable(clients->listener);
}

/* Without file descriptors, the pending connection would be reported over and over. */
static void pause_listening(struct evconnlistener *listener, void *server)
{
	(void)server; /* the server frees its listener and the connections accepted by it */
	(void)evconnlistener_disable(listener);
}

/* --- New connections --- */

static struct client *free_place(struct http_clients *clients)
{
	struct client *client = clients->list;

	while (client->connection)
		client++;
	return client;
}

/*
 * By now the server has made a connection of it, which is the argument of its callbacks; NULL if
 * the server gave up.
 */
static void adopt(struct http_clients *clients)
{
	struct bufferevent *bev = clients->newcomer;
	struct client *client = free_place(clients);
	void *connection = NULL;

	if (!bev)
		return;
	bufferevent_getcb(bev, NULL, NULL, NULL, &connection);
	clients->newcomer = NULL;
	bufferevent_decref(bev);
	if (!connection) {
		clients->count--;
		return;
	}
	client->connection = connection;
	client->since_ms = clock_ms();
	evhttp_connection_set_closecb(connection, client_gone, client);
}

static void adopt_newcomer(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	adopt(arg);
}

/* Called by the server when it has accepted a client and is about to make a connection of it. */
static struct bufferevent *take_newcomer(struct event_base *base, void *arg)
{
	struct http_clients *clients = arg;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);

	adopt(clients);
	if (!bev)
		return NULL;	 /* the server fails to allocate one, too, and disconnects */
	bufferevent_incref(bev); /* keeps it alive until adopt() */
	clients->newcomer = bev;
	clients->count++;
	event_active(clients->adoption, EV_TIMEOUT, 0);
	if (clients->count == HTTP_CLIENTS_MAX && !clients_make_room(clients))
		(void)evconnlistener_disable(clients->listener);
	return bev;
}

/* --- Setup --- */

/* Returns 0 or -errno. */
static int listen_at(struct http_clients *clients, struct event_base *base, struct evhttp *server,
		     const struct addrinfo *at)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);

	errno = 0;
	clients->listener = evconnlistener_new_bind(
		base, NULL, NULL, LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
		HTTP_WAITING_MAX, at->ai_addr, (int)at->ai_addrlen);
	if (!clients->listener)
		return errno ? -errno : -ENOMEM;
	if (!evhttp_bind_listener(server, clients->listener)) {
		evconnlistener_free(clients->listener);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(clients->listener, pause_listening);
	if (getsockname(evconnlistener_get_fd(clients->listener), (struct sockaddr *)&bound, &len))
		return -errno;
	clients->port =
		ntohs(bound.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&bound)->sin6_port
						  : ((const struct sockaddr_in *)&bound)->sin_port);
	return 0;
}

int http_clients_open(struct http_clients **out, struct event_base *base, struct evhttp *server,
		      const struct addrinfo *at, void (*gone)(void *answer))
{
	const struct timeval often = {.tv_usec = HTTP_LOOK_MS * 1000};
	struct http_clients *clients = calloc(1, sizeof(*clients));
	int err = -ENOMEM;

	if (!clients)
		return err;
	clients->gone = gone;
	for (unsigned int i = 0; i < HTTP_CLIENTS_MAX; i++)
		clients->list[i].all = clients;
	clients->look = event_new(base, -1, EV_PERSIST, clients_look, clients);
	clients->adoption = event_new(base, -1, 0, adopt_newcomer, clients);
	if (clients->look && clients->adoption && !event_add(clients->look, &often))
		err = listen_at(clients, base, server, at);
	if (err) {
		http_clients_close(clients);
		return err;
	}
	evhttp_set_bevcb(server, take_newcomer, clients);
	*out = clients;
	return 0;
}

uint16_t http_clients_port(const struct http_clients *clients)
{
	return clients->port;
}

void http_clients_answer(struct http_clients *clients, const struct evhttp_connection *connection,
			 void *answer)
{
	for (unsigned int i = 0; i < HTTP_CLIENTS_MAX; i++) {
		struct client *client = &clients->list[i];

		if (client->connection != connection)
			continue;
		client->answer = answer;
		client->has_asked = true;
		client->since_ms = clock_ms();
	}
}

void http_clients_close(struct http_clients *clients)
{
	if (!clients)
		return;
	adopt(clients);
	for (unsigned int i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (clients->list[i].connection)
			evhttp_connection_set_closecb(clients->list[i].connection, NULL, NULL);
	if (clients->look)
		event_free(clients->look);
	if (clients->adoption)
		event_free(clients->adoption);
	free(clients);
}
