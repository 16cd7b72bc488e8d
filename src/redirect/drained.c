/* SPDX-License-Identifier: BSD-3-Clause */
/* glb-redirect drained: does any connection still need this proxy? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "evidence.h"
#include "refusal.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/words.h"
#include "sys/writer.h"

enum {
	QUIET_DEFAULT_S = 60,
	SECONDS_MAX = 7 * 24 * 60 * 60,
	LOOKS_EVERY_MS = 1000,
};

/* What the command line asks for. */
struct drain {
	const char *device;
	int ifindex;
	uint64_t quiet_ms;   /* for so long no connection must have needed the proxy */
	uint64_t wait_ms;    /* the longest wait; UINT64_MAX: no limit */
	bool trusts_silence; /* of connections that may have no socket here */
	bool json;
};

/* Is the VIP drained, by the evidence that the command line asks for? */
static bool is_drained(const struct drain *drain, const struct evidence *one, uint64_t watched_ms)
{
	return evidence_is_drained(one, watched_ms, drain->quiet_ms) &&
	       (drain->trusts_silence || (!one->unseen && !one->tracked));
}

static bool all_drained(const struct drain *drain, const struct evidence_list *evidence)
{
	for (size_t i = 0; i < evidence->count; i++)
		if (!is_drained(drain, &evidence->list[i], evidence->watched_ms))
			return false;
	return true;
}

/* Can no time that passes make the proxy drained, as the command line says too little? */
static bool waits_in_vain(const struct drain *drain, const struct evidence_list *evidence)
{
	for (size_t i = 0; i < evidence->count; i++)
		if (evidence->list[i].unseen && !drain->trusts_silence)
			return true;
	return false;
}

/* Reads a number of seconds as milliseconds; false after logging why. Not given: *ms stays. */
static bool read_seconds(uint64_t *ms, const struct command_line *line, unsigned int option,
			 const char *name)
{
	const char *text = line->values[option];
	size_t digits = text ? strspn(text, "0123456789") : 0;
	unsigned long seconds = digits && digits < 8 ? strtoul(text, NULL, 10) : SECONDS_MAX + 1UL;

	if (!text)
		return true;
	if (text[digits] || seconds > SECONDS_MAX) {
		log_error("--%s: '%.16s': not a number of seconds from 0 to %d", name, text,
			  SECONDS_MAX);
		return false;
	}
	*ms = (uint64_t)seconds * 1000;
	return true;
}

/* --- Output --- */

/* What keeps a VIP from being drained, in a line; each reason follows a comma or the colon. */
static void print_reasons(const struct drain *drain, const struct evidence *one,
			  uint64_t watched_ms)
{
	const char *between = " ";

	if (one->unseen && !drain->trusts_silence) {
		printf("%sit has had connections without a socket here%s: give --seconds, for how "
		       "long these may be silent",
		       between, one->hidden ? ", and connection tracking does not list them" : "");
		between = ", ";
	}
	if (one->tracked && !drain->trusts_silence) {
		printf("%s%" PRIu64 " connection%s in connection tracking", between, one->tracked,
		       plural(one->tracked));
		between = ", ";
	}
	if (one->tcp) {
		printf("%s%" PRIu64 " TCP connection%s", between, one->tcp, plural(one->tcp));
		between = ", ";
	}
	if (one->udp) {
		printf("%s%" PRIu64 " connected UDP socket%s", between, one->udp, plural(one->udp));
		between = ", ";
	}
	if (one->needed_ago_ms < drain->quiet_ms)
		printf("%sa connection needed this proxy %" PRIu64 " s ago", between,
		       one->needed_ago_ms / 1000);
	else if (watched_ms < drain->quiet_ms)
		printf("%sits packets have been watched for %" PRIu64 " s only", between,
		       watched_ms / 1000);
}

/* Prints the evidence of one VIP in a line. */
static void print_evidence(const struct drain *drain, const struct evidence *one,
			   uint64_t watched_ms)
{
	bool never = one->needed_ago_ms > watched_ms;
	char text[VIP_TEXT_LEN];

	if (!is_drained(drain, one, watched_ms)) {
		printf("%s: not drained:", redirect_vip_text(text, &one->vip));
		print_reasons(drain, one, watched_ms);
	} else if (one->vip.version) { /* there is no VIP behind the others */
		printf("%s: drained: no connection has needed this proxy for %" PRIu64
		       " s, 0 sockets",
		       redirect_vip_text(text, &one->vip),
		       (never ? watched_ms : one->needed_ago_ms) / 1000);
	} else {
		return;
	}
	if (one->time_wait)
		printf(", %" PRIu64 " in TIME-WAIT", one->time_wait);
	printf("\n");
}

static void write_evidence(const struct drain *drain, const struct evidence_list *evidence)
{
	struct writer w = {.out = stdout};

	write_open(&w, NULL, '{');
	write_bool(&w, "drained", all_drained(drain, evidence));
	write_uint(&w, "seconds", drain->quiet_ms / 1000);
	write_real(&w, "watched_seconds", (double)evidence->watched_ms / 1000);
	write_open(&w, "vips", '[');
	for (size_t i = 0; i < evidence->count; i++) {
		const struct evidence *one = &evidence->list[i];

		write_open(&w, NULL, '{');
		evidence_write(&w, one);
		write_bool(&w, "drained", is_drained(drain, one, evidence->watched_ms));
		write_close(&w, '}');
	}
	write_close(&w, ']');
	write_close(&w, '}');
}

static int report_evidence(const struct drain *drain, const struct evidence_list *evidence)
{
	bool drained = all_drained(drain, evidence);

	if (drain->json)
		write_evidence(drain, evidence);
	else
		for (size_t i = 0; i < evidence->count; i++)
			print_evidence(drain, &evidence->list[i], evidence->watched_ms);

	int status = redirect_flush(drain->device);

	return drained ? status : EXIT_REFUSED;
}

/* --- Wait --- */

static void sleep_ms(uint64_t ms)
{
	const struct timespec pause = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	(void)nanosleep(&pause, NULL);
}

/* Looks at the evidence until the proxy is drained or the time is over, and reports it. */
static int wait_and_report(const struct drain *drain)
{
	uint64_t began_ms = clock_ms();

	for (;;) {
		struct evidence_list evidence;
		int error = evidence_read(&evidence, drain->ifindex);

		if (error)
			return redirect_refuse(drain->device, redirect_reason(error));

		uint64_t waited_ms = clock_ms() - began_ms;

		if (waited_ms >= drain->wait_ms || waits_in_vain(drain, &evidence) ||
		    all_drained(drain, &evidence)) {
			int status = report_evidence(drain, &evidence);

			evidence_free(&evidence);
			return status;
		}
		evidence_free(&evidence);

		uint64_t left_ms = drain->wait_ms - waited_ms;

		sleep_ms(left_ms < LOOKS_EVERY_MS ? left_ms : LOOKS_EVERY_MS);
	}
}

int run_drained(const struct command_line *line)
{
	struct drain drain = {
		.device = line->args[0],
		.quiet_ms = (uint64_t)QUIET_DEFAULT_S * 1000,
		.wait_ms = command_has(line, OPTION_WAIT) ? UINT64_MAX : 0,
		.trusts_silence = command_has(line, OPTION_SECONDS),
		.json = command_has(line, OPTION_JSON),
	};

	if (command_has(line, OPTION_TIMEOUT) && !command_has(line, OPTION_WAIT)) {
		log_error("--timeout: needs --wait");
		return COMMAND_MISUSED;
	}
	if (!read_seconds(&drain.quiet_ms, line, OPTION_SECONDS, "seconds") ||
	    !read_seconds(&drain.wait_ms, line, OPTION_TIMEOUT, "timeout"))
		return COMMAND_MISUSED;
	drain.ifindex = redirect_find_device(line);
	return drain.ifindex ? wait_and_report(&drain) : EXIT_REFUSED;
}
