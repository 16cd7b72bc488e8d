/* SPDX-License-Identifier: BSD-3-Clause */
#include "attachment.h"

#pragma GCC diagnostic push /* generated code, with the program in one string literal */
#pragma GCC diagnostic ignored "-Woverlength-strings"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "redirect.skel.h"
#pragma GCC diagnostic pop

#include "clsact.h"
#include "places.h"
#include "redirect/host/netfilter.h"
#include "syn_settings.h"
#include "sys/log.h"
#include "vips.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ATTEMPTS = 5 }; /* when other commands interfere */

/* --- Load --- */

static int discard(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN)
		log_lines_args(LOG_LEVEL_WARNING, format, args);
	return 0;
}

/* What a program inherits from the previous one, or is given. */
struct heritage {
	int counters_fd;	     /* counters to continue, or -1 */
	int senders_fd;		     /* map of permitted senders, or -1: everybody, unless given */
	int services_fd;	     /* map of UDP services, or -1: none, unless given */
	int vips_fd;		     /* counts of VIPs to continue, or -1 */
	int peers_fd;		     /* counts of other hops to continue, or -1 */
	int syn_key_fd;		     /* secret of SYN cookies to continue, or -1 */
	int syn_queues_fd;	     /* state of SYN queues to continue, or -1 */
	struct syn_settings syn;     /* of answers to SYNs; zero: none */
	struct redirect_lists given; /* instead of the maps */
};

/* Applies what is inherited to a program that is not loaded yet. */
static int inherit(struct redirect_bpf *skeleton, const struct heritage *heritage)
{
	const struct services *udp = heritage->given.udp;
	int error = 0;

	skeleton->rodata->glb_limits_senders = heritage->given.from || heritage->senders_fd >= 0;
	skeleton->rodata->glb_has_services = udp ? udp->count : heritage->services_fd >= 0;
	if (heritage->counters_fd >= 0)
		error = bpf_map__reuse_fd(skeleton->maps.glb_counters, heritage->counters_fd);
	if (!error && heritage->vips_fd >= 0)
		error = bpf_map__reuse_fd(skeleton->maps.glb_vips, heritage->vips_fd);
	if (!error && heritage->peers_fd >= 0)
		error = bpf_map__reuse_fd(skeleton->maps.glb_peers, heritage->peers_fd);
	if (!error && heritage->syn_key_fd >= 0)
		error = bpf_map__reuse_fd(skeleton->maps.glb_syn_key, heritage->syn_key_fd);
	if (!error && heritage->syn_queues_fd >= 0)
		error = bpf_map__reuse_fd(skeleton->maps.glb_syn_queues, heritage->syn_queues_fd);
	if (!error && !heritage->given.from && heritage->senders_fd >= 0)
		error = bpf_map__reuse_fd(skeleton->maps.glb_senders, heritage->senders_fd);
	if (!error && !udp && heritage->services_fd >= 0)
		error = bpf_map__reuse_fd(skeleton->maps.glb_services, heritage->services_fd);
	return error;
}

/* Writes the lists that were given into the maps of a program that is loaded. */
static int write_lists(struct redirect_bpf *skeleton, const struct redirect_lists *given)
{
	int error = 0;

	if (given->from)
		error = senders_write(bpf_map__fd(skeleton->maps.glb_senders), given->from);
	if (!error && given->udp)
		error = services_write(bpf_map__fd(skeleton->maps.glb_services), given->udp);
	return error;
}

/* What of the kernel's functions a program calls, and not all kernels have. */
struct calls {
	bool conntrack; /* lookups of connections without a socket */
	bool reqsk;	/* answers to SYNs, if the settings want any */
};

/* Loads the program with these calls. */
static int attachment_load(struct redirect_bpf **out, const struct heritage *heritage,
			   struct calls calls)
{
	struct redirect_bpf *skeleton = redirect_bpf__open();

	if (!skeleton)
		return -errno;

	skeleton->rodata_glb_ct->glb_ask_conntrack = calls.conntrack;
	if (calls.reqsk)
		skeleton->rodata_glb_syn->glb_syn = heritage->syn;

	int error = inherit(skeleton, heritage);

	if (!error)
		error = redirect_bpf__load(skeleton);
	if (!error)
		error = write_lists(skeleton, &heritage->given);
	if (!error)
		error = redirect_begin_vips(bpf_map__fd(skeleton->maps.glb_vips));
	if (!error)
		error = syn_key_begin(bpf_map__fd(skeleton->maps.glb_syn_key));
	if (error) {
		redirect_bpf__destroy(skeleton);
		return error;
	}
	*out = skeleton;
	return 0;
}

/*
 * Loads the program with all calls that the kernel permits: most permit lookups in connection
 * tracking. If it refuses the program without any, loads once more to print its reasons.
 */
static int load_or_explain(struct redirect_bpf **out, const struct heritage *heritage)
{
	const struct calls tries[] = {{true, true}, {false, true}, {true, false}, {false, false}};
	const struct calls none = {false, false};
	int error = -EINVAL;

	netfilter_load_conntrack();
	for (size_t i = syn_settings_answer(&heritage->syn) ? 0 : 2;
	     i < sizeof(tries) / sizeof(*tries); i++) {
		error = attachment_load(out, heritage, tries[i]);
		if (!error || error == -EPERM)
			return error;
	}
	libbpf_set_print(print_warnings);
	error = attachment_load(out, heritage, none) ? -ENOEXEC : 0;
	libbpf_set_print(discard);
	return error;
}

/* What the program on a device passes to the next one: no map that is empty. */
static int read_heritage(const struct ours *old, struct heritage *heritage)
{
	struct senders senders = {0};
	struct services services = {0};
	int error = old->senders_fd < 0 ? 0 : senders_read(old->senders_fd, &senders);

	if (!error && old->services_fd >= 0)
		error = services_read(old->services_fd, &services);
	heritage->counters_fd = old->counters_fd;
	heritage->senders_fd = senders.count ? old->senders_fd : -1;
	heritage->services_fd = services.count ? old->services_fd : -1;
	heritage->vips_fd = old->vips_fd;
	heritage->peers_fd = old->peers_fd;
	heritage->syn_key_fd = old->syn_key_fd;
	heritage->syn_queues_fd = old->syn_queues_fd;
	return error;
}

/* --- Attach, detach, read --- */

/*
 * Leaves a single program of ours in the tcx list: two concurrent commands that find none both
 * attach one. The first in the list, the last one attached, stays, whichever command gets here
 * first.
 */
static int leave_one(int ifindex)
{
	for (;;) {
		struct places now;
		int error = places_find(ifindex, &now);

		if (error)
			return error == -EPERM ? 0 : error; /* a user who may attach may lack the
							       right to inspect */
		if (now.second.id)
			error = tcx_detach(ifindex, now.second.program_fd);

		bool done = !now.second.id;

		places_release(&now);
		if (done || (error && error != -ENOENT))
			return error;
	}
}

/*
 * Attaches a program where it belongs, then detaches the old one from where it does not. While both
 * are attached, the first one decides, and its packets do not reach the other as GUE.
 */
static int place_program(int ifindex, int program_fd, const struct places *old,
			 enum redirect_hook hook)
{
	int error;

	if (hook == REDIRECT_TCX) {
		error = tcx_attach(ifindex, program_fd, old->tcx.program_fd);
		if (!error && old->clsact.id)
			error = clsact_detach(ifindex);
		return error ? error : leave_one(ifindex);
	}
	error = clsact_attach(ifindex, program_fd, old->clsact.id != 0);
	if (error || !old->tcx.id)
		return error;
	error = leave_one(ifindex);
	return error ? error : tcx_detach(ifindex, old->tcx.program_fd);
}

/*
 * As redirect_attach(), but fails when another command interferes: -ENOENT if the program to be
 * replaced has gone, -EEXIST if one has appeared.
 */
static int attach_once(int ifindex, enum redirect_hook hook, const struct redirect_lists *lists)
{
	struct heritage heritage = {
		.counters_fd = -1,
		.senders_fd = -1,
		.services_fd = -1,
		.vips_fd = -1,
		.peers_fd = -1,
		.syn_key_fd = -1,
		.syn_queues_fd = -1,
		.given = *lists,
	};
	bool answers_syns = lists->syn_cookies && *lists->syn_cookies;
	struct redirect_bpf *skeleton = NULL;
	struct places old;
	int error = places_find(ifindex, &old);

	if (error)
		return error;
	if (!old.has_tcx)
		hook = REDIRECT_CLSACT;

	int reason;
	const struct ours *first = places_first(&old, &reason);

	if (first)
		error = read_heritage(first, &heritage);
	if (first && !lists->syn_cookies)
		answers_syns = syn_settings_answer(&first->syn);
	if (answers_syns)
		syn_settings_read(&heritage.syn, ifindex, NULL);
	if (!error && hook == REDIRECT_CLSACT && old.clsact_taken)
		error = -EEXIST;
	if (!error)
		error = load_or_explain(&skeleton, &heritage);
	if (!error) {
		error = place_program(ifindex, bpf_program__fd(skeleton->progs.glb_redirect), &old,
				      hook);
		redirect_bpf__destroy(skeleton);
	}
	places_release(&old);
	return error;
}

int redirect_attach(int ifindex, enum redirect_hook hook, const struct redirect_lists *lists)
{
	int error = -ENOENT;

	libbpf_set_print(discard);
	for (int i = 0; i < ATTEMPTS && (error == -ENOENT || error == -EEXIST); i++)
		error = attach_once(ifindex, hook, lists);
	return error;
}

int redirect_detach(int ifindex)
{
	struct places places;

	libbpf_set_print(discard);

	int error = leave_one(ifindex);

	if (!error)
		error = places_find(ifindex, &places);
	if (error)
		return error;
	if (places_first(&places, &error) && places.tcx.id)
		error = tcx_detach(ifindex, places.tcx.program_fd);
	if (!error && places.clsact.id)
		error = clsact_detach(ifindex);
	places_release(&places);
	return error;
}

/* Sums every counter over `cpus` CPUs. */
static int sum_counters(int counters_fd, int cpus, uint64_t *values)
{
	uint64_t *per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	int error = per_cpu ? 0 : -ENOMEM;

	for (uint32_t i = 0; !error && i < GLB_REDIRECT_COUNTER_COUNT; i++) {
		if (bpf_map_lookup_elem(counters_fd, &i, per_cpu)) {
			error = -errno;
			break;
		}
		values[i] = 0;
		for (int cpu = 0; cpu < cpus; cpu++)
			values[i] += per_cpu[cpu];
	}
	free(per_cpu);
	return error;
}

int redirect_read_counters(int ifindex, uint64_t *values)
{
	struct places places;

	libbpf_set_print(discard);

	int cpus = libbpf_num_possible_cpus();
	int error = cpus < 0 ? cpus : places_find(ifindex, &places);

	if (error)
		return error;

	const struct ours *ours = places_first(&places, &error);

	if (ours)
		error = ours->counters_fd < 0 ? -ENOTSUP
					      : sum_counters(ours->counters_fd, cpus, values);
	places_release(&places);
	return error;
}

/* --- Status --- */

static void add_program(struct redirect_status *status, uint32_t id)
{
	struct bpf_prog_info info = {0};
	struct redirect_before *before = &status->before[status->before_count];
	int fd;

	if (status->before_count == REDIRECT_BEFORE_MAX || places_open_program(id, &fd, &info))
		return; /* it has gone meanwhile */
	close(fd);
	*before = (struct redirect_before){.hook = REDIRECT_TCX, .number = id};
	(void)snprintf(before->name, sizeof(before->name), "%s", info.name);
	status->before_count++;
}

static int add_filters(struct redirect_status *status, int ifindex)
{
	struct clsact_filter filters[REDIRECT_BEFORE_MAX];
	unsigned int count;
	int error =
		clsact_before(ifindex, filters, REDIRECT_BEFORE_MAX - status->before_count, &count);

	if (error)
		return error;
	for (unsigned int i = 0; i < count; i++) {
		struct redirect_before *before = &status->before[status->before_count++];

		*before = (struct redirect_before){.hook = REDIRECT_CLSACT,
						   .number = filters[i].priority};
		(void)snprintf(before->name, sizeof(before->name), "%s", filters[i].kind);
	}
	return 0;
}

int redirect_read_status(int ifindex, struct redirect_status *status)
{
	struct places places;

	libbpf_set_print(discard);

	int error = places_find(ifindex, &places);

	if (error)
		return error;

	const struct ours *ours = places_first(&places, &error);

	if (ours) {
		bool tcx = ours == &places.tcx;

		*status = (struct redirect_status){
			.hook = tcx ? REDIRECT_TCX : REDIRECT_CLSACT,
			.program_id = ours->id,
			.asks_conntrack = ours->asks_conntrack,
			.syn = ours->syn,
		};
		if (ours->senders_fd >= 0)
			error = senders_read(ours->senders_fd, &status->from);
		if (!error && ours->services_fd >= 0)
			error = services_read(ours->services_fd, &status->udp);
		for (uint32_t i = 0; i < (tcx ? places.tcx_at : places.tcx_count); i++)
			add_program(status, places.tcx_ids[i]);
		if (!tcx && !error)
			error = add_filters(status, ifindex);
	}
	places_release(&places);
	return error;
}

/* --- Copy --- */

static bool have_one_tag(int a_fd, int b_fd)
{
	struct bpf_prog_info a = {0};
	struct bpf_prog_info b = {0};
	uint32_t a_len = sizeof(a);
	uint32_t b_len = sizeof(b);

	return !bpf_obj_get_info_by_fd(a_fd, &a, &a_len) &&
	       !bpf_obj_get_info_by_fd(b_fd, &b, &b_len) && !memcmp(a.tag, b.tag, sizeof(a.tag));
}

int redirect_copy_load(struct redirect_copy *out, int ifindex)
{
	struct heritage heritage = {
		.counters_fd = -1,
		.senders_fd = -1,
		.services_fd = -1,
		.vips_fd = -1,
		.peers_fd = -1,
	};
	struct places places;

	libbpf_set_print(discard);

	int error = places_find(ifindex, &places);

	if (error)
		return error;

	const struct ours *ours = places_first(&places, &error);

	if (ours)
		error = read_heritage(ours, &heritage);
	heritage.counters_fd = heritage.vips_fd = heritage.peers_fd = -1;
	heritage.syn_key_fd = heritage.syn_queues_fd = -1;
	if (!error)
		error = attachment_load(&out->skeleton, &heritage,
					(struct calls){.conntrack = ours->asks_conntrack});
	if (!error) {
		out->program_fd = bpf_program__fd(out->skeleton->progs.glb_redirect);
		out->is_same = have_one_tag(ours->program_fd, out->program_fd);
	}
	places_release(&places);
	return error;
}

int redirect_copy_counters(const struct redirect_copy *copy, uint64_t *values)
{
	int cpus = libbpf_num_possible_cpus();

	return cpus < 0
		       ? cpus
		       : sum_counters(bpf_map__fd(copy->skeleton->maps.glb_counters), cpus, values);
}

void redirect_copy_release(struct redirect_copy *copy)
{
	redirect_bpf__destroy(copy->skeleton);
}
