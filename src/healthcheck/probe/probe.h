/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the result of trying one check once?
 *
 * A probe of any type is started, and reports once: when it has a result, or at its deadline. It
 * never blocks. Each type is one file of this folder, known to probe.c only.
 *
 * All functions must be called on the loop's thread.
 */
#ifndef HEALTHCHECK_PROBE_PROBE_H
#define HEALTHCHECK_PROBE_PROBE_H

#include "conf/health.h"

/* constant, word, sentence: why a check failed, in logs, replies and metrics */
#define PROBE_REASONS(X)                                                                           \
	X(NONE, "none", "it did not")                                                              \
	X(REFUSED, "refused", "the port is closed")                                                \
	X(UNREACHABLE, "unreachable", "the address is unreachable")                                \
	X(TIMEOUT, "timeout", "no response in time")                                               \
	X(RESET, "reset", "the connection was reset")                                              \
	X(TLS, "tls", "TLS failed, or the certificate is invalid")                                 \
	X(PROTOCOL, "protocol", "the response violates the protocol")                              \
	X(STATUS, "status", "unexpected HTTP status")                                              \
	X(BODY, "body", "unexpected content")                                                      \
	X(EXIT, "exit", "the program reported a failure")                                          \
	X(MTU, "mtu", "small packets get through, full-size ones do not")                          \
	X(NOT_PASSED_ON, "not_passed_on",                                                          \
	  "a packet of an unknown flow was not forwarded to the next hop")                         \
	X(LOCAL, "local", "a failure on the checker's side: says nothing about the backend")

enum probe_reason {
#define PROBE_REASON_CONSTANT(constant, word, sentence) PROBE_##constant,
	PROBE_REASONS(PROBE_REASON_CONSTANT)
#undef PROBE_REASON_CONSTANT
		PROBE_REASON_COUNT,
};

const char *probe_reason_word(enum probe_reason reason);
const char *probe_reason_sentence(enum probe_reason reason);

enum { PROBE_DETAIL_LEN = 160, PROBE_STEP_LEN = 200 };

struct probe_result {
	enum probe_reason reason;      /* PROBE_NONE: success */
	char detail[PROBE_DETAIL_LEN]; /* explains the reason, printable: "HTTP status 503"; or ""
					*/
	uint32_t connect_us; /* time to establish the connection; 0: not established, or not
				applicable */
	uint32_t total_us;   /* from start to end */
	bool is_degraded;    /* success, but the proxy asks for less load (docs/health.md) */
};

/* What all probes share: libcurl's handles, raw sockets, the tunnel. */
struct probes;
struct probe;
struct loop;

/* Receives the events of a probe. */
struct probe_listener {
	void (*done)(void *arg,
		     const struct probe_result *result); /* called once; not after probe_cancel() */
	/* a step, for people watching, such as "connected after 812 us"; NULL: it is not
	 * watching. It must not cancel the probe */
	void (*step)(void *arg, const char *text);
	void *arg;
};

/*
 * Prepares all types of probes, as far as the process is permitted: privileges are used here and
 * not needed later. If a type cannot be prepared, the reason is logged and each of its probes ends
 * as PROBE_LOCAL. Returns 0 and sets *out, to be released with probes_close(); or -ENOMEM.
 */
GLB_NODISCARD int probes_open(struct probes **out, struct loop *loop,
			      const struct health_conf *conf);

/* No probe may be in progress. NULL is fine. */
void probes_close(struct probes *probes);

/*
 * Starts a probe. done() is called later, never from within this function, after check->timeout_ms
 * at the latest. `check` must outlive the probe. NULL: out of memory or descriptors, and nothing
 * was started.
 */
GLB_NODISCARD struct probe *probe_start(struct probes *probes, const struct health_check *check,
					const struct probe_listener *listener);

/* Abandons a probe that has not reported yet: it never will. */
void probe_cancel(struct probe *probe);

#endif
