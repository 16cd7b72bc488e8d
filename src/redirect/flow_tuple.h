/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are the kernel's sockets and connection tracking asked about a flow?
 */
#ifndef GLB_REDIRECT_FLOW_TUPLE_H
#define GLB_REDIRECT_FLOW_TUPLE_H

#include <linux/bpf.h>

#include <glb/parse.h>

/* The tuple of a flow for the kernel's lookups. Returns its length in bytes. */
GLB_INLINE uint32_t tuple_of(struct bpf_sock_tuple *tuple, const struct glb_flow *flow)
{
	*tuple = (struct bpf_sock_tuple){};
	if (flow->version == 4) {
		__builtin_memcpy(&tuple->ipv4.saddr, flow->src, 4);
		__builtin_memcpy(&tuple->ipv4.daddr, flow->dst, 4);
		tuple->ipv4.sport = GLB_BE16(flow->src_port);
		tuple->ipv4.dport = GLB_BE16(flow->dst_port);
		return sizeof(tuple->ipv4);
	}
	__builtin_memcpy(tuple->ipv6.saddr, flow->src, 16);
	__builtin_memcpy(tuple->ipv6.daddr, flow->dst, 16);
	tuple->ipv6.sport = GLB_BE16(flow->src_port);
	tuple->ipv6.dport = GLB_BE16(flow->dst_port);
	return sizeof(tuple->ipv6);
}

#endif
