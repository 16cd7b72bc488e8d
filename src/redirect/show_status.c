/* SPDX-License-Identifier: BSD-3-Clause */
/* glb-redirect status: where is the program attached, and what affects it? */
#include <inttypes.h>
#include <stdio.h>

#include "attachment.h"
#include "commands.h"
#include "netfilter.h"
#include "refusal.h"
#include "sys/printable.h"

/* Places, in the terms of tc and bpftool. */
static const char *const hooks[] = {[REDIRECT_TCX] = "tcx", [REDIRECT_CLSACT] = "clsact"};

static int redirect_print_status(const char *device, int ifindex)
{
	struct redirect_status status;
	struct netfilter_rules rules;
	int error = redirect_read_status(ifindex, &status);

	if (error)
		return redirect_refuse(device, redirect_reason(error));
	printf("hook %s\nprogram %" PRIu32 "\nconntrack %s\n", hooks[status.hook],
	       status.program_id, status.asks_conntrack ? "asked" : "unavailable");
	netfilter_read_rules(&rules);
	printf("rules%s%s%s%s\n", rules.translate ? " nat" : "", rules.tproxy ? " tproxy" : "",
	       rules.synproxy ? " synproxy" : "",
	       rules.translate || rules.tproxy || rules.synproxy ? "" : " none");
	for (uint32_t i = 0; i < status.from.count; i++) {
		char text[SENDER_TEXT_LEN];

		printf("from %s\n", sender_text(text, &status.from.list[i]));
	}
	for (uint32_t i = 0; i < status.udp.count; i++) {
		char text[SERVICE_TEXT_LEN];

		printf("udp %s\n", service_text(text, &status.udp, i));
	}
	for (unsigned int i = 0; i < status.before_count; i++) {
		char name[PRINTABLE_NAME_LEN];

		printf("before %s %" PRIu32 " %s\n", hooks[status.before[i].hook],
		       status.before[i].number,
		       printable(name, sizeof(name), status.before[i].name));
	}
	return redirect_flush(device);
}

int run_status(const struct command_line *line)
{
	int ifindex = redirect_find_device(line);

	return ifindex ? redirect_print_status(line->args[0], ifindex) : EXIT_REFUSED;
}
