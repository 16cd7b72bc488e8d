/* SPDX-License-Identifier: BSD-3-Clause */
/* The next director starts, is ready, and is used by routers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/upgrade/upgrade.h"
#include "sys/clock.h"
#include "sys/log.h"

enum { READY_MS = 60000, READY_LOOK_MS = 100, TRAFFIC_MS = 15000 };

/* What an operator must know when the next one does not come up. */
static int explain_absence(const struct upgrade *upgrade, const char *reason)
{
	if (upgrade->is_beside) {
		log_error("%s; process %d serves on as before", reason, (int)upgrade->before.pid);
		return EXIT_REFUSED;
	}
	log_error("%s; this host is out of service, and routers use others: see the log of the "
		  "director, put the program and files of before back if need be, and: %s",
		  reason, upgrade->start);
	return EXIT_FAILED;
}

static int start_next(const struct upgrade *upgrade)
{
	static char shell[] = "/bin/sh";
	static char option[] = "-c";
	char *words[] = {shell, option, (char *)upgrade->start, NULL};
	int status = run_words(upgrade, words, NULL);
	struct glb_diag why = {{0}};

	if (status == EXIT_SUCCESS)
		return EXIT_OK;
	if (status == -ECANCELED)
		glb_diag(&why, "interrupted while the next director was started");
	else if (status > 0)
		glb_diag(&why, "\"%s\" ended with status %d", upgrade->start, status);
	else
		glb_diag(&why, "\"%s\": %s", upgrade->start,
			 status > -128 ? strerror(-status) : "ended by a signal");
	return explain_absence(upgrade, why.text);
}

/* Asks until it is ready. */
static int await_ready(const struct upgrade *upgrade, struct seen *out)
{
	const uint64_t until_ms = clock_ms() + READY_MS;
	struct glb_diag last = {{0}};
	struct glb_diag why = {{0}};
	struct seen seen;

	do {
		if (upgrade_wait(upgrade, -1, READY_LOOK_MS) == WAITED_INTERRUPT)
			return explain_absence(upgrade,
					       "interrupted before the next director was ready");
		if (seen_ask(&seen, &upgrade->to, &last) != EXIT_OK)
			continue;
		if (seen.pid != upgrade->before.pid && !*seen.not_ready) {
			*out = seen;
			return EXIT_OK;
		}
		glb_diag(&last, "%s", *seen.not_ready ? seen.not_ready : "the old one is there");
		seen_free(&seen);
	} while (clock_ms() < until_ms);
	glb_diag(&why, "the next director is not ready after %d s: %s", READY_MS / 1000, last.text);
	return explain_absence(upgrade, why.text);
}

/* Do both serve the same? Beside each other, they must. */
static int compare(const struct upgrade *upgrade, const struct seen *next)
{
	if (!next->is_last_good && !strcmp(next->digests, upgrade->before.digests))
		return EXIT_OK;
	if (upgrade->is_beside) {
		log_error("process %d serves other tables than process %d, so that flows would get "
			  "to other proxies: compare digests (glbctl tables); both are in service",
			  (int)next->pid, (int)upgrade->before.pid);
		return EXIT_FAILED;
	}
	log_warning(
		"process %d serves %s: compare digests (glbctl tables) with those of other hosts",
		(int)next->pid,
		next->is_last_good ? "the last good tables, as its file is invalid"
				   : "other tables than the director before it");
	return EXIT_OK;
}

int arrive(struct upgrade *upgrade, struct seen *out)
{
	struct seen next;
	int status;

	upgrade_step(upgrade, "%s: waits until the next director is ready", upgrade->start);
	status = start_next(upgrade);
	if (status == EXIT_OK)
		status = await_ready(upgrade, &next);
	if (status != EXIT_OK)
		return status;
	printf("   process %d, glb-director %s, is ready\n", (int)next.pid, next.version);
	status = compare(upgrade, &next);
	if (status == EXIT_OK)
		*out = next;
	else
		seen_free(&next);
	return status;
}

/* Nothing has arrived at the next one, but at the first one, if that is there, `others`. */
static int explain_silence(const struct upgrade *upgrade, uint64_t others)
{
	const int seconds = TRAFFIC_MS / 1000;

	if (others) {
		log_error("within %d s routers have sent nothing to the next director, but %" PRIu64
			  " packets to process %d: is the next one announced? Both are in service",
			  seconds, others, (int)upgrade->before.pid);
		return EXIT_FAILED;
	}
	printf("   nothing has arrived within %d s%s\n", seconds,
	       upgrade->is_beside ? ", at the other one neither"
				  : ": without traffic nothing else is to be expected; otherwise, "
				    "see whether routers have its routes");
	return EXIT_OK;
}

static int report_interrupt(const struct upgrade *upgrade)
{
	if (!upgrade->is_beside)
		return EXIT_OK; /* everything is done */
	log_error("interrupted; both directors are in service");
	return EXIT_FAILED;
}

int await_traffic(struct upgrade *upgrade)
{
	const uint64_t until_ms = clock_ms() + TRAFFIC_MS;
	struct packets other = {0};
	struct packets others = {0};
	struct packets next = {0};
	struct glb_diag why = {{0}};

	upgrade_step(upgrade,
		     "waits until packets to VIPs arrive at the next director, %d s at most",
		     TRAFFIC_MS / 1000);
	if (upgrade->is_beside && packets_ask(&other, &upgrade->from, &why) != EXIT_OK) {
		log_error("%s", why.text);
		return EXIT_FAILED;
	}
	others = other;
	while (clock_ms() < until_ms) {
		if (packets_ask(&next, &upgrade->to, &why) != EXIT_OK) {
			log_error("%s", why.text);
			return EXIT_FAILED;
		}
		if (next.forwarded) {
			printf("   they do: %" PRIu64 " forwarded\n", next.forwarded);
			return EXIT_OK;
		}
		if (upgrade_wait(upgrade, -1, READY_LOOK_MS) == WAITED_INTERRUPT)
			return report_interrupt(upgrade);
	}
	if (upgrade->is_beside && packets_ask(&others, &upgrade->from, &why) != EXIT_OK) {
		log_error("%s", why.text);
		return EXIT_FAILED;
	}
	return explain_silence(upgrade, others.forwarded - other.forwarded);
}
