/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where would the kernel route a packet with these addresses: up the stack, onward, or back?
 */
#ifndef GLB_REDIRECT_ROUTES_H
#define GLB_REDIRECT_ROUTES_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <glb/net.h>

#include "own_address.h"

enum {
	FAMILY_INET = 2, /* AF_INET and AF_INET6, which no freestanding header defines */
	FAMILY_INET6 = 10,
};

/*
 * The device on which the kernel would forward a packet received on the skb's device; 0 if it would
 * deliver it locally or drop it. A host that does not forward drops packets for others. A route
 * that rejects packets yields the device they came in on.
 */
GLB_INLINE uint32_t way_on(struct __sk_buff *skb, struct bpf_fib_lookup *route)
{
	route->ifindex = skb->ifindex;

	long answer = bpf_fib_lookup(skb, route, sizeof(*route), 0);

	if (answer == BPF_FIB_LKUP_RET_NOT_FWDED || answer == BPF_FIB_LKUP_RET_FWD_DISABLED)
		return 0;
	return route->ifindex;
}

/* Would a packet with this IP header, for the GUE port, be delivered locally? */
GLB_INLINE bool is_addressed_here(struct __sk_buff *skb, const uint8_t *ip, uint8_t version)
{
	struct bpf_fib_lookup route = {
		.family = version == 4 ? FAMILY_INET : FAMILY_INET6,
		.l4_protocol = GLB_PROTO_UDP,
	};

	if (version == 4) {
		route.ipv4_src = glb_load32(GLB_IN_HEADER(ip + 12));
		route.ipv4_dst = glb_load32(GLB_IN_HEADER(ip + 16));
	} else {
		__builtin_memcpy(route.ipv6_src, GLB_IN_HEADER(ip + 8), 16);
		__builtin_memcpy(route.ipv6_dst, GLB_IN_HEADER(ip + 24), 16);
	}
	return !way_on(skb, &route);
}

/* Fills in a route lookup from the addresses of an IP header at these offsets. */
GLB_INLINE bool read_ends(struct bpf_fib_lookup *route, struct __sk_buff *skb, uint32_t src_at,
			  uint32_t dst_at)
{
	bool v4 = dst_at - src_at == 4 || src_at - dst_at == 4;

	*route = (struct bpf_fib_lookup){.family = v4 ? FAMILY_INET : FAMILY_INET6};
	if (v4)
		return !bpf_skb_load_bytes(skb, src_at, &route->ipv4_src, 4) &&
		       !bpf_skb_load_bytes(skb, dst_at, &route->ipv4_dst, 4);
	return !bpf_skb_load_bytes(skb, src_at, route->ipv6_src, 16) &&
	       !bpf_skb_load_bytes(skb, dst_at, route->ipv6_dst, 16);
}

enum ends_are { FROM_THIS_HOST = 1, GOES_BACK = 2 };

/*
 * Checks the addresses of the IP header at ip_at, given the generation of this host's addresses.
 * Returns an enum ends_are, or 0; never GOES_BACK without `routes`, which saves the lookups for
 * packets that will not be kept. A packet "goes back" if it would leave by the device it came in on
 * or by the one that leads to its source; leaving by any other, it may be bound for a container.
 * Not inlined, so that the verifier checks it once.
 */
__attribute__((noinline)) int look_at_ends(struct __sk_buff *skb, uint32_t ip_at, uint32_t version,
					   uint64_t generation, bool routes)
{
	uint32_t src_at = ip_at + (version == 4 ? 12 : 8);
	uint32_t dst_at = ip_at + (version == 4 ? 16 : 24);
	struct bpf_fib_lookup route;
	uint32_t src[4] = {};

	if (bpf_skb_load_bytes(skb, src_at, src, version == 4 ? 4 : 16))
		return 0;
	if (is_own_address(src, version == 4 ? 4 : 6, generation))
		return FROM_THIS_HOST;
	if (!routes || !read_ends(&route, skb, src_at, dst_at))
		return 0;

	uint32_t device = way_on(skb, &route);

	if (!device)
		return 0;
	if (device == skb->ifindex)
		return GOES_BACK;
	return read_ends(&route, skb, dst_at, src_at) && way_on(skb, &route) == device ? GOES_BACK
										       : 0;
}

#endif
