/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "conf/envelope.h"
#include "conf/response.h"
#include "sys/lines.h"

enum { REASON_LEN = 1024 };

static const char *const error_words[] = {
#define ERROR_WORD(constant, word) [RESPONSE_##constant] = word,
	RESPONSE_ERRORS(ERROR_WORD)
#undef ERROR_WORD
};

static bool response_open(struct response *out, bool ok)
{
	*out = (struct response){.text = NULL};
	out->w.out = open_memstream(&out->text, &out->len);
	if (!out->w.out)
		return false;
	out->w.on_one_line = true;
	write_open(&out->w, NULL, '{');
	write_uint(&out->w, "glb", PROTOCOL_VERSION);
	write_bool(&out->w, "ok", ok);
	return true;
}

bool response_begin(struct response *out)
{
	return response_open(out, true);
}

GLB_PRINTF(3, 0)
static bool begin_error(struct response *out, enum response_error error, const char *format,
			va_list args)
{
	char reason[REASON_LEN];

	(void)vsnprintf(reason, sizeof(reason), format, args);
	if (!response_open(out, false))
		return false;
	write_open(&out->w, "error", '{');
	write_string(&out->w, "code", error_words[error]);
	write_string(&out->w, "reason", reason);
	return true;
}

bool response_begin_error(struct response *out, enum response_error error, const char *format, ...)
{
	va_list args;
	bool begun;

	va_start(args, format);
	begun = begin_error(out, error, format, args);
	va_end(args);
	return begun;
}

/* The complete text, to be released by the caller, or NULL. */
static char *response_end(struct response *response)
{
	while (response->w.depth)
		write_close(&response->w, '}');
	if (!fclose(response->w.out))
		return response->text;
	free(response->text);
	return NULL;
}

char *response_text(struct response *response, size_t *len)
{
	char *text = response_end(response);

	*len = response->len;
	return text;
}

void response_drop(struct response *response)
{
	free(response_end(response));
}

void response_send(struct response *response, struct lines_request *request)
{
	char *text = response_end(response);

	lines_answer(request, text, response->len);
}

void response_give_up(struct lines_request *request)
{
	lines_answer(request, NULL, 0);
}

void response_refuse(struct lines_request *request, enum response_error error, const char *format,
		     ...)
{
	struct response response;
	va_list args;
	bool begun;

	va_start(args, format);
	begun = begin_error(&response, error, format, args);
	va_end(args);
	if (begun)
		response_send(&response, request);
	else
		response_give_up(request);
}

char *response_error_line(enum response_error error, const char *reason)
{
	struct response response;

	return response_begin_error(&response, error, "%s", reason) ? response_end(&response)
								    : NULL;
}

void response_put_problems(struct writer *w, const struct problem *problems, uint32_t count)
{
	write_open(w, "problems", '[');
	for (uint32_t i = 0; i < count; i++)
		problem_write(w, &problems[i]);
	write_close(w, ']');
}

void response_refuse_report(struct lines_request *request, const struct report *report)
{
	const struct problem *first = report_first_error(report);
	char line[REPORT_LINE_LEN_MAX];
	struct response response;

	if (!response_begin_error(&response, RESPONSE_BAD_REQUEST, "%s",
				  first ? report_line(line, first) : "out of memory")) {
		response_give_up(request);
		return;
	}
	response_put_problems(&response.w, report->problems, report->count);
	response_send(&response, request);
}
