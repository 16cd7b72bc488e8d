/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of flows when something happens to a fleet? Plays it, and prints the answer. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "results.h"

static const char usage[] =
	"Usage: glb-fleet [OPTION...]\n"
	"\n"
	"Plays what happens to a fleet of directors and proxies, by the core's tables and by "
	"other\n"
	"schemes, and says what becomes of the flows.\n"
	"\n"
	"  --only TEXT           scenarios with this in their names; --list has them all\n"
	"  --flows N             flows of each, about: 1000000\n"
	"  --seeds N             play each with so many seeds, and show the median: 1, at most 9\n"
	"  --seed N              the first one: 1\n"
	"  --tracked N           entries of the connection tables of all directors: 1048576\n"
	"  --no-second-chance    proxies pass nothing on: shows that broken flows are noticed\n"
	"  --json FILE           write the results there, too\n"
	"\n"
	"Exit status: 0; 1 if flows were lost although that scenario and scheme lose none; 2 if "
	"the\n"
	"command line is wrong.\n"
	"\n"
	"Example: glb-fleet --only 'add one' --flows 100000 --seeds 3\n";

struct settings {
	struct playing playing;
	const char *only;
	const char *json;
	unsigned int seeds;
};

static bool read_number(unsigned int *out, const char *text, unsigned int most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !number || number > most)
		return false;
	*out = (unsigned int)number;
	return true;
}

static int refuse_option(const char *name, const char *range)
{
	fprintf(stderr, "glb-fleet: --%s: a number from 1 to %s\n", name, range);
	return 2;
}

static void list_scenarios(void)
{
	for (unsigned int i = 0; i < scenario_count; i++)
		printf("%-24s %s\n", scenarios[i].name, scenarios[i].about);
}

/* Takes one option; returns 0, or the exit status plus 1. */
static int take_option(struct settings *settings, int option)
{
	unsigned int seed;

	if (option == 'h' || option == 'l') {
		if (option == 'h')
			fputs(usage, stdout);
		else
			list_scenarios();
		return 1;
	}
	if (option == 'o')
		settings->only = optarg;
	else if (option == 'j')
		settings->json = optarg;
	else if (option == 'n')
		settings->playing.no_second_chance = true;
	else if (option == 'f' && !read_number(&settings->playing.flows, optarg, 100000000))
		return 1 + refuse_option("flows", "100000000");
	else if (option == 's' && !read_number(&settings->seeds, optarg, SEEDS_MAX))
		return 1 + refuse_option("seeds", "9");
	else if (option == 't' && !read_number(&settings->playing.tracked, optarg, 1 << 24))
		return 1 + refuse_option("tracked", "16777216");
	else if (option == 'S' && !read_number(&seed, optarg, UINT32_MAX))
		return 1 + refuse_option("seed", "4294967295");
	else if (option == 'S')
		settings->playing.seed = seed;
	else if (option == '?')
		return 1 + 2;
	return 0;
}

static int read_options(struct settings *settings, int argc, char **argv)
{
	static const struct option known[] = {{"only", required_argument, NULL, 'o'},
					      {"flows", required_argument, NULL, 'f'},
					      {"seeds", required_argument, NULL, 's'},
					      {"seed", required_argument, NULL, 'S'},
					      {"tracked", required_argument, NULL, 't'},
					      {"no-second-chance", no_argument, NULL, 'n'},
					      {"json", required_argument, NULL, 'j'},
					      {"list", no_argument, NULL, 'l'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};

	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		int status = take_option(settings, option);

		if (status)
			return status;
	}
	if (optind < argc) {
		fprintf(stderr, "glb-fleet: no word \"%s\" was expected; see --help\n",
			argv[optind]);
		return 1 + 2;
	}
	return 0;
}

static double seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static void play_all(struct results *results, const struct settings *settings)
{
	results->seeds = settings->seeds;
	for (unsigned int i = 0; i < scenario_count; i++) {
		struct result *result = &results->list[results->count];
		double began = seconds();

		if (!strstr(scenarios[i].name, settings->only))
			continue;
		result->scenario = &scenarios[i];
		results->count++;
		for (unsigned int seed = 0; seed < settings->seeds; seed++) {
			struct playing how = settings->playing;

			how.seed += seed;
			play_scenario(&result->outcomes[seed], result->scenario, &how);
		}
		fprintf(stderr, "%s: %.1f s\n", scenarios[i].name, seconds() - began);
	}
}

int main(int argc, char **argv)
{
	struct settings settings = {.playing = {.flows = 1000000, .tracked = 1 << 20, .seed = 1},
				    .only = "",
				    .seeds = 1};
	struct results *results;
	int status = read_options(&settings, argc, argv);
	int err = 0;

	if (status)
		return status - 1;
	results = need(sizeof(*results));
	play_all(results, &settings);
	if (!results->count) {
		fprintf(stderr, "glb-fleet: --only %s: no such scenario; see --list\n",
			settings.only);
		free(results);
		return 2;
	}
	results_print(results);
	if (settings.json)
		err = results_write(results, settings.json);
	if (err)
		fprintf(stderr, "glb-fleet: %s: %s\n", settings.json, strerror(-err));
	status = err || results_broken_promises(results);
	free(results);
	return status;
}
