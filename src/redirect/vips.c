/* SPDX-License-Identifier: BSD-3-Clause */
#include "vips.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "places.h"
#include "sys/clock.h"

/* --- Groups --- */

static const enum vip_group groups[GLB_REDIRECT_COUNTER_COUNT] = {
	[GLB_REDIRECT_ACCEPTED_SYN] = VIP_OPENED,
	[GLB_REDIRECT_ACCEPTED_ESTABLISHED] = VIP_KNOWN,
	[GLB_REDIRECT_ACCEPTED_TRACKED] = VIP_KNOWN,
	[GLB_REDIRECT_ACCEPTED_UDP_CONNECTED] = VIP_KNOWN,
	[GLB_REDIRECT_ACCEPTED_SYN_COOKIE] = VIP_KNOWN,
	[GLB_REDIRECT_ACCEPTED_LAST_RESORT] = VIP_LAST_RESORT,
	[GLB_REDIRECT_ACCEPTED_UDP] = VIP_UNRELATED,
	[GLB_REDIRECT_ACCEPTED_UDP_UNKNOWN] = VIP_OPENED,
	[GLB_REDIRECT_ACCEPTED_QUIC_OPENING] = VIP_OPENED,
	[GLB_REDIRECT_ACCEPTED_QUIC_SERVER_ID] = VIP_KNOWN,
	[GLB_REDIRECT_ACCEPTED_ICMP] = VIP_UNRELATED,
	[GLB_REDIRECT_ACCEPTED_FRAGMENT] = VIP_UNRELATED,
	[GLB_REDIRECT_FORWARDED_TO_SELF] = VIP_UNRELATED,
	[GLB_REDIRECT_FORWARDED_TO_ALTERNATE] = VIP_PASSED_ON,
	[GLB_REDIRECT_RETURNED_TO_FIRST] = VIP_PASSED_ON,
	[GLB_REDIRECT_ANSWERED_SYN] = VIP_OPENED,
	[GLB_REDIRECT_DROPPED_MALFORMED_GUE] = VIP_DROPPED,
	[GLB_REDIRECT_DROPPED_SENDER] = VIP_DROPPED,
	[GLB_REDIRECT_DROPPED_MALFORMED_INNER] = VIP_DROPPED,
	[GLB_REDIRECT_DROPPED_SOURCE] = VIP_DROPPED,
	[GLB_REDIRECT_DROPPED_PROTOCOL] = VIP_DROPPED,
	[GLB_REDIRECT_DROPPED_ROUTED_BACK] = VIP_DROPPED,
	[GLB_REDIRECT_DROPPED_MERGED] = VIP_DROPPED,
	[GLB_REDIRECT_DROPPED_ECN] = VIP_DROPPED,
	[GLB_REDIRECT_DROPPED_NO_MEMORY] = VIP_DROPPED,
};

uint64_t redirect_vip_packets(const struct redirect_vip *vip, enum vip_group group)
{
	uint64_t packets = 0;

	if (group == VIP_NEEDED)
		return vip->needed;
	for (int i = GLB_REDIRECT_TOTAL + 1; i < GLB_REDIRECT_COUNTER_COUNT; i++)
		packets += groups[i] == group ? vip->fates[i] : 0;
	return group == VIP_KNOWN ? packets - vip->needed : packets;
}

const char *vip_group_label(enum vip_group group)
{
	static const char *const labels[] = {
#define VIP_GROUP_LABEL(name, label, sentence) label,
		VIP_GROUPS(VIP_GROUP_LABEL)
#undef VIP_GROUP_LABEL
	};

	return labels[group];
}

struct glb_addr redirect_vip_address(const struct vip *vip)
{
	struct glb_addr address = {.version = (uint8_t)vip->version};

	memcpy(address.bytes, vip->words, sizeof(vip->words));
	return address;
}

struct vip redirect_vip_of(const struct glb_addr *address)
{
	struct vip vip = {.version = address->version};

	memcpy(vip.words, address->bytes, sizeof(vip.words));
	return vip;
}

const char *redirect_vip_text(char out[VIP_TEXT_LEN], const struct vip *vip)
{
	const struct glb_addr addr = redirect_vip_address(vip);

	_Static_assert((int)VIP_TEXT_LEN >= (int)ADDR_TEXT_LEN, "room for an address");
	if (vip->version)
		return addr_text(out, &addr);
	(void)snprintf(out, VIP_TEXT_LEN, "others");
	return out;
}

int redirect_compare_vips(const struct vip *a, const struct vip *b)
{
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	return memcmp(a->words, b->words, sizeof(a->words));
}

/* --- The map --- */

/* One slot, as read: the counts of all CPUs. */
struct slot {
	struct vip_counts *per_cpu;
	int cpus;
};

static int open_slot(struct slot *slot)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	*slot = (struct slot){calloc((size_t)cpus, sizeof(*slot->per_cpu)), cpus};
	return slot->per_cpu ? 0 : -ENOMEM;
}

static int read_slot(struct slot *slot, int map_fd, uint32_t at)
{
	return bpf_map_lookup_elem(map_fd, &at, slot->per_cpu) ? -errno : 0;
}

/* When the map was made, or 0 if nobody has said so yet. */
static uint64_t since_of(const struct slot *others)
{
	uint64_t since_ns = 0;

	for (int cpu = 0; cpu < others->cpus; cpu++)
		since_ns += others->per_cpu[cpu].since_ns;
	return since_ns;
}

int redirect_begin_vips(int map_fd)
{
	const uint32_t others = VIPS_OTHERS;
	struct slot slot;
	int error = open_slot(&slot);

	if (error)
		return error;
	error = read_slot(&slot, map_fd, others);
	if (!error && !since_of(&slot)) {
		slot.per_cpu[0].since_ns = clock_us() * 1000;
		error = bpf_map_update_elem(map_fd, &others, slot.per_cpu, BPF_ANY) ? -errno : 0;
	}
	free(slot.per_cpu);
	return error;
}

/* The milliseconds from a moment, which another CPU may have taken after `now`, until now. */
static uint64_t ago_ms(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? (now_ns - then_ns) / 1000000 : 0;
}

/* The entry of a VIP, made if there is none; that of the others if there are too many. */
static struct redirect_vip *vip_entry(struct redirect_vips *vips, const struct vip *vip)
{
	for (uint32_t i = 0; i < vips->count; i++)
		if (!memcmp(&vips->list[i].vip, vip, sizeof(*vip)))
			return &vips->list[i];
	if (vips->count == VIPS_ENTRIES)
		return &vips->list[0];
	vips->list[vips->count] = (struct redirect_vip){
		.vip = *vip,
		.needed_ago_ms = REDIRECT_NEVER,
	};
	return &vips->list[vips->count++];
}

/* Adds what one CPU has counted. */
static void add_counts(struct redirect_vip *out, const struct vip_counts *counts, uint64_t now_ns)
{
	for (int i = GLB_REDIRECT_TOTAL + 1; i < GLB_REDIRECT_COUNTER_COUNT; i++) {
		out->fates[i] += counts->fates[i];
		out->fates[GLB_REDIRECT_TOTAL] += counts->fates[i];
	}
	out->needed += counts->needed;
	if (counts->needed_ns && ago_ms(now_ns, counts->needed_ns) < out->needed_ago_ms)
		out->needed_ago_ms = ago_ms(now_ns, counts->needed_ns);
}

static int compare_entries(const void *a, const void *b)
{
	return redirect_compare_vips(&((const struct redirect_vip *)a)->vip,
				     &((const struct redirect_vip *)b)->vip);
}

/* Reads all slots of all CPUs, the others first. */
static int read_slots(struct redirect_vips *vips, struct slot *slot, int map_fd)
{
	for (uint32_t at = 0; at < VIPS_ENTRIES; at++) {
		int error = read_slot(slot, map_fd, at);
		uint64_t now_ns = clock_us() * 1000;

		if (error)
			return error;
		if (at == VIPS_OTHERS)
			vips->watched_ms = ago_ms(now_ns, since_of(slot));
		for (int cpu = 0; cpu < slot->cpus; cpu++) {
			const struct vip_counts *counts = &slot->per_cpu[cpu];

			if (at == VIPS_OTHERS || counts->vip.version)
				add_counts(vip_entry(vips, &counts->vip), counts, now_ns);
		}
	}
	qsort(vips->list, vips->count, sizeof(*vips->list), compare_entries);
	return 0;
}

static int read_vip_map(int map_fd, struct redirect_vips *out)
{
	struct redirect_vips *vips = calloc(1, sizeof(*vips));
	struct slot slot;
	int error = vips ? open_slot(&slot) : -ENOMEM;

	if (!error) {
		error = read_slots(vips, &slot, map_fd);
		free(slot.per_cpu);
	}
	if (!error)
		*out = *vips;
	free(vips);
	return error;
}

int redirect_read_vips(int ifindex, struct redirect_vips *out)
{
	struct places places;

	libbpf_set_print(NULL);

	int error = places_find(ifindex, &places);

	if (error)
		return error;

	const struct ours *ours = places_first(&places, &error);

	if (ours)
		error = ours->vips_fd < 0 ? -ENOTSUP : read_vip_map(ours->vips_fd, out);
	places_release(&places);
	return error;
}
