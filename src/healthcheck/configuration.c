/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "healthcheck/access.h"
#include "healthcheck/configuration.h"
#include "sys/log.h"

enum { NAMES_LEN = 256 };

/* Returns 0 or -errno, after logging the report. */
static int configuration_read_conf(struct health_conf *conf, const char *path,
				   struct report *report)
{
	struct conf_input input = {.path = path, .pipe_ms = FILE_PIPE_MS};
	int err;

	report_init(report);
	inputs_read(&input, 1);
	err = access_check(&input, report);
	if (!err)
		err = health_conf_read(conf, &input, report);
	inputs_free(&input, 1);
	report_log(report, SEVERITY_WARNING);
	return err;
}

static struct report *configuration_make_report(void)
{
	struct report *report = malloc(sizeof(*report));

	if (!report)
		log_error("out of memory");
	return report;
}

int configuration_read(struct health_conf *conf, struct content **content, const char *path)
{
	struct report *report = configuration_make_report();
	int err = report ? configuration_read_conf(conf, path, report) : -ENOMEM;

	if (!err) {
		report_init(report);
		err = content_read(content, conf->source, report);
		report_log(report, SEVERITY_WARNING);
	}
	free(report);
	return err;
}

static void name(char names[NAMES_LEN], bool differs, const char *key)
{
	size_t len = strlen(names);

	if (differs)
		(void)snprintf(names + len, NAMES_LEN - len, "%s%s", len ? ", " : "", key);
}

/* Warns of settings that take effect at a restart only. */
static void warn_restart(const struct health_conf *is, const struct health_conf *next,
			 const char *path)
{
	char names[NAMES_LEN] = "";

	name(names, strcmp(is->source, next->source) != 0, "forwarding_table.src");
	name(names, strcmp(is->checked, next->checked) != 0, "forwarding_table.dst");
	name(names, strcmp(is->control_socket, next->control_socket) != 0, "control_socket");
	name(names,
	     memcmp(&is->http_listen.addr, &next->http_listen.addr, sizeof(struct glb_addr)) != 0 ||
		     is->http_listen.port != next->http_listen.port,
	     "http_listen");
	name(names, strcmp(is->state_directory, next->state_directory) != 0, "state_directory");
	name(names,
	     memcmp(&is->tunnel_src, &next->tunnel_src, sizeof(struct glb_addr)) != 0 ||
		     memcmp(&is->tunnel_src6, &next->tunnel_src6, sizeof(struct glb_addr)) != 0 ||
		     strcmp(is->tunnel_interface, next->tunnel_interface) != 0,
	     "tunnel");
	if (*names)
		log_warning("%s: another value takes effect with the next start only: %s", path,
			    names);
}

bool configuration_reload(struct health_conf *conf, const char *path)
{
	struct report *report = configuration_make_report();
	struct health_conf next;
	int err = report ? configuration_read_conf(&next, path, report) : -ENOMEM;

	free(report);
	if (err) {
		log_warning("%s: what it said before stays in force", path);
		return false;
	}
	warn_restart(conf, &next, path);
	memcpy(conf->reload_command, next.reload_command, sizeof(conf->reload_command));
	memcpy(conf->director_socket, next.director_socket, sizeof(conf->director_socket));
	conf->hold_ms = next.hold_ms;
	conf->parallel_max = next.parallel_max;
	return true;
}
