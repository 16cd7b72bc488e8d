/* SPDX-License-Identifier: BSD-3-Clause */
#include "places.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clsact.h"
#include "counters.h"
#include "peer.h"
#include "service.h"
#include "vip.h"

enum { MAPS_MAX = 16 }; /* more than the program has */

static const char program_name[] = "glb_redirect";
static const char counters_name[] = "glb_counters";
static const char senders_name[] = "glb_senders";
static const char services_name[] = "glb_services";
static const char vips_name[] = "glb_vips";
static const char peers_name[] = "glb_peers";
static const char syn_key_name[] = "glb_syn_key";
static const char syn_queues_name[] = "glb_syn_queues";
static const char syn_name[] = ".rodata.glb_syn";      /* the settings, in syn_work.h */
static const char conntrack_name[] = ".rodata.glb_ct"; /* one constant, in tracked.h */

int places_open_program(uint32_t id, int *fd, struct bpf_prog_info *info)
{
	uint32_t len = sizeof(*info);
	int opened = bpf_prog_get_fd_by_id(id);

	if (opened < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(opened, info, &len)) {
		int error = -errno;

		close(opened);
		return error;
	}
	*fd = opened;
	return 0;
}

/* Are these counters those of this version? */
static bool are_our_counters(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_PERCPU_ARRAY && info->value_size == sizeof(uint64_t) &&
	       info->max_entries == GLB_REDIRECT_COUNTER_COUNT;
}

/* Are these the VIPs of this version? */
static bool are_our_vips(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_PERCPU_ARRAY &&
	       info->value_size == sizeof(struct vip_counts) && info->max_entries == VIPS_ENTRIES;
}

/* Are these the peers of this version? */
static bool are_our_peers(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_PERCPU_ARRAY &&
	       info->value_size == sizeof(struct peer_counts) && info->max_entries == PEERS_ENTRIES;
}

/* Records a map of the SYN cookies; true if it keeps the descriptor. */
static bool note_syn_map(struct ours *ours, int fd, const struct bpf_map_info *info)
{
	const uint32_t first = 0;

	if (!strcmp(info->name, syn_key_name) &&
	    info->value_size == sizeof(struct syn_cookie_key)) {
		ours->syn_key_fd = fd;
		return true;
	}
	if (!strcmp(info->name, syn_queues_name) && info->key_size == sizeof(struct syn_service) &&
	    info->value_size == sizeof(struct syn_queue)) {
		ours->syn_queues_fd = fd;
		return true;
	}
	if (!strcmp(info->name, syn_name) && info->value_size == sizeof(ours->syn) &&
	    bpf_map_lookup_elem(fd, &first, &ours->syn))
		ours->syn = (struct syn_settings){.zero = {0}};
	return false;
}

/* Records a map of a program; true if it keeps the descriptor. */
static bool note_map(struct ours *ours, int fd, const struct bpf_map_info *info, bool *counts)
{
	if (!strcmp(info->name, counters_name)) {
		*counts = true;
		if (are_our_counters(info))
			ours->counters_fd = fd;
		return ours->counters_fd == fd;
	}
	if (!strcmp(info->name, senders_name)) {
		ours->senders_fd = fd;
		return true;
	}
	if (!strcmp(info->name, services_name) && info->key_size == sizeof(struct service) &&
	    info->value_size == sizeof(struct service_rule)) {
		ours->services_fd = fd;
		return true;
	}
	if (!strcmp(info->name, vips_name) && are_our_vips(info)) {
		ours->vips_fd = fd;
		return true;
	}
	if (!strcmp(info->name, peers_name) && are_our_peers(info)) {
		ours->peers_fd = fd;
		return true;
	}
	if (!strcmp(info->name, conntrack_name) && info->value_size == sizeof(bool)) {
		uint32_t first = 0;

		if (bpf_map_lookup_elem(fd, &first, &ours->asks_conntrack))
			ours->asks_conntrack = false;
	}
	return note_syn_map(ours, fd, info);
}

/* Inspects the maps of a program: 0; -ENOENT if it has no counters; or an error of the kernel. */
static int read_maps(struct ours *ours, const uint32_t *map_ids, uint32_t count)
{
	bool counts = false;

	for (uint32_t i = 0; i < count; i++) {
		struct bpf_map_info info = {0};
		uint32_t len = sizeof(info);
		int fd = bpf_map_get_fd_by_id(map_ids[i]);

		if (fd < 0)
			return -errno;
		if (bpf_obj_get_info_by_fd(fd, &info, &len) || !note_map(ours, fd, &info, &counts))
			close(fd);
	}
	return counts ? 0 : -ENOENT;
}

static const struct ours nothing = {
	.program_fd = -1,
	.counters_fd = -1,
	.senders_fd = -1,
	.services_fd = -1,
	.vips_fd = -1,
	.peers_fd = -1,
	.syn_key_fd = -1,
	.syn_queues_fd = -1,
};

static void ours_release(struct ours *ours)
{
	if (ours->program_fd >= 0)
		close(ours->program_fd);
	if (ours->counters_fd >= 0)
		close(ours->counters_fd);
	if (ours->senders_fd >= 0)
		close(ours->senders_fd);
	if (ours->services_fd >= 0)
		close(ours->services_fd);
	if (ours->vips_fd >= 0)
		close(ours->vips_fd);
	if (ours->peers_fd >= 0)
		close(ours->peers_fd);
	if (ours->syn_key_fd >= 0)
		close(ours->syn_key_fd);
	if (ours->syn_queues_fd >= 0)
		close(ours->syn_queues_fd);
	*ours = nothing;
}

/*
 * Opens a program if it is ours by its name and the name of its counters. Returns 0 and sets *ours,
 * to be released; -EEXIST if it is someone else's; -ENOENT if it has gone.
 */
static int open_ours(uint32_t id, struct ours *ours)
{
	uint32_t map_ids[MAPS_MAX] = {0};
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)map_ids};
	struct ours found = nothing;
	int error = places_open_program(id, &found.program_fd, &info);

	if (error)
		return error;
	found.id = id;
	if (info.type != BPF_PROG_TYPE_SCHED_CLS || strcmp(info.name, program_name))
		error = -EEXIST;
	else
		error = read_maps(&found, map_ids,
				  info.nr_map_ids < MAPS_MAX ? info.nr_map_ids : MAPS_MAX);
	if (error) {
		ours_release(&found);
		return error == -ENOENT ? -EEXIST : error;
	}
	*ours = found;
	return 0;
}

void places_release(struct places *places)
{
	ours_release(&places->tcx);
	ours_release(&places->second);
	ours_release(&places->clsact);
}

/* Finds our program in the tcx list, if the kernel has tcx, and a second one of ours. */
static int find_in_tcx(int ifindex, struct places *places)
{
	int error = tcx_list(ifindex, places->tcx_ids, &places->tcx_count);

	if (error == -ENOTSUP)
		return 0;
	if (error)
		return error;
	places->has_tcx = true;
	for (uint32_t i = 0; i < places->tcx_count && !places->second.id; i++) {
		bool first = !places->tcx.id;

		error = open_ours(places->tcx_ids[i], first ? &places->tcx : &places->second);
		if (!error && first)
			places->tcx_at = i;
		if (error && error != -EEXIST && error != -ENOENT)
			return error;
	}
	return 0;
}

/* Finds our program among the filters. */
static int find_in_clsact(int ifindex, struct places *places)
{
	uint32_t id;
	int error = clsact_find(ifindex, &id);

	if (!error)
		error = open_ours(id, &places->clsact);
	places->clsact_taken = error == -EEXIST;
	return error == -ENOENT || error == -EEXIST ? 0 : error;
}

int places_find(int ifindex, struct places *places)
{
	*places = (struct places){.tcx = nothing, .second = nothing, .clsact = nothing};

	int error = find_in_tcx(ifindex, places);

	if (!error)
		error = find_in_clsact(ifindex, places);
	if (error)
		places_release(places);
	return error;
}

const struct ours *places_first(const struct places *places, int *error)
{
	if (places->tcx.id)
		return &places->tcx;
	if (places->clsact.id)
		return &places->clsact;
	*error = places->clsact_taken ? -EEXIST : -ENOENT;
	return NULL;
}
