/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a director.json. */
#include <errno.h>
#include <string.h>

#include <glb/hash.h>

#include "conf/director.h"
#include "fuzz.h"
#include "reported.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct director_conf conf = {.idle_sleep_us = 99999};
	static struct report report;

	report_init(&report);

	int err = director_conf_parse(&conf, "director.json", (const char *)input, len, &report);

	check_report(&report, "director.json:");

	if (err) {
		PROMISE(err == -EINVAL);
		PROMISE(conf.idle_sleep_us == 99999);
		PROMISE(report_has_errors(&report));
		return 0;
	}
	PROMISE(!report_has_errors(&report));
	PROMISE(conf.idle_sleep_us <= 10000);
	PROMISE(conf.settings.hash_fields && conf.settings.hash_fields <= GLB_HASH_FIELDS_ALL);
	PROMISE(conf.settings.alt_hash_fields <= GLB_HASH_FIELDS_ALL);
	PROMISE(memchr(conf.punt_port, 0, sizeof(conf.punt_port)));
	return 0;
}
