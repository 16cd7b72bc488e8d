/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http_outcome.h"
#include "http_redirect.h"
#include "socket.h"

/* The reason for a code, if no system call has failed. */
static enum probe_reason http_outcome_reason_of(CURLcode code, bool is_requested)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return PROBE_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT:
		return PROBE_TIMEOUT;
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return PROBE_RESET;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return PROBE_TLS;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_FAILED_INIT:
	case CURLE_NOT_BUILT_IN:
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
		return PROBE_LOCAL;
	case CURLE_OUT_OF_MEMORY:
		/* also returned for a line of the response that exceeds libcurl's limit */
		return is_requested ? PROBE_PROTOCOL : PROBE_LOCAL;
	default:
		return PROBE_PROTOCOL;
	}
}

/* Explains codes for which libcurl's own text does not; NULL for others. */
static const char *words_of(CURLcode code, bool is_requested)
{
	switch (code) {
	case CURLE_GOT_NOTHING:
		return "closed without an answer";
	case CURLE_PARTIAL_FILE:
		return "closed within the answer";
	case CURLE_UNSUPPORTED_PROTOCOL: /* libcurl says "HTTP/0.9" */
		return "the answer does not begin with an HTTP status";
	case CURLE_FILESIZE_EXCEEDED: /* see http_loop.h */
		return "an answer without end";
	case CURLE_OUT_OF_MEMORY:
		return is_requested ? "a line of the answer is too long" : NULL;
	default:
		return NULL;
	}
}

/* Does the failed system call say more than the code? */
static bool is_of_system(CURLcode code, long err)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return err;
	case CURLE_SSL_CONNECT_ERROR:
		return err == ECONNRESET || err == EPIPE;
	default:
		return false;
	}
}

static struct http_outcome outcome(enum probe_reason reason, const char *format, ...)
	GLB_PRINTF(2, 3);

static struct http_outcome outcome(enum probe_reason reason, const char *format, ...)
{
	struct http_outcome out = {.reason = reason};
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out.detail, sizeof(out.detail), format, args);
	va_end(args);
	return out;
}

/* libcurl has given up. */
static struct http_outcome http_outcome_failure(const struct http_end *end)
{
	const bool is_requested = end->progress->is_requested;
	const char *words = words_of(end->code, is_requested);
	long err = 0;

	(void)curl_easy_getinfo(end->easy, CURLINFO_OS_ERRNO, &err);
	if (is_of_system(end->code, err))
		return outcome(probe_reason_of(&end->order->addr, (int)err), "%s",
			       strerror((int)err));
	if (!words)
		words = *end->words ? end->words : curl_easy_strerror(end->code);
	return outcome(http_outcome_reason_of(end->code, is_requested), "%s", words);
}

/* The status is not among those expected. */
static struct http_outcome unexpected(CURL *easy, long status)
{
	const char *location = http_status_redirects(status) ? http_redirect_text(easy) : NULL;

	if (location)
		return outcome(PROBE_STATUS, "HTTP status %ld, to %s", status, location);
	return outcome(PROBE_STATUS, "HTTP status %ld", status);
}

long http_status(CURL *easy)
{
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

struct http_outcome http_outcome(const struct http_end *end)
{
	const struct health_request *asked = end->order->request;
	const struct http_progress *progress = end->progress;
	const long status = http_status(end->easy);

	if (progress->err)
		return outcome(PROBE_LOCAL, "%s", strerror(-progress->err));
	if (progress->is_too_long)
		return outcome(PROBE_PROTOCOL, "a header of more than %u bytes or %u lines",
			       HTTP_ANSWER_HEADER_MAX, HTTP_ANSWER_LINES_MAX);
	if (progress->answer.has_header && !http_status_expected(asked, status))
		return unexpected(end->easy, status);
	if (end->code && !progress->is_full)
		return http_outcome_failure(end);
	if (!progress->answer.has_header)
		return outcome(PROBE_RESET, "closed within the header");
	if (asked->body && !http_answer_has(&progress->answer, asked->body))
		return outcome(PROBE_BODY, "the expected text is not in its first %zu bytes",
			       progress->answer.body_len);
	return outcome(PROBE_NONE, "%s", "");
}
