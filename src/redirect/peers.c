/* SPDX-License-Identifier: BSD-3-Clause */
#include "peers.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "sys/writer.h"
#include "vips.h"

const char *peer_group_label(enum peer_group group)
{
	static const char *const labels[] = {
#define PEER_GROUP_LABEL(name, label, sentence) label,
		PEER_GROUPS(PEER_GROUP_LABEL)
#undef PEER_GROUP_LABEL
	};

	return labels[group];
}

void redirect_write_peers(struct writer *w, const struct redirect_peers *peers)
{
	char text[VIP_TEXT_LEN];

	write_open(w, "peers", '[');
	for (uint32_t i = 0; i < peers->count; i++) {
		const struct redirect_peer *peer = &peers->list[i];

		write_open(w, NULL, '{');
		write_string(w, "peer", redirect_vip_text(text, &peer->address));
		for (int group = 0; group < PEER_GROUP_COUNT; group++)
			write_uint(w, peer_group_label(group), peer->packets[group]);
		write_close(w, '}');
	}
	write_close(w, ']');
}

/* --- The map --- */

/*
 * The entry of a hop, made if there is none; that of the others if there are too many, as each CPU
 * may have slots for hops that the other CPUs have none for.
 */
static struct redirect_peer *peer_entry(struct redirect_peers *peers, const struct vip *address)
{
	for (uint32_t i = 0; i < peers->count; i++)
		if (!memcmp(&peers->list[i].address, address, sizeof(*address)))
			return &peers->list[i];
	if (peers->count == PEERS_ENTRIES)
		return &peers->list[0];
	peers->list[peers->count] = (struct redirect_peer){.address = *address};
	return &peers->list[peers->count++];
}

/* Adds what one CPU has counted in a slot. */
static void add_peer(struct redirect_peers *peers, const struct peer_counts *counts, uint32_t at)
{
	struct redirect_peer *peer = peer_entry(peers, &counts->address);

	if (at / PEERS_OF_SIDE == PEERS_AFTER) {
		peer->packets[PEER_PASSED_ON] += counts->packets;
		return;
	}
	peer->packets[PEER_RECEIVED] += counts->packets;
	peer->packets[PEER_NEEDED] += counts->needed;
}

static int compare_peers(const void *a, const void *b)
{
	return redirect_compare_vips(&((const struct redirect_peer *)a)->address,
				     &((const struct redirect_peer *)b)->address);
}

/* Reads all slots of all CPUs, the others first. */
static int read_peer_slots(struct redirect_peers *peers, struct peer_counts *per_cpu, int cpus,
			   int map_fd)
{
	for (uint32_t at = 0; at < PEERS_ENTRIES; at++) {
		if (bpf_map_lookup_elem(map_fd, &at, per_cpu))
			return -errno;
		for (int cpu = 0; cpu < cpus; cpu++)
			if (at % PEERS_OF_SIDE == PEERS_OTHERS || per_cpu[cpu].address.version)
				add_peer(peers, &per_cpu[cpu], at);
	}
	qsort(peers->list, peers->count, sizeof(*peers->list), compare_peers);
	return 0;
}

static int read_peer_map(int map_fd, struct redirect_peers *out)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;

	struct redirect_peers *peers = calloc(1, sizeof(*peers));
	struct peer_counts *per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	int error = peers && per_cpu ? read_peer_slots(peers, per_cpu, cpus, map_fd) : -ENOMEM;

	if (!error)
		*out = *peers;
	free(per_cpu);
	free(peers);
	return error;
}

int redirect_read_peers(int ifindex, struct redirect_peers *out)
{
	struct places places;

	libbpf_set_print(NULL);

	int error = places_find(ifindex, &places);

	if (error)
		return error;

	const struct ours *ours = places_first(&places, &error);

	if (ours)
		error = ours->peers_fd < 0 ? -ENOTSUP : read_peer_map(ours->peers_fd, out);
	places_release(&places);
	return error;
}
