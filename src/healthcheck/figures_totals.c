/* SPDX-License-Identifier: BSD-3-Clause */
#include <time.h>

#include "healthcheck/checker.h"
#include "healthcheck/describe.h"
#include "healthcheck/figures_parts.h"
#include "sys/clock.h"

/* --- Probes --- */

static const struct monitor_totals *totals_of(const struct figures *figures)
{
	return monitor_totals(figures->checker->monitor);
}

static uint64_t sum_tries(const struct figures *figures, unsigned int type, bool good)
{
	uint64_t sum = 0;

	for (unsigned int r = 0; r < PROBE_REASON_COUNT; r++)
		if (r != PROBE_LOCAL && (r == PROBE_NONE) == good)
			sum += totals_of(figures)->tries[type][r];
	return sum;
}

void figure_probes(struct figures *figures)
{
	for (unsigned int type = 0; type < HEALTH_TYPE_COUNT; type++) {
		const char *word = health_check_word(type);

		openmetrics_count(&figures->text, LABELS({"type", word}, {"result", "good"}),
				  sum_tries(figures, type, true));
		openmetrics_count(&figures->text, LABELS({"type", word}, {"result", "bad"}),
				  sum_tries(figures, type, false));
		openmetrics_count(&figures->text, LABELS({"type", word}, {"result", "untried"}),
				  totals_of(figures)->tries[type][PROBE_LOCAL]);
	}
}

void figure_failures(struct figures *figures)
{
	for (unsigned int type = 0; type < HEALTH_TYPE_COUNT; type++)
		for (unsigned int r = PROBE_NONE + 1; r < PROBE_REASON_COUNT; r++)
			openmetrics_count(&figures->text,
					  LABELS({"type", health_check_word(type)},
						 {"reason", probe_reason_word(r)}),
					  totals_of(figures)->tries[type][r]);
}

static const double edges[MONITOR_EDGE_COUNT] = {
#define EDGE_SECONDS(us, label) (us) / 1e6,
	MONITOR_EDGES(EDGE_SECONDS)
#undef EDGE_SECONDS
};

static void put_histogram(struct figures *figures, unsigned int type,
			  const struct monitor_histogram *histogram)
{
	openmetrics_histogram(&figures->text, LABELS({"type", health_check_word(type)}),
			      &(struct openmetrics_histogram){edges, histogram->counts,
							      MONITOR_EDGE_COUNT,
							      (double)histogram->sum_us / 1e6});
}

void figure_connects(struct figures *figures)
{
	for (unsigned int type = 0; type < HEALTH_TYPE_COUNT; type++)
		put_histogram(figures, type, &totals_of(figures)->connect[type]);
}

void figure_durations(struct figures *figures)
{
	for (unsigned int type = 0; type < HEALTH_TYPE_COUNT; type++)
		put_histogram(figures, type, &totals_of(figures)->total[type]);
}

void figure_under_way(struct figures *figures)
{
	openmetrics_count(&figures->text, NULL, totals_of(figures)->under_way);
}

void figure_late(struct figures *figures)
{
	openmetrics_count(&figures->text, NULL, totals_of(figures)->late);
}

/* --- Consequences --- */

void figure_changes(struct figures *figures)
{
	static const char *const words[] = {"unhealthy", "healthy"};

	for (unsigned int i = 0; i < 2; i++)
		openmetrics_count(&figures->text, LABELS({"to", words[i]}),
				  totals_of(figures)->changes[i]);
}

/* Writes a clock_ms() time as wall-clock time; 0: never. */
static void totals_put_moment(struct figures *figures, uint64_t at_ms)
{
	const uint64_t ago_ms = clock_ms() - at_ms;

	openmetrics_real(&figures->text, NULL,
			 at_ms ? (double)time(NULL) - (double)(ago_ms / 1000) : 0);
}

static const struct effect_status *effect_of(const struct figures *figures)
{
	return effect_status(figures->checker->effect);
}

void figure_last_write(struct figures *figures)
{
	totals_put_moment(figures, effect_of(figures)->file.at_ms);
}

void figure_last_agreement(struct figures *figures)
{
	totals_put_moment(figures, effect_of(figures)->director.at_ms);
}

void figure_agrees(struct figures *figures)
{
	if (*figures->checker->conf.director_socket)
		openmetrics_count(&figures->text, NULL,
				  effect_of(figures)->director.state == EFFECT_DONE);
}

void figure_steps(struct figures *figures)
{
	const struct effect_status *effect = effect_of(figures);
	const struct {
		const char *name;
		const struct effect_step *step;
	} steps[] = {
		{"file", &effect->file},
		{"director", &effect->director},
		{"command", &effect->command},
	};

	for (unsigned int i = 0; i < 3; i++) {
		openmetrics_count(&figures->text,
				  LABELS({"step", steps[i].name}, {"result", "done"}),
				  steps[i].step->done);
		openmetrics_count(&figures->text,
				  LABELS({"step", steps[i].name}, {"result", "failed"}),
				  steps[i].step->failed);
	}
}

void figure_sources(struct figures *figures)
{
	const struct source_status *source = source_status(figures->checker->source);

	openmetrics_count(&figures->text, LABELS({"result", "loaded"}), source->loaded);
	openmetrics_count(&figures->text, LABELS({"result", "refused"}), source->refused);
}

void figure_source_refused(struct figures *figures)
{
	openmetrics_count(&figures->text, NULL,
			  source_status(figures->checker->source)->is_refused);
}
