/* SPDX-License-Identifier: BSD-3-Clause */
/* glb-redirect check: does this host do what a proxy must? */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glb/net.h>

#include "redirect/commands.h"
#include "redirect/refusal.h"

bool check_has_vips(const struct check_subject *subject, uint8_t version)
{
	for (unsigned int i = 0; i < subject->vips.count; i++)
		if (subject->vips.list[i].address.version == version)
			return true;
	return false;
}

/* Reads what several topics look at. False, after logging why, if --vip is invalid. */
static bool read_subject(struct check_subject *subject, const struct command_line *line)
{
	const char *given = line->values[OPTION_VIP];
	char why[HOST_VIPS_WHY_LEN];
	struct host_vips listed;
	int error = given ? host_vips_parse(&listed, given, why) : 0;

	if (!error) {
		error = host_vips_read(&subject->vips, given ? &listed : NULL);
		(void)snprintf(why, sizeof(why), "its addresses: %s", strerror(-error));
	}
	if (error) {
		(void)redirect_refuse(subject->device, why);
		return false;
	}
	subject->vips_given = given;
	subject->status_error = redirect_read_status(subject->ifindex, &subject->status);
	netfilter_read_rules(&subject->rules);
	subject->knows_listeners = !listeners_read(&subject->tcp, GLB_PROTO_TCP);
	if (subject->knows_listeners && listeners_read(&subject->udp, GLB_PROTO_UDP))
		subject->udp = (struct listeners){0}; /* a kernel may lack its diagnostics */
	return true;
}

static void print_diagnosis(const struct diagnosis *diagnosis, bool json)
{
	struct writer w = {.out = stdout};

	if (!json) {
		diagnosis_print(stdout, diagnosis);
		return;
	}
	write_open(&w, NULL, '{');
	diagnosis_write(&w, diagnosis);
	write_close(&w, '}');
}

/* Runs all topics and prints their findings. Returns the exit status. */
static int check_all(const struct check_subject *subject, bool json)
{
	struct diagnosis diagnosis = {0};
	int status;

	check_proxy_program(&diagnosis, subject);
	check_proxy_vips(&diagnosis, subject);
	check_proxy_listeners(&diagnosis, subject);
	check_proxy_settings(&diagnosis, subject);
	check_proxy_size(&diagnosis, subject);
	check_proxy_merging(&diagnosis, subject);
	check_proxy_probe(&diagnosis, subject);
	if (diagnosis.failed) {
		status = redirect_refuse(subject->device, "out of memory");
	} else {
		print_diagnosis(&diagnosis, json);
		status = redirect_flush(subject->device);
		if (diagnosis_total(&diagnosis, LEVEL_PROBLEM))
			status = EXIT_REFUSED;
	}
	diagnosis_free(&diagnosis);
	return status;
}

int run_check(const struct command_line *line)
{
	struct check_subject subject = {.device = line->args[0]};
	int status;

	subject.ifindex = redirect_find_device(line);
	if (!subject.ifindex || !read_subject(&subject, line))
		return EXIT_REFUSED;
	status = check_all(&subject, command_has(line, OPTION_JSON));
	listeners_free(&subject.tcp);
	listeners_free(&subject.udp);
	return status;
}
