/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "results.h"

/* --- What is shown --- */

struct measure {
	const char *title;
	const char *unit;
	double (*of)(const struct outcome *outcome, enum scheme scheme);
};

static double broken_percent(const struct outcome *outcome, enum scheme scheme)
{
	return outcome->established ? 100.0 * outcome->tallies[scheme].broken / outcome->established
				    : 0;
}

static double broken_count(const struct outcome *outcome, enum scheme scheme)
{
	return outcome->tallies[scheme].broken;
}

static double refused_count(const struct outcome *outcome, enum scheme scheme)
{
	return outcome->tallies[scheme].refused;
}

static double died_count(const struct outcome *outcome, enum scheme scheme)
{
	return outcome->tallies[scheme].died;
}

static double waited_count(const struct outcome *outcome, enum scheme scheme)
{
	return outcome->tallies[scheme].waited;
}

static double delayed_percent(const struct outcome *outcome, enum scheme scheme)
{
	return 100.0 * outcome->tallies[scheme].delayed / outcome->flows;
}

static double forwarded_percent(const struct outcome *outcome, enum scheme scheme)
{
	return 100.0 * (double)outcome->tallies[scheme].forwarded / (double)outcome->packets;
}

static double peak_open(const struct outcome *outcome, enum scheme scheme)
{
	return outcome->tallies[scheme].peak_open;
}

static double peak_new(const struct outcome *outcome, enum scheme scheme)
{
	return outcome->tallies[scheme].peak_new;
}

static double peak_share(const struct outcome *outcome, enum scheme scheme)
{
	return outcome->tallies[scheme].peak_share;
}

static const struct measure measures[] = {
	{"broken flows, of those established", "%", broken_percent},
	{"broken flows in all", "flows", broken_count},
	{"flows that died with their proxy", "flows", died_count},
	{"clients that found no proxy", "flows", refused_count},
	{"flows that waited for a dead proxy to be noticed", "flows", waited_count},
	{"flows with packets that took a further hop", "%", delayed_percent},
	{"packets that took a further hop", "%", forwarded_percent},
	{"share of the busiest proxy", "shares", peak_share},
	{"flows of the busiest proxy", "shares", peak_open},
	{"new flows of the busiest proxy", "shares", peak_new},
};
enum { MEASURES = sizeof(measures) / sizeof(*measures) };

/* --- Over all seeds --- */

struct range {
	double median, min, max;
};

static int compare_values(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct range range_of(const struct results *results, unsigned int at,
			     const struct measure *measure, enum scheme scheme)
{
	double values[SEEDS_MAX];

	for (unsigned int seed = 0; seed < results->seeds; seed++)
		values[seed] = measure->of(&results->list[at].outcomes[seed], scheme);
	qsort(values, results->seeds, sizeof(*values), compare_values);
	return (struct range){values[results->seeds / 2], values[0], values[results->seeds - 1]};
}

/* --- On stdout --- */

static void print_value(double value)
{
	if (value == 0)
		printf(" %14s", "0");
	else
		printf(value < 100 ? " %14.3f" : " %14.0f", value);
}

static void print_measure(const struct results *results, const struct measure *measure)
{
	printf("\n%s, %s\n%-24s", measure->title, measure->unit, "");
	for (enum scheme scheme = 0; scheme < SCHEMES; scheme++)
		printf(" %14s", scheme_facts[scheme].name);
	printf("\n");
	for (unsigned int i = 0; i < results->count; i++) {
		printf("%-24s", results->list[i].scenario->name);
		for (enum scheme scheme = 0; scheme < SCHEMES; scheme++)
			print_value(range_of(results, i, measure, scheme).median);
		printf("\n");
	}
}

void results_print(const struct results *results)
{
	printf("\n%-24s %10s %12s %10s  %s\n", "", "flows", "established", "packets",
	       "what happens");
	for (unsigned int i = 0; i < results->count; i++) {
		const struct result *result = &results->list[i];

		printf("%-24s %10u %12u %10llu  %s\n", result->scenario->name,
		       result->outcomes[0].flows, result->outcomes[0].established,
		       (unsigned long long)result->outcomes[0].packets, result->scenario->about);
	}
	for (unsigned int i = 0; i < MEASURES; i++)
		print_measure(results, &measures[i]);
}

/* --- As JSON --- */

static void write_measure(FILE *out, const struct results *results, const struct measure *measure)
{
	fprintf(out, "{\"section\": \"%s\", \"unit\": \"%s\", \"ratio\": \"\", \"results\": [",
		measure->title, measure->unit);
	for (unsigned int i = 0; i < results->count; i++)
		for (enum scheme scheme = 0; scheme < SCHEMES; scheme++) {
			const struct range range = range_of(results, i, measure, scheme);

			fprintf(out,
				"%s\n  {\"subject\": \"%s\", \"variant\": \"%s\", \"median\": "
				"%.4f, "
				"\"min\": %.4f, \"max\": %.4f}",
				i || scheme ? "," : "", results->list[i].scenario->name,
				scheme_facts[scheme].name, range.median, range.min, range.max);
		}
	fprintf(out, "\n]}");
}

int results_write(const struct results *results, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return -errno;
	for (unsigned int i = 0; i < MEASURES; i++) {
		fputs(i ? ",\n" : "[\n", out);
		write_measure(out, results, &measures[i]);
	}
	fputs("\n]\n", out);

	bool failed = ferror(out) != 0;

	return fclose(out) || failed ? -EIO : 0;
}

/* --- Promises --- */

unsigned int results_broken_promises(const struct results *results)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < results->count; i++)
		for (enum scheme scheme = 0; scheme < SCHEME_TABLES; scheme++) {
			const struct scenario *scenario = results->list[i].scenario;
			unsigned int lost = 0;

			for (unsigned int seed = 0; seed < results->seeds; seed++)
				lost += results->list[i].outcomes[seed].tallies[scheme].broken +
					results->list[i].outcomes[seed].tallies[scheme].refused;
			if (!lost || !play_promises(scenario, scheme))
				continue;
			fprintf(stderr, "%s: %s must not lose a flow, and lost %u\n",
				scenario->name, scheme_facts[scheme].name, lost);
			sum += lost;
		}
	return sum;
}
