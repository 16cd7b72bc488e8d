/* SPDX-License-Identifier: BSD-3-Clause */
#include <time.h>

#include "healthcheck/checker.h"
#include "healthcheck/describe.h"
#include "healthcheck/figures_parts.h"
#include "sys/clock.h"

/* --- Probes --- */

static const struct monitor_totals *totals_of(const struct exposition *exposition)
{
	const struct figures *figures = exposition->source;

	return monitor_totals(figures->checker->monitor);
}

static uint64_t sum_tries(const struct exposition *exposition, unsigned int type, bool good)
{
	uint64_t sum = 0;

	for (unsigned int r = 0; r < PROBE_REASON_COUNT; r++)
		if (r != PROBE_LOCAL && (r == PROBE_NONE) == good)
			sum += totals_of(exposition)->tries[type][r];
	return sum;
}

void figure_probes(struct exposition *exposition)
{
	for (unsigned int type = 0; type < HEALTH_TYPE_COUNT; type++) {
		const char *word = health_check_word(type);

		openmetrics_count(&exposition->text, LABELS({"type", word}, {"result", "good"}),
				  sum_tries(exposition, type, true));
		openmetrics_count(&exposition->text, LABELS({"type", word}, {"result", "bad"}),
				  sum_tries(exposition, type, false));
		openmetrics_count(&exposition->text, LABELS({"type", word}, {"result", "untried"}),
				  totals_of(exposition)->tries[type][PROBE_LOCAL]);
	}
}

void figure_failures(struct exposition *exposition)
{
	for (unsigned int type = 0; type < HEALTH_TYPE_COUNT; type++)
		for (unsigned int r = PROBE_NONE + 1; r < PROBE_REASON_COUNT; r++)
			openmetrics_count(&exposition->text,
					  LABELS({"type", health_check_word(type)},
						 {"reason", probe_reason_word(r)}),
					  totals_of(exposition)->tries[type][r]);
}

static const double edges[MONITOR_EDGE_COUNT] = {
#define EDGE_SECONDS(us, label) (us) / 1e6,
	MONITOR_EDGES(EDGE_SECONDS)
#undef EDGE_SECONDS
};

static void put_histogram(struct exposition *exposition, unsigned int type,
			  const struct monitor_histogram *histogram)
{
	openmetrics_histogram(&exposition->text, LABELS({"type", health_check_word(type)}),
			      &(struct openmetrics_histogram){edges, histogram->counts,
							      MONITOR_EDGE_COUNT,
							      (double)histogram->sum_us / 1e6});
}

void figure_connects(struct exposition *exposition)
{
	for (unsigned int type = 0; type < HEALTH_TYPE_COUNT; type++)
		put_histogram(exposition, type, &totals_of(exposition)->connect[type]);
}

void figure_durations(struct exposition *exposition)
{
	for (unsigned int type = 0; type < HEALTH_TYPE_COUNT; type++)
		put_histogram(exposition, type, &totals_of(exposition)->total[type]);
}

void figure_under_way(struct exposition *exposition)
{
	openmetrics_count(&exposition->text, NULL, totals_of(exposition)->under_way);
}

void figure_late(struct exposition *exposition)
{
	openmetrics_count(&exposition->text, NULL, totals_of(exposition)->late);
}

/* --- Consequences --- */

void figure_changes(struct exposition *exposition)
{
	static const char *const words[] = {"unhealthy", "healthy"};

	for (unsigned int i = 0; i < 2; i++)
		openmetrics_count(&exposition->text, LABELS({"to", words[i]}),
				  totals_of(exposition)->changes[i]);
}

/* Writes a clock_ms() time as wall-clock time; 0: never. */
static void totals_put_moment(struct exposition *exposition, uint64_t at_ms)
{
	const uint64_t ago_ms = clock_ms() - at_ms;

	openmetrics_real(&exposition->text, NULL,
			 at_ms ? (double)time(NULL) - (double)(ago_ms / 1000) : 0);
}

static const struct effect_status *effect_of(const struct exposition *exposition)
{
	const struct figures *figures = exposition->source;

	return effect_status(figures->checker->effect);
}

void figure_last_write(struct exposition *exposition)
{
	totals_put_moment(exposition, effect_of(exposition)->file.at_ms);
}

void figure_last_agreement(struct exposition *exposition)
{
	totals_put_moment(exposition, effect_of(exposition)->director.at_ms);
}

void figure_agrees(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;

	if (*figures->checker->conf.director_socket)
		openmetrics_count(&exposition->text, NULL,
				  effect_of(exposition)->director.state == EFFECT_DONE);
}

void figure_steps(struct exposition *exposition)
{
	const struct effect_status *effect = effect_of(exposition);
	const struct {
		const char *name;
		const struct effect_step *step;
	} steps[] = {
		{"file", &effect->file},
		{"director", &effect->director},
		{"command", &effect->command},
	};

	for (unsigned int i = 0; i < 3; i++) {
		openmetrics_count(&exposition->text,
				  LABELS({"step", steps[i].name}, {"result", "done"}),
				  steps[i].step->done);
		openmetrics_count(&exposition->text,
				  LABELS({"step", steps[i].name}, {"result", "failed"}),
				  steps[i].step->failed);
	}
}

void figure_sources(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;
	const struct source_status *source = source_status(figures->checker->source);

	openmetrics_count(&exposition->text, LABELS({"result", "loaded"}), source->loaded);
	openmetrics_count(&exposition->text, LABELS({"result", "refused"}), source->refused);
}

void figure_source_refused(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;

	openmetrics_count(&exposition->text, NULL,
			  source_status(figures->checker->source)->is_refused);
}
