/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "director/notify.h"
#include "director/status.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/words.h"

enum { TIME_LEN = 32, BUSY_MS = 1000 };

struct extent status_extent(const struct glb_generation *gen)
{
	struct extent extent = {.tables = gen->tables.count};

	for (unsigned int t = 0; t < gen->tables.count; t++) {
		const struct glb_table_spec *spec = &gen->tables.tables[t]->spec;

		extent.binds += spec->bind_count;
		extent.backends += spec->backend_count;
		for (unsigned int b = 0; b < spec->backend_count; b++)
			extent.healthy += spec->backends[b].healthy;
	}
	return extent;
}

/* The time of day, for comparison with logs. Returns out. */
static const char *status_time_text(char out[TIME_LEN])
{
	time_t now = time(NULL);
	struct tm parts;

	if (!gmtime_r(&now, &parts) || !strftime(out, TIME_LEN, "%F %T UTC", &parts))
		(void)snprintf(out, TIME_LEN, "an unknown time");
	return out;
}

static void send_status(struct status *status, enum notify_event event)
{
	char text[NOTIFY_STATUS_LEN];

	(void)snprintf(text, sizeof(text), "%s%s%s; %s", status->serving,
		       status->last_good ? "; THESE ARE THE LAST GOOD TABLES" : "",
		       status->not_ready, status->last);
	notify_send(status->notify, event, text);
}

void status_open(struct status *status)
{
	int err = notify_open(&status->notify);

	if (err) {
		log_warning("the service manager is not notified: %s", strerror(-err));
		status->notify = NULL;
	}
}

void status_stay_here(struct status *status)
{
	notify_stay_here(status->notify);
}

void status_starting(struct status *status, const char *doing)
{
	(void)snprintf(status->serving, sizeof(status->serving), "starting");
	(void)snprintf(status->last, sizeof(status->last), "%s", doing);
	status->busy_at_ms = clock_ms();
	send_status(status, NOTIFY_BUSY);
}

void status_busy(struct status *status)
{
	uint64_t now_ms = clock_ms();

	if (now_ms - status->busy_at_ms < BUSY_MS)
		return;
	status->busy_at_ms = now_ms;
	send_status(status, NOTIFY_BUSY);
}

void status_serving(struct status *status, const struct glb_generation *gen, unsigned int workers)
{
	struct extent extent = status_extent(gen);

	(void)snprintf(status->serving, sizeof(status->serving),
		       "serving generation %" PRIu64 ": %u table%s, %u bind%s, %u backend%s "
		       "(%u healthy), %u worker%s",
		       gen->number, extent.tables, plural(extent.tables), extent.binds,
		       plural(extent.binds), extent.backends, plural(extent.backends),
		       extent.healthy, workers, plural(workers));
	send_status(status, NOTIFY_STATUS);
}

void status_started(struct status *status)
{
	char now[TIME_LEN];

	(void)snprintf(status->last, sizeof(status->last), "started at %s", status_time_text(now));
	send_status(status, NOTIFY_READY);
}

void status_readiness(struct status *status, const struct glb_diag *why_not)
{
	char text[sizeof(status->not_ready)] = "";

	if (why_not)
		(void)snprintf(text, sizeof(text), "; NOT READY: %.140s", why_not->text);
	if (!strcmp(text, status->not_ready))
		return;
	memcpy(status->not_ready, text, sizeof(text));
	send_status(status, NOTIFY_STATUS);
}

void status_last_good(struct status *status, bool served)
{
	if (status->last_good == served)
		return;
	status->last_good = served;
	send_status(status, NOTIFY_STATUS);
}

void status_reloading(struct status *status)
{
	char now[TIME_LEN];

	(void)snprintf(status->last, sizeof(status->last), "reloading since %s",
		       status_time_text(now));
	status->busy_at_ms = clock_ms();
	send_status(status, NOTIFY_RELOADING);
}

static const char *status_reason(const struct glb_diag *why)
{
	return why && why->text[0] ? why->text : "the log says why";
}

void status_reloaded(struct status *status, const struct glb_diag *refusal)
{
	char now[TIME_LEN];

	if (refusal)
		(void)snprintf(status->last, sizeof(status->last),
			       "RELOAD REFUSED at %s, the old tables and settings stay: %s",
			       status_time_text(now), status_reason(refusal));
	else
		(void)snprintf(status->last, sizeof(status->last), "reloaded at %s",
			       status_time_text(now));
	send_status(status, NOTIFY_READY);
}

void status_alive(struct status *status)
{
	unsigned int watchdog_ms = notify_watchdog_ms(status->notify);
	uint64_t now_ms = clock_ms();

	if (!watchdog_ms || now_ms - status->alive_at_ms < watchdog_ms / 4)
		return;
	status->alive_at_ms = now_ms;
	send_status(status, NOTIFY_ALIVE);
}

void status_stopping(struct status *status, const char *why)
{
	(void)snprintf(status->last, sizeof(status->last), "stopping: %s", why);
	send_status(status, NOTIFY_STOPPING);
}

void status_failed(struct status *status, const struct glb_diag *why)
{
	(void)snprintf(status->serving, sizeof(status->serving), "did not start");
	(void)snprintf(status->last, sizeof(status->last), "%s", status_reason(why));
	send_status(status, NOTIFY_STATUS);
}

void status_close(struct status *status)
{
	notify_close(status->notify);
	status->notify = NULL;
}
