/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "healthcheck/checker.h"
#include "sys/log.h"

int checker_run(const char *conf_path)
{
	log_error("%s: checks nothing yet", conf_path);
	return EXIT_FAILURE;
}

int checker_check(const char *conf_path)
{
	return checker_run(conf_path);
}
