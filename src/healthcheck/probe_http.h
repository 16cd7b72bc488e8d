/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a proxy give the right answer to a request?
 *
 * HTTP/1.1, with or without TLS, by libcurl, which is known to probe_http*.c only. A request has a
 * connection of its own, to one address and port and to no other: names are not looked up, and
 * variables of the environment that name proxies are without effect. A redirect to elsewhere is not
 * followed; one to another path of the same scheme, name and port is, as by the original, unless
 * its status is an expected one.
 *
 * The answer is read to its end, but no more than 64 KiB of its body; a header that is longer than
 * HTTP_ANSWER_HEADER_MAX or has more than HTTP_ANSWER_LINES_MAX lines is none (http_answer.h).
 *
 * Certificates are checked against the system's CAs, or those of the file that SSL_CERT_FILE in the
 * environment names. A new file is noticed within an hour.
 *
 * Reasons of a failure: REFUSED, UNREACHABLE, TIMEOUT, RESET (also: closed too early), TLS,
 * PROTOCOL, STATUS, BODY, and LOCAL for a lack of descriptors, memory or ports here.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_H
#define HEALTHCHECK_PROBE_HTTP_H

#include "probe_type.h"

/* For HEALTH_HTTP and HEALTH_HTTPS, in this order in probe.c. */
extern const struct probe_type probe_http;

/* A request, for other types of probes, too. */
struct http_order {
	const struct health_request *request; /* outlives the request, with all that it points to */
	struct glb_addr addr; /* where to connect, and the Host when none is given */
	uint16_t port;
	bool is_tls;
	/*
	 * Called with each socket, nonblocking and not connected yet: 0; or -errno, and the request
	 * ends with PROBE_LOCAL. There is one more for each redirect. NULL: nothing is to be done.
	 */
	int (*prepare)(void *arg, int fd);
	/*
	 * The request has ended, PROBE_NONE: well. The detail, "" for none, is valid during the
	 * call and may quote anything. Called once, never from within http_start(), and not after
	 * http_stop(); these may be called from within. NULL: probe_end().
	 */
	void (*ended)(void *arg, enum probe_reason reason, const char *detail);
	void *arg; /* of both */
};

struct http_request;

/*
 * Starts a request for a probe: its result gets connect_us and is_degraded, its steps are
 * reported, and `awaited` says what did not come in time. The probe's `state` is left alone.
 *
 * 0 and *out, to be given up with http_stop(), also after its end; or -ENOMEM, or -ENOTSUP when
 * HEALTH_HTTP could not be opened.
 */
GLB_NODISCARD int http_start(struct http_request **out, struct probe *probe,
			     const struct http_order *order);

/* Closes its connection. NULL is fine. */
void http_stop(struct http_request *request);

#endif
