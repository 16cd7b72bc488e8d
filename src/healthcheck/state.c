/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing the text, and the file as a whole; state_parse.c parses the text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "conf/addr.h"
#include "healthcheck/state_parts.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/writer.h"

enum { MS_PER_SECOND = 1000, NS_PER_MS = 1000000 };

const char *const state_statuses[] = {
	[JUDGE_UNKNOWN] = "unknown",
	[JUDGE_UP] = "up",
	[JUDGE_DOWN] = "down",
	NULL,
};

/* --- Time --- */

struct state_time state_time_now(void)
{
	struct timespec wall;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	return (struct state_time){
		.now_ms = clock_ms(),
		.wall_ms =
			(uint64_t)wall.tv_sec * MS_PER_SECOND + (uint64_t)wall.tv_nsec / NS_PER_MS,
	};
}

/* Converts to wall-clock time. 0 remains 0, and nothing else becomes 0. */
static uint64_t wall_of(const struct state_time *time, uint64_t at_ms)
{
	uint64_t age_ms = time->now_ms - at_ms;

	if (!at_ms)
		return 0;
	return age_ms < time->wall_ms ? time->wall_ms - age_ms : 1;
}

/* --- Writing --- */

static void write_flaps(struct writer *w, const struct judge_backend *backend,
			const struct state_time *time)
{
	write_open(w, "flaps", '[');
	for (unsigned int i = 0; i < JUDGE_FLAPS_MAX && backend->flaps_ms[i]; i++)
		write_uint(w, NULL, wall_of(time, backend->flaps_ms[i]));
	write_close(w, ']');
}

static void state_write_backend(struct writer *w, const struct glb_addr *addr,
				const struct judge_backend *backend, const struct state_time *time)
{
	char ip[ADDR_TEXT_LEN];

	write_open(w, NULL, '{');
	write_string(w, "ip", addr_text(ip, addr));
	write_bool(w, "known", backend->is_known);
	write_bool(w, "healthy", backend->healthy);
	write_bool(w, "degraded", backend->degraded);
	write_bool(w, "held", backend->held);
	write_bool(w, "fit", backend->fit);
	write_uint(w, "since", wall_of(time, backend->since_ms));
	write_flaps(w, backend, time);
	write_close(w, '}');
}

static void state_write_table(struct writer *w, const struct state_view *view, unsigned int place,
			      const struct state_time *time)
{
	const struct health_table *table = &view->plan->tables[place];

	write_open(w, NULL, '{');
	write_string(w, "name", table->name);
	write_open(w, "backends", '[');
	for (unsigned int i = 0; i < table->backend_count; i++) {
		unsigned int backend = table->first_backend + i;

		state_write_backend(w, &view->plan->backends[backend].addr,
				    &view->backends[backend], time);
	}
	write_close(w, ']');
	write_close(w, '}');
}

static void state_write_check(struct writer *w, const struct state_view *view, unsigned int place,
			      const struct state_time *time)
{
	struct state_check check = view->check(view->arg, place);

	write_open(w, NULL, '{');
	write_string(w, "name", view->plan->checks[place].name);
	write_string(w, "status", state_statuses[check.judged->status]);
	write_bool(w, "degraded", *check.is_degraded);
	write_uint(w, "since", wall_of(time, check.judged->since_ms));
	write_close(w, '}');
}

static void state_write_all(struct writer *w, const struct state_view *view,
			    const struct state_time *time)
{
	write_open(w, NULL, '{');
	write_string(w, "format", STATE_FORMAT);
	write_uint(w, "version", STATE_VERSION);
	write_open(w, "tables", '[');
	for (unsigned int i = 0; i < view->plan->table_count; i++)
		state_write_table(w, view, i, time);
	write_close(w, ']');
	write_open(w, "checks", '[');
	for (unsigned int i = 0; i < view->plan->check_count; i++)
		state_write_check(w, view, i, time);
	write_close(w, ']');
	write_close(w, '}');
}

char *state_text(size_t *len_out, const struct state_view *view, const struct state_time *time)
{
	char *text = NULL;
	struct writer w = {.out = open_memstream(&text, len_out), .on_one_line = true};

	if (!w.out)
		return NULL;
	state_write_all(&w, view, time);
	if (!fclose(w.out))
		return text;
	free(text);
	return NULL;
}

/* --- The file --- */

static void begin_anew(const char *path, const char *why)
{
	log_warning("%s: what was known of backends is ignored, and everything starts anew: %s",
		    path, why);
}

static void state_parse_file(const struct state_view *view, const char *path,
			     const struct file_bytes *file)
{
	struct report *report = malloc(sizeof(*report));
	const struct state_time now = state_time_now();
	char line[REPORT_LINE_LEN_MAX];

	if (!report) {
		begin_anew(path, file_reason(-ENOMEM));
		return;
	}
	report_init(report);
	if (state_parse(view, &now, path, (const char *)file->bytes, file->len, report))
		begin_anew(path, report_has_errors(report)
					 ? report_line(line, report_first_error(report))
					 : file_reason(-ENOMEM));
	free(report);
}

void state_read(const struct state_view *view, const char *path)
{
	struct file_bytes file;
	int err = file_read(&file, path, FILE_PIPE_MS);

	if (err == -ENOENT) {
		log_info("%s: is not there: nothing is known of backends yet", path);
		return;
	}
	if (err) {
		begin_anew(path, file_reason(err));
		return;
	}
	state_parse_file(view, path, &file);
	file_free(&file);
}
