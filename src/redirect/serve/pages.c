/* SPDX-License-Identifier: BSD-3-Clause */
/* The pages of `glb-redirect serve`. */
#include <stdio.h>

#include "serve.h"
#include "sys/clock.h"
#include "sys/http.h"
#include "sys/writer.h"

static bool serve_is_ready(void *arg, FILE *line)
{
	char why[SERVER_WHY_LEN];
	bool ready = server_is_ready(arg, why);

	(void)fprintf(line, "%s: %s\n", ready ? "ready" : "not ready", why);
	return ready;
}

static struct exposition *serve_metrics(void *arg, bool is_old)
{
	return server_expose(arg, is_old);
}

/* --- /grade --- */

static void write_limit(struct writer *w, const char *key, uint32_t limit)
{
	if (limit)
		write_uint(w, key, limit);
	else
		write_string(w, key, NULL);
}

static void write_signals(struct writer *w, const struct server *server)
{
	write_open(w, "signals", '{');
	for (unsigned int i = 0; i < GRADE_SIGNAL_COUNT; i++) {
		write_open(w, grade_signal_label(i), '{');
		if (server->pressure.knows[i])
			write_real(w, "value", (double)server->judge.milli[i] / GRADE_MILLI);
		else
			write_string(w, "value", NULL);
		write_string(w, "unit", grade_signal_unit(i));
		write_limit(w, "degraded", server->judge.limits.of[i].degraded);
		write_limit(w, "down", server->judge.limits.of[i].down);
		write_close(w, '}');
	}
	write_close(w, '}');
}

static void write_fullest(struct writer *w, const struct pressure *pressure)
{
	char text[LISTENER_TEXT_LEN];

	if (!pressure->listener_count) {
		write_string(w, "fullest", NULL);
		return;
	}
	write_open(w, "fullest", '{');
	write_string(w, "listener", listener_text(text, &pressure->fullest));
	write_uint(w, "waiting", pressure->fullest.waiting);
	write_uint(w, "backlog", pressure->fullest.backlog);
	write_close(w, '}');
}

static bool begin_grade(void *arg, const struct http_question *question, struct http_answer *answer)
{
	const struct server *server = arg;
	char why[SERVER_WHY_LEN];

	(void)question;
	answer->type = "application/json";
	if (!server_is_ready(server, why))
		answer->status = 503;
	/* glb-healthcheck reads it: docs/health.md */
	answer->field_name = "GLB-Grade";
	answer->field_value = grade_word(server->judge.grade);
	answer->state = arg;
	return true;
}

static bool write_grade(void *state, FILE *out)
{
	const struct server *server = state;
	const struct grade_judge *judge = &server->judge;
	uint64_t ago_ms = clock_ms() - judge->since_ms;
	struct writer w = {.out = out};
	char why[SERVER_WHY_LEN];

	write_open(&w, NULL, '{');
	write_bool(&w, "ready", server_is_ready(server, why));
	write_bool(&w, "attached", !server->status_error);
	write_string(&w, "grade", grade_word(judge->grade));
	write_time(&w, "since", judge->since_ms ? time(NULL) - (time_t)(ago_ms / 1000) : 0);
	write_string(&w, "reason", why);
	write_signals(&w, server);
	write_uint(&w, "listeners", server->pressure.listener_count);
	write_fullest(&w, &server->pressure);
	write_close(&w, '}');
	return false;
}

static const struct http_route serve_routes[] = {
	{"/grade", begin_grade, write_grade, NULL},
	{NULL, NULL, NULL, NULL},
};

const struct http_site server_site = {serve_routes, serve_is_ready, serve_metrics};
