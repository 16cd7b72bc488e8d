/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/response.h"
#include "healthcheck/describe.h"
#include "healthcheck/figures.h"
#include "healthcheck/views.h"
#include "sys/http.h"
#include "sys/log.h"
#include "sys/openmetrics.h"

/* --- Metrics --- */

static bool begin_metrics(void *arg, const struct http_question *question,
			  struct http_answer *answer)
{
	bool is_old = openmetrics_wants_old(question->accept);

	answer->type = openmetrics_content(is_old);
	answer->state = figures_begin(arg, is_old);
	return answer->state;
}

static bool write_metrics(void *state, FILE *out)
{
	return figures_write(state, out);
}

static void end_metrics(void *state)
{
	figures_free(state);
}

/* --- Single lines --- */

static bool begin_line(void *arg, const struct http_question *question, struct http_answer *answer)
{
	(void)question;
	answer->state = arg;
	return true;
}

static bool begin_readiness(void *arg, const struct http_question *question,
			    struct http_answer *answer)
{
	if (!describe_is_ready(arg, NULL))
		answer->status = 503;
	return begin_line(arg, question, answer);
}

static bool write_alive(void *state, FILE *out)
{
	(void)state;
	(void)fputs("ok\n", out);
	return false;
}

static bool write_readiness(void *state, FILE *out)
{
	struct glb_diag why = {{0}};
	bool is_ready = describe_is_ready(state, &why);

	(void)fprintf(out, "%s: %s\n", is_ready ? "ready" : "not ready", why.text);
	return false;
}

/* --- JSON --- */

enum { SLICE_LEN = 65536 };

/* A reply that was generated at once and is sent in slices. */
struct text {
	char *bytes;
	size_t len;
	size_t at; /* bytes sent */
};

static void end_text(void *state)
{
	struct text *text = state;

	free(text->bytes);
	free(text);
}

static bool begin_health(void *arg, const struct http_question *question,
			 struct http_answer *answer)
{
	const struct describe_choice all = {.table = ""};
	struct text *text = calloc(1, sizeof(*text));
	struct response response;

	(void)question;
	answer->type = "application/json";
	if (text && response_begin(&response)) {
		if (describe_health(&response.w, arg, &all))
			response_drop(&response);
		else
			text->bytes = response_text(&response, &text->len);
	}
	if (text && !text->bytes) {
		free(text);
		text = NULL;
	}
	answer->state = text;
	return text;
}

static bool views_write_text(void *state, FILE *out)
{
	struct text *text = state;
	const size_t left = text->len - text->at;
	const size_t len = left < SLICE_LEN ? left : SLICE_LEN;

	(void)fwrite(text->bytes + text->at, 1, len, out);
	text->at += len;
	return text->at < text->len;
}

static bool begin_counts(void *arg, const struct http_question *question,
			 struct http_answer *answer)
{
	answer->type = "application/json";
	return begin_line(arg, question, answer);
}

static bool write_counts(void *state, FILE *out)
{
	struct writer w = {.out = out};

	write_open(&w, NULL, '{');
	describe_counts(&w, state);
	write_close(&w, '}');
	return false;
}

static const struct http_route routes[] = {
	{"/metrics", begin_metrics, write_metrics, end_metrics},
	{"/health", begin_health, views_write_text, end_text},
	{"/debug/vars", begin_counts, write_counts, NULL},
	{"/healthz", begin_line, write_alive, NULL},
	{"/readyz", begin_readiness, write_readiness, NULL},
	{NULL, NULL, NULL, NULL},
};

/* --- Setup --- */

static bool is_default(const struct listen_conf *at)
{
	char address[ADDR_TEXT_LEN];

	return at->port == HEALTH_HTTP_PORT && !strcmp(addr_text(address, &at->addr), "127.0.0.1");
}

int views_open(struct http **out, const struct checker *checker)
{
	const struct listen_conf *at = &checker->conf.http_listen;
	char address[ADDR_TEXT_LEN];
	char why[HTTP_WHY_LEN];
	int err;

	*out = NULL;
	if (!at->addr.version)
		return 0;
	err = http_open(out, checker->loop, addr_text(address, &at->addr), at->port, routes,
			(void *)checker, why);
	if (!err) {
		log_info("metrics at http://%s%s%s:%u/metrics", at->addr.version == 6 ? "[" : "",
			 address, at->addr.version == 6 ? "]" : "", http_port(*out));
		return 0;
	}
	if (!is_default(at)) {
		log_error("%s: http_listen: %s", checker->conf_path, why);
		return err;
	}
	log_warning("no metrics by HTTP: %s; set http_listen in %s", why, checker->conf_path);
	return 0;
}
