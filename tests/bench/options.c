/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "samples.h"

enum { BURST_BAD = BURST_MAX + 1 };

/* False, after printing why; NULL where getopt has. */
static bool refused(const char *why)
{
	if (why)
		fprintf(stderr, "%s\n", why);
	return false;
}

/* BURST_BAD: it is none that there can be. */
static unsigned int read_burst_len(const char *text)
{
	const unsigned long len = strtoul(text, NULL, 10);

	return len - 1 < BURST_MAX && !(len & (len - 1)) ? (unsigned int)len : BURST_BAD;
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
					      {"burst", required_argument, NULL, 'b'},
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
		else if (option == 'b' && options->burst)
			options->burst = read_burst_len(optarg);
		else if (option == 'b')
			return refused("--burst: bursts have one length");
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
	if (options->burst == BURST_BAD)
		return refused("--burst: a power of 2 up to 64");
	if (optind == argc && options->rounds - 1 < SAMPLES_MAX &&
	    options->repeats - 1 < SAMPLES_MAX)
		return true;
	fprintf(stderr, "rounds and repeats: 1 to %d\n", SAMPLES_MAX);
	return false;
}
