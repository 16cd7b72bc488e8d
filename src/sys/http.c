/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http.h"
#include "loop.h"

enum {
	HEADERS_MAX = 8192,
	BODY_MAX = 4096, /* of a request; nothing is done with it */
	BREAK_MS = 200,	 /* without file descriptors for more clients */
};

/* An answer under way. */
struct reply {
	struct http *http;
	struct reply *next;
	struct evhttp_request *request;
	const struct http_route *route;
	void *state;
};

struct http {
	struct evhttp *server;
	struct evconnlistener *listener;
	struct event *again; /* when it has not listened for a while */
	const struct http_route *routes;
	void *arg;
	struct reply *replies;
	uint16_t port;
};

/* --- One answer --- */

static void forget(struct reply *reply)
{
	struct reply **at = &reply->http->replies;

	while (*at != reply)
		at = &(*at)->next;
	*at = reply->next;
	if (reply->route->end)
		reply->route->end(reply->state);
	free(reply);
}

/* All was written. */
static void finish(struct reply *reply)
{
	struct evhttp_request *request = reply->request;

	evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
	forget(reply);
	evhttp_send_reply_end(request);
}

/* The client has left: the request has no connection any more, and is ours to release. */
static void give_up(struct evhttp_connection *connection, void *arg)
{
	struct reply *reply = arg;
	struct evhttp_request *request = reply->request;

	evhttp_connection_set_closecb(connection, NULL, NULL);
	forget(reply);
	evhttp_send_reply_end(request);
}

/* Has the connection end as if the client had left: an answer that ends well would look whole. */
static void cut_off(struct evhttp_connection *connection)
{
	(void)shutdown(bufferevent_getfd(evhttp_connection_get_bufferevent(connection)), SHUT_RDWR);
}

/* Writes the next part, which is empty only behind the last one. NULL: out of memory. */
static struct evbuffer *next_part(struct reply *reply, bool *more)
{
	struct evbuffer *buffer = evbuffer_new();
	char *text = NULL;
	size_t len = 0;
	FILE *out = buffer ? open_memstream(&text, &len) : NULL;
	bool good = false;

	if (out) {
		do {
			*more = reply->route->write(reply->state, out);
			(void)fflush(out);
		} while (*more && !len && !ferror(out));
		good = !ferror(out) & !fclose(out) && !evbuffer_add(buffer, text, len);
	}
	free(text);
	if (good)
		return buffer;
	if (buffer)
		evbuffer_free(buffer);
	return NULL;
}

/* What was sent before has left. */
static void send_next(struct evhttp_connection *connection, void *arg)
{
	struct reply *reply = arg;
	bool more = false;
	struct evbuffer *buffer = next_part(reply, &more);

	if (!buffer) {
		cut_off(connection);
		return;
	}
	evhttp_send_reply_chunk_with_cb(reply->request, buffer, more ? send_next : NULL, reply);
	evbuffer_free(buffer);
	if (!more)
		finish(reply);
}

static void add_headers(struct evhttp_request *request, const struct http_answer *answer)
{
	static const char *const always[][2] = {
		{"Cache-Control", "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"Content-Security-Policy",
		 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		 "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		{"Referrer-Policy", "no-referrer"},
	};
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	(void)evhttp_add_header(headers, "Content-Type", answer->type);
	if (request->major < 1 || (request->major == 1 && request->minor == 0))
		(void)evhttp_add_header(headers, "Connection", "close"); /* its only end */
	for (unsigned int i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		(void)evhttp_add_header(headers, always[i][0], always[i][1]);
}

static const char *reason_of(int status)
{
	return status == 200 ? "OK" : status == 503 ? "Service Unavailable" : "Not Found";
}

static void start_reply(struct reply *reply, const struct http_answer *answer)
{
	struct evhttp_request *request = reply->request;
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	reply->state = answer->state;
	reply->next = reply->http->replies;
	reply->http->replies = reply;
	add_headers(request, answer);
	evhttp_connection_set_closecb(connection, give_up, reply);
	evhttp_send_reply_start(request, answer->status, reason_of(answer->status));
	if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD)
		finish(reply);
	else
		send_next(connection, reply);
}

static const struct http_route *find_route(const struct http *http, const char *path)
{
	const struct http_route *route = http->routes;

	while (route->path && strcmp(route->path, path) != 0)
		route++;
	return route->path ? route : NULL;
}

static void take_request(struct evhttp_request *request, void *arg)
{
	struct http *http = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const struct http_route *route = path ? find_route(http, path) : NULL;
	const char *accept =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");
	const struct http_question question = {.accept = accept ? accept : ""};
	struct http_answer answer = {.status = 200, .type = "text/plain; charset=utf-8"};

	if (!route) {
		evhttp_send_error(request, HTTP_NOTFOUND, NULL);
		return;
	}

	struct reply *reply = malloc(sizeof(*reply));

	if (!reply || !route->begin(http->arg, &question, &answer)) {
		free(reply);
		evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	*reply = (struct reply){.http = http, .request = request, .route = route};
	start_reply(reply, &answer);
}

/* --- The server --- */

static void listen_again(evutil_socket_t fd, short events, void *arg)
{
	const struct http *http = arg;

	(void)fd;
	(void)events;
	(void)evconnlistener_enable(http->listener);
}

/* Without file descriptors a client that waits would be reported again and again. */
static void pause_listening(struct evconnlistener *listener, void *arg)
{
	const struct http *http = arg;
	const struct timeval pause = {.tv_usec = BREAK_MS * 1000};

	(void)evconnlistener_disable(listener);
	(void)event_add(http->again, &pause);
}

/* 0 or -errno. */
static int bind_listener(struct http *http, struct loop *loop, const struct addrinfo *at)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);

	http->listener = evconnlistener_new_bind(loop_base(loop), NULL, NULL,
						 LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE |
							 LEV_OPT_CLOSE_ON_EXEC,
						 -1, at->ai_addr, (int)at->ai_addrlen);
	if (!http->listener)
		return errno ? -errno : -ENOMEM;
	if (!evhttp_bind_listener(http->server, http->listener)) {
		evconnlistener_free(http->listener);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(http->listener, pause_listening);
	if (getsockname(evconnlistener_get_fd(http->listener), (struct sockaddr *)&bound, &len))
		return -errno;
	http->port =
		ntohs(bound.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&bound)->sin6_port
						  : ((const struct sockaddr_in *)&bound)->sin_port);
	return 0;
}

static int make_server(struct http *http, struct loop *loop)
{
	http->server = evhttp_new(loop_base(loop));
	http->again = evtimer_new(loop_base(loop), listen_again, http);
	if (!http->server || !http->again)
		return -ENOMEM;
	evhttp_set_timeout(http->server, HTTP_IDLE_S);
	evhttp_set_max_headers_size(http->server, HEADERS_MAX);
	evhttp_set_max_body_size(http->server, BODY_MAX);
	evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_gencb(http->server, take_request, http);
	return 0;
}

int http_open(struct http **out, struct loop *loop, const char *address, uint16_t port,
	      const struct http_route *routes, void *arg, char why[HTTP_WHY_LEN])
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct http *http = calloc(1, sizeof(*http));
	struct addrinfo *at = NULL;
	char service[8];
	int err = http ? 0 : -ENOMEM;

	(void)snprintf(service, sizeof(service), "%u", port);
	if (!err && getaddrinfo(address, service, &hints, &at))
		err = -EINVAL;
	if (!err)
		err = make_server(http, loop);
	errno = 0;
	if (!err)
		err = bind_listener(http, loop, at);
	if (at)
		freeaddrinfo(at);
	if (err) {
		(void)snprintf(why, HTTP_WHY_LEN, "%s port %u: %s", address, port, strerror(-err));
		http_close(http);
		return err;
	}
	http->routes = routes;
	http->arg = arg;
	*out = http;
	return 0;
}

uint16_t http_port(const struct http *http)
{
	return http->port;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	while (http->replies) {
		evhttp_connection_set_closecb(evhttp_request_get_connection(http->replies->request),
					      NULL, NULL);
		forget(http->replies);
	}
	if (http->server)
		evhttp_free(http->server);
	if (http->again)
		event_free(http->again);
	free(http);
}
