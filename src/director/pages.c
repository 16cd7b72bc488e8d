/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/pages.h"
#include "conf/http_listen.h"
#include "conf/response.h"
#include "director/metrics/metrics.h"
#include "director/page.h"
#include "director/show/show.h"
#include "sys/http_pages.h"

static bool is_ready(void *arg, FILE *line)
{
	struct glb_diag why = {{0}};
	enum readiness readiness = readiness_of(arg, &why);

	(void)fprintf(line, "%s: %s\n", readiness_name(readiness), why.text);
	return readiness == READINESS_READY;
}

static struct exposition *expose(void *arg, bool is_old)
{
	return metrics_begin(arg, is_old);
}

/* --- For people: src/director/page --- */

static bool begin_page(void *arg, const struct http_question *question, struct http_answer *answer)
{
	answer->type = "text/html; charset=utf-8";
	answer->policy = page_policy;
	(void)question;
	answer->state = arg;
	return true;
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
	size_t len = 0;
	char *text;

	(void)question;
	answer->type = "application/json";
	if (!response_begin(&response))
		return false;
	if (show_top(&response.w, arg)) {
		response_drop(&response);
		return false;
	}
	text = response_text(&response, &len);
	answer->state = http_text(text, len);
	return answer->state;
}

static const struct http_route routes[] = {
	{"/", begin_page, write_page, NULL},
	{"/status.json", begin_top, http_text_write, http_text_end},
	{NULL, NULL, NULL, NULL},
};

static const struct http_site site = {routes, is_ready, expose};

int pages_open(struct control *control)
{
	const struct http_listen how = {
		.site = &site,
		.at = &control->conf.http_listen,
		.is_default = !control->conf.has_http_listen,
		.conf_path = control->reload.config_path,
		.before = "status page at ",
		.after = "/, metrics at /metrics",
	};

	return http_listen(&control->http, control->loop, &how, control);
}

void pages_close(struct control *control)
{
	http_close(control->http);
	control->http = NULL;
}
