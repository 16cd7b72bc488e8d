/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "healthcheck/http_answer.h"
#include "http.h"
#include "http_describe.h"
#include "http_loop.h"
#include "http_outcome.h"
#include "http_redirect.h"
#include "sys/log.h"

enum {
	REDIRECTS_MAX = 10, /* as in Go's client, and thus the original */
};

/* Shared by all requests. */
struct http_shared {
	struct http_loop *loop;
	const char *ca_file;
};

struct http_request {
	struct http_shared *shared;
	struct probe *probe;
	struct http_order order;
	CURL *easy;
	struct http_description description;
	struct http_progress progress;
	unsigned int redirect_count;
	bool is_running; /* libcurl is processing it */
	char error[CURL_ERROR_SIZE];
};

/* Callbacks of libcurl for a request in progress. */

/* TLS begins, so the connection is established. Changes no setting. */
static CURLcode take_tls(CURL *easy, void *ssl, void *arg)
{
	struct http_request *request = arg;

	(void)easy;
	(void)ssl;
	probe_connected(request->probe);
	request->probe->awaited = "end of the TLS handshake";
	return CURLE_OK;
}

/* The request is about to be sent. */
static int take_connection(void *arg, char *ip, char *own_ip, int port, int own_port)
{
	struct http_request *request = arg;

	(void)ip;
	(void)own_ip;
	(void)port;
	(void)own_port;
	probe_connected(request->probe);
	if (request->order.is_tls)
		probe_step(request->probe, "TLS established after %u us",
			   probe_elapsed_us(request->probe));
	request->probe->awaited = "answer";
	request->progress.is_requested = true;
	return CURL_PREREQFUNC_OK;
}

static curl_socket_t http_probe_open_socket(void *arg, curlsocktype purpose,
					    struct curl_sockaddr *address)
{
	struct http_request *request = arg;
	const struct http_order *order = &request->order;
	int fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)purpose;
	if (fd < 0)
		request->progress.err = -errno;
	else if (order->prepare)
		request->progress.err = order->prepare(order->arg, fd);
	if (!request->progress.err)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return CURL_SOCKET_BAD;
}

/* The end of a header, other than that of an interim response. Should the body be read? */
static bool take_end_of_header(struct http_request *request)
{
	const long status = http_status(request->easy);

	if (status < 200 && status != 101)
		return true;
	request->progress.answer.has_header = true;
	request->probe->awaited = "end of the answer";
	probe_step(request->probe, "HTTP status %ld after %u us", status,
		   probe_elapsed_us(request->probe));
	return http_status_expected(request->order.request, status);
}

static size_t http_probe_take_line(char *line, size_t size, size_t count, void *arg)
{
	struct http_request *request = arg;
	const size_t len = size * count;
	const bool is_end = len && (*line == '\r' || *line == '\n');

	request->progress.is_too_long = !http_answer_line(&request->progress.answer, line, len);
	if (request->progress.is_too_long)
		return 0;
	if (request->progress.answer.has_header) /* a trailer */
		return len;
	request->probe->awaited = "end of the header";
	return !is_end || take_end_of_header(request) ? len : 0;
}

static size_t take_piece(char *piece, size_t size, size_t count, void *arg)
{
	struct http_request *request = arg;
	const size_t len = size * count;
	int err = http_answer_piece(&request->progress.answer, piece, len,
				    request->order.request->body);

	if (err == -ENOMEM)
		request->progress.err = err;
	request->progress.is_full = err == -EFBIG;
	return err ? 0 : len;
}

/* The end of a request. */

/*
 * The URL to follow: the redirect is not an expected response, leads to the same server, and the
 * method may safely be repeated there. NULL: none.
 */
static char *next_url(const struct http_request *request)
{
	const struct health_request *asked = request->order.request;
	long status = http_status(request->easy);

	if (request->progress.err || !request->progress.answer.has_header ||
	    request->redirect_count == REDIRECTS_MAX || http_status_expected(asked, status) ||
	    !http_status_redirects(status) ||
	    (strcmp(asked->method, "GET") != 0 && strcmp(asked->method, "HEAD") != 0))
		return NULL;
	return http_redirect_url(request->easy, request->description.url);
}

/* Starts the transfer in libcurl. */
static int http_probe_run(struct http_request *request)
{
	int err = http_loop_add(request->shared->loop, request->easy);

	request->is_running = !err;
	return err;
}

/* Follows a redirect. False: there is none to follow. */
static bool http_probe_go_on(struct http_request *request)
{
	char *url = next_url(request);

	if (!url)
		return false;
	free(request->description.url);
	request->description.url = url;
	request->redirect_count++;
	http_answer_clear(&request->progress.answer);
	request->progress = (struct http_progress){0};
	*request->error = '\0';
	request->probe->awaited = "connection";
	probe_step(request->probe, "redirected to %s", url);
	request->progress.err = curl_easy_setopt(request->easy, CURLOPT_URL, url)
					? -ENOMEM
					: http_probe_run(request);
	return !request->progress.err;
}

static struct http_request *request_of(CURL *easy)
{
	char *arg = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &arg);
	return (void *)arg;
}

static void take_end(CURL *easy, CURLcode code)
{
	struct http_request *request = request_of(easy);

	request->is_running = false;
	if (http_probe_go_on(request))
		return;

	const struct http_end end = {
		.order = &request->order,
		.progress = &request->progress,
		.easy = easy,
		.code = code,
		.words = request->error,
	};
	const struct http_outcome outcome = http_outcome(&end);

	request->probe->result.is_degraded =
		outcome.reason == PROBE_NONE && request->progress.answer.is_degraded;
	if (request->order.ended)
		request->order.ended(request->order.arg, outcome.reason, outcome.detail);
	else
		probe_end(request->probe, outcome.reason, "%s", outcome.detail);
}

/* It will not proceed; the deadline will end it. */
static void take_stuck(CURL *easy)
{
	request_of(easy)->probe->late = PROBE_LOCAL;
}

/* Sets the callbacks. Needs no memory, so it cannot fail. */
static void set_callbacks(struct http_request *request)
{
	CURL *easy = request->easy;

	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, http_probe_open_socket);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, take_tls);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, request);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, take_connection);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_probe_take_line);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_piece);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
}

static int http_probe_prepare(struct http_request *request)
{
	int err;

	request->easy = http_loop_handle(request->shared->loop);
	if (!request->easy)
		return -ENOMEM;
	err = http_describe(&request->description, request->easy, &request->order,
			    request->shared->ca_file);
	if (err)
		return err;
	set_callbacks(request);
	return http_probe_run(request);
}

int http_start(struct http_request **out, struct probe *probe, const struct http_order *order)
{
	struct http_request *request;
	int err;

	if (!probe->probes->shared[HEALTH_HTTP])
		return -ENOTSUP;
	request = calloc(1, sizeof(*request));
	if (!request)
		return -ENOMEM;
	request->shared = probe->probes->shared[HEALTH_HTTP];
	request->probe = probe;
	request->order = *order;
	err = http_probe_prepare(request);
	if (err) {
		http_stop(request);
		return err;
	}
	probe->awaited = "connection";
	*out = request;
	return 0;
}

void http_stop(struct http_request *request)
{
	if (!request)
		return;
	if (request->is_running)
		http_loop_remove(request->shared->loop, request->easy);
	http_loop_give_back(request->shared->loop, request->easy);
	http_description_clear(&request->description);
	http_answer_clear(&request->progress.answer);
	free(request);
}

static void close_shared(struct probes *probes)
{
	struct http_shared *shared = probes->shared[HEALTH_HTTP];

	http_loop_close(shared->loop);
	free(shared);
	probes->shared[HEALTH_HTTP] = NULL;
	curl_global_cleanup();
}

static bool open_shared(struct probes *probes)
{
	static const struct http_loop_listener listener = {.ended = take_end, .stuck = take_stuck};
	struct http_shared *shared = calloc(1, sizeof(*shared));

	if (!shared || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		log_error("no checks by HTTP: libcurl cannot be prepared");
		free(shared);
		return false;
	}
	shared->ca_file = http_ca_file();
	probes->shared[HEALTH_HTTP] = shared;
	if (!http_loop_open(&shared->loop, probes->base, &listener))
		return true;
	log_error("no checks by HTTP: %s", strerror(ENOMEM));
	close_shared(probes);
	return false;
}

static int http_probe_start(struct probe *probe)
{
	const struct health_check *check = probe->check;
	const struct http_order order = {
		.request = &check->request,
		.addr = check->backend,
		.port = check->port,
		.is_tls = check->type == HEALTH_HTTPS,
	};
	struct http_request *request;
	int err = http_start(&request, probe, &order);

	if (!err)
		probe->state = request;
	return err;
}

static void http_probe_stop(struct probe *probe)
{
	http_stop(probe->state);
}

const struct probe_type probe_http = {
	.open = open_shared,
	.close = close_shared,
	.start = http_probe_start,
	.stop = http_probe_stop,
};
