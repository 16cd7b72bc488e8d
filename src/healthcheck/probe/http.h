/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a proxy respond correctly to an HTTP request?
 *
 * HTTP/1.1, with or without TLS, by libcurl, which is used in http*.c of this folder only. Each
 * request has its own connection to exactly one address and port: names are not resolved, and
 * environment variables that name proxies have no effect. A redirect is followed if it leads to
 * another path of the same scheme, name and port, as in the original, and its status is not among
 * the expected ones.
 *
 * The response is read to its end, but at most 64 KiB of its body. A header longer than
 * HTTP_ANSWER_HEADER_MAX or with more than HTTP_ANSWER_LINES_MAX lines is a protocol error
 * (http_answer.h).
 *
 * Certificates are verified against the system's CAs, or those in the file named by SSL_CERT_FILE
 * in the environment. A replaced file is noticed within an hour.
 *
 * Reasons of failure: REFUSED, UNREACHABLE, TIMEOUT, RESET (also: closed prematurely), TLS,
 * PROTOCOL, STATUS, BODY, and LOCAL for a lack of descriptors, memory or ports on this host.
 */
#ifndef HEALTHCHECK_PROBE_HTTP_H
#define HEALTHCHECK_PROBE_HTTP_H

#include "type.h"

/* Shared by HEALTH_HTTP and HEALTH_HTTPS, opened in that order by probe.c. */
extern const struct probe_type probe_http;

/* A request, also for use by other types of probes. */
struct http_order {
	const struct health_request *request; /* must outlive this, with all that it points to */
	struct glb_addr addr; /* address to connect to, and the Host unless another is given */
	uint16_t port;
	bool is_tls;
	/*
	 * Called for each socket, non-blocking and not connected yet: once, and again for each
	 * redirect. Returns 0; or -errno, and the request ends as PROBE_LOCAL. May be NULL.
	 */
	int (*prepare)(void *arg, int fd);
	/*
	 * The request has ended; PROBE_NONE: successfully. The detail, "" if there is none, may
	 * quote anything and is valid during the call. Called once, never from within http_start(),
	 * and not after http_stop(); it may call both. NULL: probe_end() is used.
	 */
	void (*ended)(void *arg, enum probe_reason reason, const char *detail);
	void *arg; /* passed to both */
};

struct http_request;

/*
 * Starts a request on behalf of a probe: sets connect_us and is_degraded of its result, reports its
 * steps, and keeps `awaited` current. Does not use the probe's `state`.
 *
 * Returns 0 and sets *out, to be released with http_stop() even after it has ended; -ENOMEM; or
 * -ENOTSUP if HEALTH_HTTP could not be opened.
 */
GLB_NODISCARD int http_start(struct http_request **out, struct probe *probe,
			     const struct http_order *order);

/* Closes its connection and releases the request. NULL is fine. */
void http_stop(struct http_request *request);

#endif
