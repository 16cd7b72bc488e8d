/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stddef.h>

#include "options.h"

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPTION_JSON},
	{"strict", no_argument, NULL, OPTION_STRICT},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"settled", no_argument, NULL, OPTION_SETTLED},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"table", required_argument, NULL, OPTION_TABLE},
	{"weight", required_argument, NULL, OPTION_WEIGHT},
	{"zone", required_argument, NULL, OPTION_ZONE},
	{"server-id", required_argument, NULL, OPTION_SERVER_ID},
	{0},
};

static void take(struct options *options, enum option_set option)
{
	switch (option) {
	case OPTION_JSON:
		options->json = true;
		break;
	case OPTION_STRICT:
		options->strict = true;
		break;
	case OPTION_FORCE:
		options->force = true;
		break;
	case OPTION_SETTLED:
		options->settled = true;
		break;
	case OPTION_CONFIG:
		options->config = optarg;
		break;
	case OPTION_TABLE:
		options->table = optarg;
		break;
	case OPTION_WEIGHT:
		options->weight = optarg;
		break;
	case OPTION_ZONE:
		options->zone = optarg;
		break;
	case OPTION_SERVER_ID:
		options->server_id = optarg;
		break;
	case OPTIONS_FIRST:
		break;
	}
}

bool read_options(struct options *out, unsigned int set, int argc, char **argv)
{
	struct options options = {0};

	const char *order = set & OPTIONS_FIRST ? "+" : "";

	for (int option; (option = getopt_long(argc, argv, order, long_options, NULL)) != -1;) {
		if (option == '?' || !((unsigned int)option & set))
			return false;
		take(&options, (enum option_set)option);
	}
	options.args = argv + optind;
	options.arg_count = argc - optind;
	*out = options;
	return true;
}
