/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "conf/addr.h"
#include "conf/response.h"
#include "director/metrics.h"
#include "director/page.h"
#include "director/pages.h"
#include "director/show.h"
#include "sys/http.h"
#include "sys/log.h"
#include "sys/openmetrics.h"

static bool begin_metrics(void *arg, const struct http_question *question,
			  struct http_answer *answer)
{
	bool is_old = openmetrics_wants_old(question->accept);

	answer->type = openmetrics_content(is_old);
	answer->state = metrics_begin(arg, is_old);
	return answer->state;
}

static bool write_metrics(void *state, FILE *out)
{
	return metrics_write(state, out);
}

static void end_metrics(void *state)
{
	metrics_free(state);
}

static bool begin_line(void *arg, const struct http_question *question, struct http_answer *answer)
{
	(void)question;
	answer->state = arg;
	return true;
}

static bool begin_readiness(void *arg, const struct http_question *question,
			    struct http_answer *answer)
{
	struct glb_diag why;

	if (readiness_of(arg, &why) != READINESS_READY)
		answer->status = 503;
	return begin_line(arg, question, answer);
}

static bool write_health(void *state, FILE *out)
{
	(void)state;
	(void)fputs("ok\n", out);
	return false;
}

static bool write_readiness(void *state, FILE *out)
{
	struct glb_diag why = {{0}};
	enum readiness readiness = readiness_of(state, &why);

	(void)fprintf(out, "%s: %s\n", readiness_name(readiness), why.text);
	return false;
}

/* --- For people: src/director/page --- */

static bool begin_page(void *arg, const struct http_question *question, struct http_answer *answer)
{
	answer->type = "text/html; charset=utf-8";
	answer->policy = page_policy;
	return begin_line(arg, question, answer);
}

static bool write_page(void *state, FILE *out)
{
	(void)state;
	(void)fputs(page_text, out);
	return false;
}

/* The reply of the control socket's verb "top", written at once: it is short. */
static bool begin_top(void *arg, const struct http_question *question, struct http_answer *answer)
{
	struct response response;
	size_t len;

	(void)question;
	answer->type = "application/json";
	if (!response_begin(&response))
		return false;
	if (show_top(&response.w, arg)) {
		response_drop(&response);
		return false;
	}
	answer->state = response_text(&response, &len);
	return answer->state;
}

static bool write_top(void *state, FILE *out)
{
	(void)fputs(state, out);
	return false;
}

static const struct http_route routes[] = {
	{"/", begin_page, write_page, NULL},
	{"/status.json", begin_top, write_top, free},
	{"/metrics", begin_metrics, write_metrics, end_metrics},
	{"/healthz", begin_line, write_health, NULL},
	{"/readyz", begin_readiness, write_readiness, NULL},
	{NULL, NULL, NULL, NULL},
};

int pages_open(struct control *control)
{
	const struct listen_conf *at = &control->conf.http_listen;
	char address[ADDR_TEXT_LEN];
	char why[HTTP_WHY_LEN];

	if (!at->addr.version)
		return 0;

	int err = http_open(&control->http, control->loop, addr_text(address, &at->addr), at->port,
			    routes, control, why);

	if (!err) {
		log_info("status page at http://%s%s%s:%u/, metrics at /metrics",
			 at->addr.version == 6 ? "[" : "", address,
			 at->addr.version == 6 ? "]" : "", http_port(control->http));
		return 0;
	}
	if (control->conf.has_http_listen) {
		log_error("%s: http_listen: %s", control->reload.config_path, why);
		return err;
	}
	log_warning("no metrics by HTTP: %s; set http_listen in %s", why,
		    control->reload.config_path);
	return 0;
}

void pages_close(struct control *control)
{
	http_close(control->http);
	control->http = NULL;
}
