/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"
#include "gue.h"
#include "http.h"
#include "second.h"
#include "socket.h"
#include "sys/clock.h"
#include "sys/printable.h"
#include "tcp.h"
#include "tunnel.h"
#include "udp.h"

enum {
	/*
	 * If a deadline fires this late, the process was not running: replies may have arrived
	 * unnoticed, and requests may not have been sent in time.
	 */
	STALL_MS = 250,
	LINK_US = 100000, /* how long the known state of a link is trusted */
};

/* Types in this program. Checks of a type that is missing end as PROBE_LOCAL. */
static const struct probe_type *const types[HEALTH_TYPE_COUNT] = {
	[HEALTH_TCP] = &probe_tcp,
	[HEALTH_HTTP] = &probe_http,
	[HEALTH_HTTPS] = &probe_http,
	[HEALTH_UDP] = &probe_udp,
	[HEALTH_EXEC] = &probe_exec,
	[HEALTH_GUE] = &probe_gue,
	[HEALTH_FOU] = &probe_gue,
	[HEALTH_TUNNEL] = &probe_tunnel,
	[HEALTH_SECOND_CHANCE] = &probe_second,
};

static const char *const words[] = {
#define WORD(constant, word, sentence) word,
	PROBE_REASONS(WORD)
#undef WORD
};

static const char *const sentences[] = {
#define SENTENCE(constant, word, sentence) sentence,
	PROBE_REASONS(SENTENCE)
#undef SENTENCE
};

const char *probe_reason_word(enum probe_reason reason)
{
	return words[reason];
}

const char *probe_reason_sentence(enum probe_reason reason)
{
	return sentences[reason];
}

/* The first check that a type serves, under which it is opened. */
static unsigned int first_of(const struct probe_type *type)
{
	unsigned int i = 0;

	while (types[i] != type)
		i++;
	return i;
}

int probes_open(struct probes **out, struct loop *loop, const struct health_conf *conf)
{
	struct probes *probes = calloc(1, sizeof(*probes));

	if (!probes)
		return -ENOMEM;
	probes->loop = loop;
	probes->base = loop_base(loop);
	probes->conf = conf;
	for (unsigned int i = 0; i < HEALTH_TYPE_COUNT; i++)
		if (types[i] && first_of(types[i]) == i)
			probes->is_open[i] = !types[i]->open || types[i]->open(probes);
	*out = probes;
	return 0;
}

void probes_close(struct probes *probes)
{
	if (!probes)
		return;
	for (unsigned int i = 0; i < HEALTH_TYPE_COUNT; i++)
		if (probes->is_open[i] && types[i]->close)
			types[i]->close(probes);
	free(probes);
}

uint32_t probe_elapsed_us(const struct probe *probe)
{
	uint64_t us = clock_us() - probe->start_us;

	return us < 3600000000U ? (uint32_t)us : UINT32_MAX;
}

void probe_step(struct probe *probe, const char *format, ...)
{
	char text[PROBE_STEP_LEN];
	char shown[PROBE_STEP_LEN];
	va_list args;

	if (!probe->listener.step || probe->is_ended)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	probe->listener.step(probe->listener.arg, printable(shown, sizeof(shown), text));
}

void probe_connected(struct probe *probe)
{
	if (probe->result.connect_us)
		return;
	probe->result.connect_us = probe_elapsed_us(probe);
	if (!probe->result.connect_us)
		probe->result.connect_us = 1;
	probe_step(probe, "connected after %u us", probe->result.connect_us);
}

/* Records the result for probe_settle(), which is called in the same turn of the loop. */
static void probe_note_result(struct probe *probe, enum probe_reason reason, const char *detail)
{
	if (probe->is_ended)
		return;
	probe->result.reason = reason;
	probe->result.total_us = probe_elapsed_us(probe);
	(void)printable(probe->result.detail, sizeof(probe->result.detail), detail);
	probe->is_ended = true;
	event_active(probe->timer, EV_TIMEOUT, 0);
}

void probe_end(struct probe *probe, enum probe_reason reason, const char *format, ...)
{
	char text[PROBE_DETAIL_LEN];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	probe_note_result(probe, reason, text);
}

/* The destination of a probe's packets. */
static const struct glb_addr *destination(const struct probe *probe)
{
	return probe->check->type == HEALTH_TUNNEL ? &probe->check->vip : &probe->check->backend;
}

void probe_end_errno(struct probe *probe, int err)
{
	probe_note_result(probe, probe_reason_of(destination(probe), err), strerror(err));
}

static void probe_release(struct probe *probe)
{
	if (probe->type)
		probe->type->stop(probe);
	event_free(probe->timer);
	free(probe);
}

/* Does the result depend on packets from the backend? */
static bool is_of_network(const struct probe *probe)
{
	return (probe->late == PROBE_TIMEOUT && probe->check->type != HEALTH_EXEC) ||
	       probe->late == PROBE_NOT_PASSED_ON;
}

/*
 * Could the probe have sent anything? A thousand may ask within a millisecond, so the link is
 * checked at most once per LINK_US.
 */
static bool had_a_way(const struct probe *probe)
{
	struct probe_link *link = &probe->probes->link;
	struct glb_addr own;
	uint64_t now_us = clock_us();

	if (!probe_has_route(&own, destination(probe)))
		return false;
	if (now_us - link->at_us > LINK_US || !glb_addr_equal(&own, &link->own))
		*link = (struct probe_link){
			.own = own,
			.has_carrier = probe_has_carrier(&own),
			.at_us = now_us,
		};
	return link->has_carrier;
}

/* Ends a probe at its deadline. */
static void end_at_deadline(struct probe *probe)
{
	uint32_t timeout_ms = probe->check->timeout_ms;
	uint32_t ms = probe_elapsed_us(probe) / 1000;

	if (ms >= timeout_ms + STALL_MS)
		probe_end(probe, PROBE_LOCAL, "the checker stood still: %u ms for %u ms", ms,
			  timeout_ms);
	else if (probe->type && probe->type->late)
		probe->type->late(probe);
	if (!probe->is_ended && is_of_network(probe) && !had_a_way(probe))
		probe_end(probe, PROBE_LOCAL, "no %s, and no route or carrier here to ask by",
			  probe->awaited);
	probe_end(probe, probe->late, "no %s within %u ms", probe->awaited, timeout_ms);
}

/* Called at the deadline, or after the end. */
static void probe_settle(evutil_socket_t fd, short events, void *arg)
{
	struct probe *probe = arg;
	const struct probe_listener listener = probe->listener;

	(void)fd;
	(void)events;
	if (!probe->is_ended)
		end_at_deadline(probe);

	const struct probe_result result = probe->result;

	probe_release(probe);
	listener.done(listener.arg, &result);
}

static struct probe *make(struct probes *probes, const struct health_check *check,
			  const struct probe_listener *listener)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		return NULL;
	*probe = (struct probe){
		.probes = probes,
		.check = check,
		.awaited = "response",
		.late = PROBE_TIMEOUT,
		.start_us = clock_us(),
		.listener = *listener,
		.timer = event_new(probes->base, -1, 0, probe_settle, probe),
	};
	if (probe->timer)
		return probe;
	free(probe);
	return NULL;
}

static void probe_begin(struct probe *probe)
{
	const struct probe_type *type = types[probe->check->type];
	const char *word = health_check_word(probe->check->type);
	int err;

	if (!type) {
		probe_end(probe, PROBE_LOCAL, "this program has no checks of type %s", word);
		return;
	}
	if (!probe->probes->is_open[first_of(type)]) {
		probe_end(probe, PROBE_LOCAL, "no check of type %s is possible here: see the log",
			  word);
		return;
	}
	err = type->start(probe);
	if (err)
		probe_end(probe, PROBE_LOCAL, "%s", strerror(-err));
	else
		probe->type = type;
}

struct probe *probe_start(struct probes *probes, const struct health_check *check,
			  const struct probe_listener *listener)
{
	const struct timeval timeout = {
		.tv_sec = check->timeout_ms / 1000,
		.tv_usec = check->timeout_ms % 1000 * 1000,
	};
	struct probe *probe;

	/* timers count from the start of the turn, in which many probes may be started */
	(void)event_base_update_cache_time(probes->base);
	probe = make(probes, check, listener);
	if (!probe)
		return NULL;
	if (event_add(probe->timer, &timeout)) {
		probe_release(probe);
		return NULL;
	}
	probe_begin(probe);
	return probe;
}

void probe_cancel(struct probe *probe)
{
	probe_release(probe);
}
