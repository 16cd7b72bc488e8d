/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "exposition.h"
#include "http_pages.h"

/* --- Text that is generated at once --- */

enum { SLICE_LEN = 65536 };

struct http_text {
	char *bytes;
	size_t len;
	size_t at; /* bytes sent */
};

void *http_text(char *text, size_t len)
{
	struct http_text *state = text ? malloc(sizeof(*state)) : NULL;

	if (state)
		*state = (struct http_text){text, len, 0};
	else
		free(text);
	return state;
}

bool http_text_write(void *state, FILE *out)
{
	struct http_text *text = state;
	const size_t left = text->len - text->at;
	const size_t len = left < SLICE_LEN ? left : SLICE_LEN;

	(void)fwrite(text->bytes + text->at, 1, len, out);
	text->at += len;
	return text->at < text->len;
}

void http_text_end(void *state)
{
	struct http_text *text = state;

	free(text->bytes);
	free(text);
}

/* --- The pages --- */

static bool begin_healthz(void *arg, const struct http_question *question,
			  struct http_answer *answer)
{
	static const char text[] = "ok\n";

	(void)arg;
	(void)question;
	answer->state = http_text(strdup(text), strlen(text));
	return answer->state;
}

static bool begin_readyz(void *arg, const struct http_question *question,
			 struct http_answer *answer)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return false;
	if (!question->site->is_ready(arg, out))
		answer->status = 503;
	if (fclose(out)) {
		free(text);
		return false;
	}
	answer->state = http_text(text, len);
	return answer->state;
}

static bool begin_metrics(void *arg, const struct http_question *question,
			  struct http_answer *answer)
{
	bool is_old = openmetrics_wants_old(question->accept);

	answer->type = openmetrics_content(is_old);
	answer->state = question->site->metrics(arg, is_old);
	return answer->state;
}

static bool write_metrics(void *state, FILE *out)
{
	return exposition_write(state, out);
}

static void end_metrics(void *state)
{
	exposition_end(state);
}

const struct http_route http_pages[] = {
	{"/healthz", begin_healthz, http_text_write, http_text_end},
	{"/readyz", begin_readyz, http_text_write, http_text_end},
	{"/metrics", begin_metrics, write_metrics, end_metrics},
	{NULL, NULL, NULL, NULL},
};
