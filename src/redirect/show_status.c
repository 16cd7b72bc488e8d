/* SPDX-License-Identifier: BSD-3-Clause */
/* glb-redirect status: where is the program attached, and what affects it? */
#include <inttypes.h>
#include <stdio.h>

#include "attachment.h"
#include "commands.h"
#include "evidence.h"
#include "peers.h"
#include "redirect/host/netfilter.h"
#include "refusal.h"
#include "syn_queues.h"
#include "syn_settings.h"
#include "sys/printable.h"
#include "sys/writer.h"

/* Places, in the terms of tc and bpftool. */
static const char *const hooks[] = {[REDIRECT_TCX] = "tcx", [REDIRECT_CLSACT] = "clsact"};

/* Everything that a status consists of. */
struct everything {
	struct redirect_status program;
	struct netfilter_rules rules;
	struct evidence_list evidence; /* empty if it cannot be read */
	struct redirect_peers peers;   /* the same */
	struct syn_reports syn;	       /* the same */
};

/* --- Text --- */

static void print_place(const struct everything *all)
{
	const struct netfilter_rules *rules = &all->rules;

	printf("hook %s\nprogram %" PRIu32 "\nconntrack %s\n", hooks[all->program.hook],
	       all->program.program_id, all->program.asks_conntrack ? "asked" : "unavailable");
	printf("rules%s%s%s%s\n", rules->translate ? " nat" : "", rules->tproxy ? " tproxy" : "",
	       rules->synproxy ? " synproxy" : "",
	       rules->translate || rules->tproxy || rules->synproxy ? "" : " none");
}

static void print_lists(const struct redirect_status *program)
{
	for (uint32_t i = 0; i < program->from.count; i++) {
		char text[SENDER_TEXT_LEN];

		printf("from %s\n", sender_text(text, &program->from.list[i]));
	}
	for (uint32_t i = 0; i < program->udp.count; i++) {
		char text[SERVICE_TEXT_LEN];

		printf("udp %s\n", service_text(text, &program->udp, i));
	}
	for (unsigned int i = 0; i < program->before_count; i++) {
		char name[PRINTABLE_NAME_LEN];

		printf("before %s %" PRIu32 " %s\n", hooks[program->before[i].hook],
		       program->before[i].number,
		       printable(name, sizeof(name), program->before[i].name));
	}
}

static void print_needs(const struct evidence_list *evidence)
{
	for (size_t i = 0; i < evidence->count; i++) {
		const struct evidence *one = &evidence->list[i];
		char text[VIP_TEXT_LEN];

		if (!one->vip.version && one->needed_ago_ms == REDIRECT_NEVER)
			continue;
		printf("vip %s sockets %" PRIu64 " tracked %" PRIu64 " needed ",
		       redirect_vip_text(text, &one->vip), one->tcp + one->udp, one->tracked);
		if (one->needed_ago_ms == REDIRECT_NEVER)
			printf("never\n");
		else
			printf("%" PRIu64 " s ago\n", one->needed_ago_ms / 1000);
	}
}

static void print_exchanged(const struct redirect_peers *peers)
{
	for (uint32_t i = 0; i < peers->count; i++) {
		const struct redirect_peer *peer = &peers->list[i];
		char text[VIP_TEXT_LEN];

		if (peer->packets[PEER_RECEIVED] || peer->packets[PEER_PASSED_ON])
			printf("peer %s received %" PRIu64 " needed %" PRIu64 " passed_on %" PRIu64
			       "\n",
			       redirect_vip_text(text, &peer->address),
			       peer->packets[PEER_RECEIVED], peer->packets[PEER_NEEDED],
			       peer->packets[PEER_PASSED_ON]);
	}
}

static void print_syn_queues(const struct everything *all)
{
	if (syn_settings_answer(&all->program.syn))
		printf("syn-cookies on\n");
	for (uint32_t i = 0; i < all->syn.count; i++) {
		const struct syn_report *one = &all->syn.list[i];
		char text[SYN_SERVICE_TEXT_LEN];

		printf("syn-queue %s ", syn_service_text(text, &one->service));
		if (one->engaged)
			printf("engaged %" PRIu64 " s", one->since_ago_ms / 1000);
		else
			printf("disengaged");
		printf(" answered %" PRIu64 " completed %" PRIu64 " refused %" PRIu64 "\n",
		       one->queue.answered, one->queue.completed, one->queue.refused);
	}
}

/* --- JSON --- */

static void write_rules(struct writer *w, const struct netfilter_rules *rules)
{
	write_open(w, "rules", '[');
	if (rules->translate)
		write_string(w, NULL, "nat");
	if (rules->tproxy)
		write_string(w, NULL, "tproxy");
	if (rules->synproxy)
		write_string(w, NULL, "synproxy");
	write_close(w, ']');
}

static void write_lists_of(struct writer *w, const struct redirect_status *program)
{
	char text[SERVICE_TEXT_LEN];

	_Static_assert((int)SENDER_TEXT_LEN <= (int)SERVICE_TEXT_LEN, "room for either");
	write_open(w, "from", '[');
	for (uint32_t i = 0; i < program->from.count; i++)
		write_string(w, NULL, sender_text(text, &program->from.list[i]));
	write_close(w, ']');
	write_open(w, "udp", '[');
	for (uint32_t i = 0; i < program->udp.count; i++)
		write_string(w, NULL, service_text(text, &program->udp, i));
	write_close(w, ']');
	write_open(w, "before", '[');
	for (unsigned int i = 0; i < program->before_count; i++) {
		write_open(w, NULL, '{');
		write_string(w, "hook", hooks[program->before[i].hook]);
		write_uint(w, "number", program->before[i].number);
		write_string(w, "name", program->before[i].name);
		write_close(w, '}');
	}
	write_close(w, ']');
}

static void write_everything(const struct everything *all)
{
	struct writer w = {.out = stdout};

	write_open(&w, NULL, '{');
	write_string(&w, "hook", hooks[all->program.hook]);
	write_uint(&w, "program", all->program.program_id);
	write_string(&w, "conntrack", all->program.asks_conntrack ? "asked" : "unavailable");
	write_rules(&w, &all->rules);
	write_lists_of(&w, &all->program);
	write_open(&w, "vips", '[');
	for (size_t i = 0; i < all->evidence.count; i++) {
		write_open(&w, NULL, '{');
		evidence_write(&w, &all->evidence.list[i]);
		write_close(&w, '}');
	}
	write_close(&w, ']');
	redirect_write_peers(&w, &all->peers);
	write_string(&w, "syn_cookies", syn_settings_answer(&all->program.syn) ? "on" : "off");
	syn_reports_write(&w, &all->syn);
	write_close(&w, '}');
}

int run_status(const struct command_line *line)
{
	const char *device = line->args[0];
	int ifindex = redirect_find_device(line);
	struct everything all = {0};

	if (!ifindex)
		return EXIT_REFUSED;

	int error = redirect_read_status(ifindex, &all.program);

	if (error)
		return redirect_refuse(device, redirect_reason(error));
	netfilter_read_rules(&all.rules);
	if (evidence_read(&all.evidence, ifindex))
		all.evidence = (struct evidence_list){0};
	if (redirect_read_peers(ifindex, &all.peers))
		all.peers.count = 0;
	if (redirect_read_syn_queues(ifindex, &all.syn))
		all.syn.count = 0;
	if (command_has(line, OPTION_JSON)) {
		write_everything(&all);
	} else {
		print_place(&all);
		print_lists(&all.program);
		print_syn_queues(&all);
		print_needs(&all.evidence);
		print_exchanged(&all.peers);
	}
	evidence_free(&all.evidence);
	return redirect_flush(device);
}
