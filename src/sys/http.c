/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "http.h"
#include "http_clients.h"
#include "http_pages.h"
#include "loop.h"

enum {
	HEADERS_MAX = 8192,
	BODY_MAX = 4096, /* of a request; it is ignored */
	MISDIRECTED = 421,
};

/* A reply in progress. */
struct reply {
	struct http *http;
	struct reply *next;
	struct evhttp_request *request;
	const struct http_route *route;
	void *state;
};

struct http {
	struct evhttp *server;
	struct http_clients *clients;
	bool is_loopback;
	const struct http_site *site;
	void *arg;
	struct reply *replies;
};

/* --- One reply --- */

static void http_forget(struct reply *reply)
{
	struct reply **at = &reply->http->replies;

	while (*at != reply)
		at = &(*at)->next;
	*at = reply->next;
	if (reply->route->end)
		reply->route->end(reply->state);
	free(reply);
}

/* Everything was written. */
static void finish(struct reply *reply)
{
	struct evhttp_request *request = reply->request;

	http_clients_answer(reply->http->clients, evhttp_request_get_connection(request), NULL);
	http_forget(reply);
	evhttp_send_reply_end(request);
}

/* The client has left: the request has no connection any more, and we must release it. */
static void give_up(void *answer)
{
	struct reply *reply = answer;
	struct evhttp_request *request = reply->request;

	http_forget(reply);
	evhttp_send_reply_end(request);
}

/* Writes the next part; only the last one may be empty. NULL: out of memory. */
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

/* The previous part has been sent. */
static void send_next(struct evhttp_connection *connection, void *arg)
{
	struct reply *reply = arg;
	bool more = false;
	struct evbuffer *buffer = next_part(reply, &more);

	if (!buffer) {
		http_client_cut_off(
			connection); /* a reply that ended properly would look complete */
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
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	};
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	(void)evhttp_add_header(headers, "Content-Type", answer->type);
	(void)evhttp_add_header(headers, "Content-Security-Policy", answer->policy);
	if (answer->field_name)
		(void)evhttp_add_header(headers, answer->field_name, answer->field_value);
	if (request->major < 1 || (request->major == 1 && request->minor == 0))
		(void)evhttp_add_header(
			headers, "Connection",
			"close"); /* the end of the connection marks the end of the reply */
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
	http_clients_answer(reply->http->clients, connection, reply);
	evhttp_send_reply_start(request, answer->status, reason_of(answer->status));
	if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD)
		finish(reply);
	else
		send_next(connection, reply);
}

bool http_host_is_plain(const char *host)
{
	char address[INET6_ADDRSTRLEN + 2];
	uint8_t bytes[sizeof(struct in6_addr)];
	size_t len = host ? strlen(host) : 0;

	if (!len || !strcasecmp(host, "localhost") || inet_pton(AF_INET, host, bytes) == 1)
		return true;
	if (len >= sizeof(address) || host[0] != '[' || host[len - 1] != ']')
		return false;
	memcpy(address, host + 1, len - 2);
	address[len - 2] = 0;
	return inet_pton(AF_INET6, address, bytes) == 1;
}

static const struct http_route *http_find_route(const struct http_route *route, const char *path)
{
	while (route->path && strcmp(route->path, path) != 0)
		route++;
	return route->path ? route : NULL;
}

static void take_request(struct evhttp_request *request, void *arg)
{
	struct http *http = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const struct http_route *route = path ? http_find_route(http->site->routes, path) : NULL;
	const char *accept =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");
	const struct http_question question = {.accept = accept ? accept : "", .site = http->site};
	struct http_answer answer = {
		.status = 200, .type = "text/plain; charset=utf-8", .policy = HTTP_NO_POLICY};

	if (http->is_loopback && !http_host_is_plain(evhttp_request_get_host(request))) {
		evhttp_send_error(request, MISDIRECTED, "Misdirected Request");
		return;
	}
	if (!route && path)
		route = http_find_route(http_pages, path);
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

static bool is_loopback(const struct sockaddr *at)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;

	if (at->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int make_server(struct http *http, struct loop *loop)
{
	http->server = evhttp_new(loop_base(loop));
	if (!http->server)
		return -ENOMEM;
	evhttp_set_timeout(http->server, HTTP_IDLE_S);
	evhttp_set_max_headers_size(http->server, HEADERS_MAX);
	evhttp_set_max_body_size(http->server, BODY_MAX);
	evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_gencb(http->server, take_request, http);
	return 0;
}

int http_open(struct http **out, struct loop *loop, const char *address, uint16_t port,
	      const struct http_site *site, void *arg, char why[HTTP_WHY_LEN])
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
	if (!err)
		err = http_clients_open(&http->clients, loop_base(loop), http->server, at, give_up);
	if (!err)
		http->is_loopback = is_loopback(at->ai_addr);
	if (at)
		freeaddrinfo(at);
	if (err) {
		(void)snprintf(why, HTTP_WHY_LEN, "%s port %u: %s", address, port, strerror(-err));
		http_close(http);
		return err;
	}
	http->site = site;
	http->arg = arg;
	*out = http;
	return 0;
}

uint16_t http_port(const struct http *http)
{
	return http_clients_port(http->clients);
}

void http_close(struct http *http)
{
	if (!http)
		return;
	http_clients_close(http->clients);
	while (http->replies)
		http_forget(http->replies);
	if (http->server)
		evhttp_free(http->server);
	free(http);
}
