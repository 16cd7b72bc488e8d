/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/addr.h"
#include "conf/http_listen.h"
#include "conf/response.h"
#include "healthcheck/describe.h"
#include "healthcheck/figures.h"
#include "healthcheck/views.h"
#include "sys/http_pages.h"

static bool is_ready(void *arg, FILE *line)
{
	struct glb_diag why = {{0}};
	bool ready = describe_is_ready(arg, &why);

	(void)fprintf(line, "%s: %s\n", ready ? "ready" : "not ready", why.text);
	return ready;
}

static struct exposition *expose(void *arg, bool is_old)
{
	return figures_begin(arg, is_old);
}

/* --- JSON --- */

static bool begin_health(void *arg, const struct http_question *question,
			 struct http_answer *answer)
{
	const struct describe_choice all = {.table = ""};
	struct response response;
	size_t len = 0;
	char *text;

	(void)question;
	answer->type = "application/json";
	if (!response_begin(&response))
		return false;
	if (describe_health(&response.w, arg, &all)) {
		response_drop(&response);
		return false;
	}
	text = response_text(&response, &len);
	answer->state = http_text(text, len);
	return answer->state;
}

static bool begin_counts(void *arg, const struct http_question *question,
			 struct http_answer *answer)
{
	(void)question;
	answer->type = "application/json";
	answer->state = arg;
	return true;
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
	{"/health", begin_health, http_text_write, http_text_end},
	{"/debug/vars", begin_counts, write_counts, NULL},
	{NULL, NULL, NULL, NULL},
};

/* --- Setup --- */

static bool is_default(const struct listen_conf *at)
{
	char address[ADDR_TEXT_LEN];

	return at->port == HEALTH_HTTP_PORT && !strcmp(addr_text(address, &at->addr), "127.0.0.1");
}

static const struct http_site site = {routes, is_ready, expose};

int views_open(struct http **out, const struct checker *checker)
{
	const struct http_listen how = {
		.site = &site,
		.at = &checker->conf.http_listen,
		.is_default = is_default(&checker->conf.http_listen),
		.conf_path = checker->conf_path,
		.before = "metrics at ",
		.after = "/metrics",
	};

	return http_listen(out, checker->loop, &how, (void *)checker);
}
