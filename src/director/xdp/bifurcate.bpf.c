/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a packet for the director, or for the kernel of its host?
 *
 * An XDP program for a port of net_af_xdp, which loads it from a file (xdp_prog), finds xsks_map by
 * its name, and enters its sockets. The director finds the other maps through the program, and
 * fills them with its VIPs. What is about none of them goes up the stack as if there were no
 * director. docs/devices.md has the rules.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "subject.h"

/* By queue: the socket of the director's port. A socket that is closed leaves the map. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, XDP_QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

/* During a reload there are the VIPs of two generations. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * XDP_VIPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, XDP_WHOLE_LEN);
	__uint(value_size, sizeof(uint8_t));
} glb_vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 2 * XDP_VIPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct xdp_key));
	__uint(value_size, sizeof(uint8_t));
} glb_prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XDP_FATE_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} glb_packets SEC(".maps");

GLB_INLINE void count_packet(uint32_t fate)
{
	__u64 *value = bpf_map_lookup_elem(&glb_packets, &fate);

	if (value)
		*value += 1;
}

/* What an address is to the director: a set of enum xdp_role. */
GLB_INLINE uint8_t roles_of(const struct xdp_key *key)
{
	const uint8_t *whole = bpf_map_lookup_elem(&glb_vips, (const uint8_t *)key + XDP_WHOLE_AT);
	uint8_t roles = whole ? *whole : 0;

	if (roles & XDP_ROLE_VIP)
		return roles;

	const uint8_t *range = bpf_map_lookup_elem(&glb_prefixes, key);

	return roles | (range ? *range : 0);
}

/* Is the IP packet at the cursor the director's? */
GLB_INLINE bool is_ours(struct glb_cursor cur, uint8_t version)
{
	struct xdp_key key;
	bool is_gue;

	if (!subject_destination(&key, cur, version))
		return false;
	if (roles_of(&key) & XDP_ROLE_VIP)
		return true;
	if (!subject_quoted(&key, &is_gue, cur, version))
		return false;
	return roles_of(&key) & (is_gue ? XDP_ROLE_VIP | XDP_ROLE_SOURCE : XDP_ROLE_VIP);
}

SEC("xdp")
int glb_bifurcate(struct xdp_md *ctx)
{
	struct glb_cursor cur = {(const uint8_t *)(long)ctx->data,
				 (const uint8_t *)(long)ctx->data_end};
	uint8_t version = subject_version(&cur);

	if (!(version == 4 ? is_ours(cur, 4) : version == 6 ? is_ours(cur, 6) : false)) {
		count_packet(XDP_FATE_KERNEL);
		return XDP_PASS;
	}

	/* without a socket, the kernel must not see it: it could refuse it, or route it back */
	int action = (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_DROP);

	count_packet(action == XDP_REDIRECT ? XDP_FATE_DIRECTOR : XDP_FATE_LOST);
	return action;
}

char glb_bifurcate_license[] SEC("license") = "Dual BSD/GPL";
