/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "samples.h"

/* False, after printing why; NULL where getopt has. */
static bool refused(const char *why)
{
	if (why)
		fprintf(stderr, "%s\n", why);
	return false;
}

bool options_read(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {{"rounds", required_argument, NULL, 'r'},
					      {"repeats", required_argument, NULL, 'p'},
					      {"json", required_argument, NULL, 'j'},
					      {"only", required_argument, NULL, 'o'},
					      {"against", required_argument, NULL, 'a'},
					      {"own", required_argument, NULL, 'w'},
					      {"huge", no_argument, NULL, 'h'},
					      {0}};

	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == 'r')
			options->rounds = (unsigned int)strtoul(optarg, NULL, 10);
		else if (option == 'p')
			options->repeats = (unsigned int)strtoul(optarg, NULL, 10);
		else if (option == 'j')
			options->json = optarg;
		else if (option == 'o')
			options->only = optarg;
		else if (option == 'a' && options->compares_builds)
			options->against = optarg;
		else if (option == 'w' && options->compares_builds)
			options->own = optarg;
		else if (option == 'h' && options->has_eal)
			options->huge = true;
		else if (option == 'h')
			return refused("--huge: does without the EAL");
		else
			return refused(strchr("aw", option) ? "there are no builds to compare"
							    : NULL);
	}
	if (!options->against != !options->own)
		return refused("--against and --own belong together");
	if (optind == argc && options->rounds - 1 < SAMPLES_MAX &&
	    options->repeats - 1 < SAMPLES_MAX)
		return true;
	fprintf(stderr, "rounds and repeats: 1 to %d\n", SAMPLES_MAX);
	return false;
}
