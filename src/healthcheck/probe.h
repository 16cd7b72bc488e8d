/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What came of trying one check once?
 *
 * A probe of any type is started, and reports once: when it knows, or when its time is over. It
 * never waits. Each type is one file, probe_*.c, known to probe.c only.
 *
 * All functions are for the thread of the loop.
 */
#ifndef HEALTHCHECK_PROBE_H
#define HEALTHCHECK_PROBE_H

#include "conf/health.h"

/* constant, word, sentence: why a check failed, in logs, answers and metrics */
#define PROBE_REASONS(X)                                                                           \
	X(NONE, "none", "it did not")                                                              \
	X(REFUSED, "refused", "the port is closed")                                                \
	X(UNREACHABLE, "unreachable", "there is no way to the address")                            \
	X(TIMEOUT, "timeout", "nothing came in time")                                              \
	X(RESET, "reset", "the connection was broken off")                                         \
	X(TLS, "tls", "TLS failed, or the certificate is no good")                                 \
	X(PROTOCOL, "protocol", "the answer is not of this protocol")                              \
	X(STATUS, "status", "another HTTP status than expected")                                   \
	X(BODY, "body", "another content than expected")                                           \
	X(EXIT, "exit", "the program says no")                                                     \
	X(MTU, "mtu", "small packets get through, full-size ones do not")                          \
	X(NOT_PASSED_ON, "not_passed_on",                                                          \
	  "a packet of an unknown flow did not come out at the next hop")                          \
	X(LOCAL, "local", "the checker itself could not: says nothing about the backend")

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
	enum probe_reason reason;      /* PROBE_NONE: it is good */
	char detail[PROBE_DETAIL_LEN]; /* of the reason, fit to be printed: "HTTP status 503"; or ""
					*/
	uint32_t connect_us; /* until the connection stood; 0: it never did, or there is none */
	uint32_t total_us;   /* from the start to the end */
	bool is_degraded;    /* good, and the proxy itself asks for less (docs/health.md) */
};

/* Everything that probes share: libcurl's handles, raw sockets, the tunnel. */
struct probes;
struct probe;
struct loop;

/* Who hears of a probe. */
struct probe_listener {
	void (*done)(void *arg,
		     const struct probe_result *result); /* once; not after probe_cancel() */
	/* a step of it, for people who look on, as "connected after 812 us"; NULL: nobody does */
	/* it must not cancel the probe */
	void (*step)(void *arg, const char *text);
	void *arg;
};

/*
 * Prepares for probes of all types, as far as the process may: what takes privileges is done here,
 * and never needed again. A type that cannot be had is logged, with the reason, and each of its
 * probes ends as PROBE_LOCAL. 0 and *out, for probes_close(); or -ENOMEM.
 */
GLB_NODISCARD int probes_open(struct probes **out, struct loop *loop,
			      const struct health_conf *conf);

/* No probe may be under way. NULL is fine. */
void probes_close(struct probes *probes);

/*
 * Starts one. done() is called later, never from within; after check->timeout_ms at the latest.
 * `check` has to live as long as the probe. NULL: out of memory or descriptors, and nothing was
 * started.
 */
GLB_NODISCARD struct probe *probe_start(struct probes *probes, const struct health_check *check,
					const struct probe_listener *listener);

/* Ends one that has not reported yet: it never will. */
void probe_cancel(struct probe *probe);

#endif
