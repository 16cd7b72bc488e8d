/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/orders.h"
#include "conf/response.h"
#include "conf/sockets.h"
#include "healthcheck/describe.h"
#include "healthcheck/inquiry.h"
#include "healthcheck/onlookers.h"
#include "healthcheck/show.h"
#include "healthcheck/views.h"
#include "sys/http.h"
#include "sys/log.h"
#include "sys/loop.h"

enum { ORDERS_TICK_MS = 1000 };

struct show {
	const struct checker *checker;
	struct sockets *sockets; /* NULL: none */
	struct http *http;	 /* NULL: none */
	struct onlookers *onlookers;
	struct sparing orders; /* limits log lines about operators' commands */
};

/* --- Verbs --- */

static void answer_status(const struct show *show, struct lines_request *request)
{
	struct response response;

	if (!response_begin(&response)) {
		response_give_up(request);
		return;
	}
	describe_status(&response.w, show->checker);
	response_send(&response, request);
}

static void answer_health(const struct show *show, struct lines_request *request,
			  const struct inquiry *inquiry)
{
	const struct describe_choice choice = {inquiry->table, inquiry->unhealthy};
	struct response response;

	if (!response_begin(&response)) {
		response_give_up(request);
		return;
	}
	if (!describe_health(&response.w, show->checker, &choice)) {
		response_send(&response, request);
		return;
	}
	response_drop(&response);
	response_refuse(request, RESPONSE_BAD_REQUEST, "there is no table \"%s\"", inquiry->table);
}

static void show_answer(struct show *show, struct lines_request *request,
			const struct inquiry *inquiry)
{
	switch (inquiry->verb) {
	case INQUIRY_STATUS:
		answer_status(show, request);
		break;
	case INQUIRY_HEALTH:
		answer_health(show, request, inquiry);
		break;
	case INQUIRY_PROBE:
		orders_log(&show->orders, request, "probe");
		onlookers_start(show->onlookers, request, inquiry);
		break;
	case INQUIRY_PROBE_NEXT:
		onlookers_next(show->onlookers, request, inquiry->probe);
		break;
	case INQUIRY_LOG_LEVEL:
		orders_set_level(&show->orders, request, inquiry->level);
		break;
	case INQUIRY_COUNT:
		break;
	}
}

/* Parses a request. A function of its own because the report is large. */
static bool read_inquiry(struct inquiry *out, const struct asked *asked)
{
	struct report report;

	report_init(&report);
	if (!inquiry_read(out, asked->line, asked->len, &report))
		return true;
	response_refuse_report(asked->request, &report);
	return false;
}

static void show_take(void *arg, const struct asked *asked)
{
	struct show *show = arg;
	struct inquiry inquiry;

	if (read_inquiry(&inquiry, asked) &&
	    sockets_allow(show->sockets, asked, inquiry_words(inquiry.verb)))
		show_answer(show, asked->request, &inquiry);
}

/* --- Setup --- */

static void follow_orders(void *arg)
{
	struct show *show = arg;

	orders_follow(&show->orders);
}

/* Opens the sockets. Returns as show_open(). */
static int open_sockets(struct show *show)
{
	const char *path = show->checker->conf.control_socket;
	const bool is_default = !strcmp(path, HEALTH_SOCKET_DEFAULT);
	const struct sockets_conf conf = {.path = path, .ask = show_take, .arg = show};
	char why[SOCKET_WHY_LEN];
	int err;

	if (!*path)
		return 0;
	if (is_default)
		(void)mkdir(HEALTH_SOCKET_DIRECTORY, 0755); /* errors show below */
	err = sockets_open(&show->sockets, show->checker->loop, &conf, why);
	if (err && !is_default) {
		log_error("$.control_socket: %s", why);
		return err;
	}
	if (err)
		log_warning("no control socket: %s; control_socket names another path", why);
	return 0;
}

static int show_open_parts(struct show *show)
{
	const struct checker *checker = show->checker;
	int err = onlookers_open(&show->onlookers, checker->loop, checker->monitor);

	if (!err)
		err = loop_every(checker->loop, ORDERS_TICK_MS, follow_orders, show);
	if (err) {
		log_error("cannot answer anybody: %s", strerror(-err));
		return err;
	}
	err = open_sockets(show);
	return err ? err : views_open(&show->http, checker);
}

int show_open(struct show **out, const struct checker *checker)
{
	struct show *show = calloc(1, sizeof(*show));
	int err;

	if (!show) {
		log_error("cannot answer anybody: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	show->checker = checker;
	err = show_open_parts(show);
	if (err)
		show_close(show);
	else
		*out = show;
	return err;
}

void show_close(struct show *show)
{
	if (!show)
		return;
	onlookers_close(show->onlookers);
	http_close(show->http);
	sockets_close(show->sockets);
	free(show);
}
