/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a healthcheck.json. */
#include <errno.h>
#include <string.h>

#include "conf/health.h"
#include "fuzz.h"
#include "reported.h"

static void check_conf(const struct health_conf *conf)
{
	PROMISE(*conf->source && memchr(conf->source, 0, sizeof(conf->source)));
	PROMISE(*conf->checked && memchr(conf->checked, 0, sizeof(conf->checked)));
	PROMISE(strcmp(conf->source, conf->checked) != 0);
	PROMISE(memchr(conf->reload_command, 0, sizeof(conf->reload_command)));
	PROMISE(memchr(conf->director_socket, 0, sizeof(conf->director_socket)));
	PROMISE(memchr(conf->control_socket, 0, sizeof(conf->control_socket)));
	PROMISE(memchr(conf->state_directory, 0, sizeof(conf->state_directory)));
	PROMISE(memchr(conf->tunnel_interface, 0, sizeof(conf->tunnel_interface)));
	PROMISE(!*conf->director_socket || *conf->director_socket == '/');
	PROMISE(!*conf->control_socket || *conf->control_socket == '/');
	PROMISE(!*conf->tunnel_interface || conf->tunnel_src.version || conf->tunnel_src6.version);
	PROMISE(conf->tunnel_src.version != 6 && conf->tunnel_src6.version != 4);
	PROMISE(conf->hold_ms <= 600000);
	PROMISE(conf->parallel_max >= 1 && conf->parallel_max <= 65536);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct health_conf conf = {.hold_ms = 99999};
	static struct report report;

	report_init(&report);

	int err = health_conf_parse(&conf, "healthcheck.json", (const char *)input, len, &report);

	check_report(&report, "healthcheck.json:");
	PROMISE(!err == !report_has_errors(&report));
	if (!err)
		check_conf(&conf);
	else
		PROMISE(err == -EINVAL && conf.hold_ms == 99999);
	return 0;
}
