/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "samples.h"

bool options_read(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {{"rounds", required_argument, NULL, 'r'},
					      {"repeats", required_argument, NULL, 'p'},
					      {"json", required_argument, NULL, 'j'},
					      {"only", required_argument, NULL, 'o'},
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
		else
			return false;
	}
	if (optind == argc && options->rounds - 1 < SAMPLES_MAX &&
	    options->repeats - 1 < SAMPLES_MAX)
		return true;
	fprintf(stderr, "rounds and repeats: 1 to %d\n", SAMPLES_MAX);
	return false;
}
