/* SPDX-License-Identifier: BSD-3-Clause */
/* glb-redirect counters: what became of the packets so far? */
#include <inttypes.h>
#include <stdio.h>

#include "attachment.h"
#include "commands.h"
#include "peers.h"
#include "refusal.h"
#include "syn_queues.h"
#include "sys/log.h"
#include "sys/writer.h"
#include "vips.h"
#include "warnings.h"

static const char *const labels[] = {
#define LABEL(name, label, sentence) label,
	GLB_REDIRECT_COUNTERS(LABEL)
#undef LABEL
};

static int redirect_print_counters(const char *device, int ifindex, bool json)
{
	uint64_t values[GLB_REDIRECT_COUNTER_COUNT];
	struct redirect_status status;
	int error = redirect_read_counters(ifindex, values);

	if (error)
		return redirect_refuse(device, redirect_reason(error));
	if (!redirect_read_status(ifindex, &status))
		warn_of_others(device, &status);
	for (int i = 0; i < GLB_REDIRECT_COUNTER_COUNT; i++) {
		if (json)
			printf("%s\"%s\": %" PRIu64, i ? ", " : "{", labels[i], values[i]);
		else
			printf("%s %" PRIu64 "\n", labels[i], values[i]);
	}
	if (json)
		puts("}");
	return redirect_flush(device);
}

/* --- For each VIP --- */

static void print_vip(const struct redirect_vip *vip)
{
	char text[VIP_TEXT_LEN];

	(void)redirect_vip_text(text, &vip->vip);
	for (int group = 0; group < VIP_GROUP_COUNT; group++)
		printf("%s %s %" PRIu64 "\n", text, vip_group_label(group),
		       redirect_vip_packets(vip, group));
	if (vip->needed_ago_ms != REDIRECT_NEVER)
		printf("%s needed_seconds %.1f\n", text, (double)vip->needed_ago_ms / 1000);
}

static void write_vip(struct writer *w, const struct redirect_vip *vip)
{
	char text[VIP_TEXT_LEN];

	write_open(w, NULL, '{');
	write_string(w, "vip", redirect_vip_text(text, &vip->vip));
	for (int group = 0; group < VIP_GROUP_COUNT; group++)
		write_uint(w, vip_group_label(group), redirect_vip_packets(vip, group));
	if (vip->needed_ago_ms == REDIRECT_NEVER)
		write_string(w, "needed_seconds", NULL);
	else
		write_real(w, "needed_seconds", (double)vip->needed_ago_ms / 1000);
	write_open(w, "counters", '{');
	for (int i = 0; i < GLB_REDIRECT_COUNTER_COUNT; i++)
		write_uint(w, labels[i], vip->fates[i]);
	write_close(w, '}');
	write_close(w, '}');
}

static void print_queue(const struct syn_report *one)
{
	char text[SYN_SERVICE_TEXT_LEN];

	(void)syn_service_text(text, &one->service);
	printf("%s syn_engaged %d\n%s syn_answered %" PRIu64 "\n%s syn_completed %" PRIu64
	       "\n%s syn_refused %" PRIu64 "\n",
	       text, one->engaged, text, one->queue.answered, text, one->queue.completed, text,
	       one->queue.refused);
}

static void write_vips(const struct redirect_vips *vips, const struct syn_reports *syn)
{
	struct writer w = {.out = stdout};

	write_open(&w, NULL, '{');
	write_real(&w, "watched_seconds", (double)vips->watched_ms / 1000);
	write_open(&w, "vips", '[');
	for (uint32_t i = 0; i < vips->count; i++)
		write_vip(&w, &vips->list[i]);
	write_close(&w, ']');
	syn_reports_write(&w, syn);
	write_close(&w, '}');
}

static int redirect_print_vips(const char *device, int ifindex, bool json)
{
	struct redirect_vips vips;
	struct syn_reports syn = {.count = 0};
	int error = redirect_read_vips(ifindex, &vips);

	if (!error)
		error = redirect_read_syn_queues(ifindex, &syn);
	if (error)
		return redirect_refuse(device, redirect_reason(error));
	if (json)
		write_vips(&vips, &syn);
	for (uint32_t i = 0; !json && i < vips.count; i++)
		print_vip(&vips.list[i]);
	for (uint32_t i = 0; !json && i < syn.count; i++)
		print_queue(&syn.list[i]);
	return redirect_flush(device);
}

/* --- For each hop --- */

static void print_peers(const struct redirect_peers *peers)
{
	char text[VIP_TEXT_LEN];

	for (uint32_t i = 0; i < peers->count; i++)
		for (int group = 0; group < PEER_GROUP_COUNT; group++)
			printf("%s %s %" PRIu64 "\n",
			       redirect_vip_text(text, &peers->list[i].address),
			       peer_group_label(group), peers->list[i].packets[group]);
}

static int redirect_print_peers(const char *device, int ifindex, bool json)
{
	struct redirect_peers peers;
	int error = redirect_read_peers(ifindex, &peers);

	if (error)
		return redirect_refuse(device, redirect_reason(error));
	if (json) {
		struct writer w = {.out = stdout};

		write_open(&w, NULL, '{');
		redirect_write_peers(&w, &peers);
		write_close(&w, '}');
	} else {
		print_peers(&peers);
	}
	return redirect_flush(device);
}

int run_counters(const struct command_line *line)
{
	if (command_has(line, OPTION_VIPS) && command_has(line, OPTION_PEERS)) {
		log_error("--vips: not with --peers");
		return COMMAND_MISUSED;
	}

	int ifindex = redirect_find_device(line);
	bool json = command_has(line, OPTION_JSON);

	if (!ifindex)
		return EXIT_REFUSED;
	if (command_has(line, OPTION_VIPS))
		return redirect_print_vips(line->args[0], ifindex, json);
	if (command_has(line, OPTION_PEERS))
		return redirect_print_peers(line->args[0], ifindex, json);
	return redirect_print_counters(line->args[0], ifindex, json);
}
