/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the program know about a segment of a handshake, and where does it keep that?
 */
#ifndef GLB_REDIRECT_SYN_WORK_H
#define GLB_REDIRECT_SYN_WORK_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <glb/net.h>

#include "syn_listener.h"
#include "tunnel.h"

enum { SYN_TCP_LEN = GLB_TCP_LEN + 20 }; /* of an answer: with all options, or NOPs instead */

/* In the order of the kernel's structure. */
struct bpf_tcp_req_attrs {
	__u32 rcv_tsval;
	__u32 rcv_tsecr;
	__u16 mss;
	__u8 rcv_wscale;
	__u8 snd_wscale;
	__u8 ecn_ok;
	__u8 wscale_ok;
	__u8 sack_ok;
	__u8 tstamp_ok;
	__u8 usec_ts_ok;
	__u8 reserved[3];
};

/* The secret of this proxy. It is handed on to later programs, whose clients may hold cookies. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct syn_cookie_key);
} glb_syn_key SEC(".maps");

/* Ports of VIPs whose listener's SYN queue has been full. There is an entry for no other. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SYN_QUEUES_MAX);
	__type(key, struct syn_service);
	__type(value, struct syn_queue);
} glb_syn_queues SEC(".maps");

/* What is at work on a segment. In a map: too large for the stack, and its bytes are unknown to the
 * verifier, which therefore follows one path through the options instead of one per combination. */
struct syn_work {
	uint32_t ip[GLB_IPV6_LEN / 4];
	struct {
		uint32_t fixed[GLB_TCP_LEN / 4];
		uint8_t room[TCP_OPTIONS_ROOM];
	} tcp;
	uint32_t answer_ip[GLB_IPV6_LEN / 4];
	uint32_t answer_tcp[SYN_TCP_LEN / 4];
	struct tcp_options options;
	struct syn_ends ends;
	struct syn_said said;
	struct syn_listener listener;
	struct syn_service service;
	struct syn_queue fresh; /* zero */
	struct bpf_sock_tuple tuple;
	struct bpf_tcp_req_attrs attrs;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct syn_work);
} glb_syn_work SEC(".maps");

/* Set before the program is loaded, and read back for the status. Off: the verifier removes all of
 * this. In a map of its own, apart from other constants. */
SEC(".rodata.glb_syn") const volatile struct syn_settings glb_syn = {};

GLB_INLINE bool answers_syns(void)
{
	return glb_syn.mss4 || glb_syn.mss6;
}

/* Where TCP begins in a decapsulated frame without IP options. */
GLB_INLINE uint32_t syn_tcp_at(uint32_t version)
{
	return IP_AT + (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);
}

GLB_INLINE uint8_t syn_tcp_byte(const struct syn_work *work, uint32_t at)
{
	return ((const uint8_t *)work->tcp.fixed)[at];
}

/* Reads the IP header at ip_at and the fixed TCP header at tcp_at. */
GLB_INLINE bool read_ends_of(struct syn_work *work, struct __sk_buff *skb, uint32_t ip_at,
			     uint32_t tcp_at, uint32_t version)
{
	struct syn_ends *ends = &work->ends;
	const uint32_t *ip = work->ip;

	__builtin_memset(ends, 0, sizeof(*ends));
	if (bpf_skb_load_bytes(skb, tcp_at, work->tcp.fixed, GLB_TCP_LEN))
		return false;
	if (version == 4) {
		if (bpf_skb_load_bytes(skb, ip_at, work->ip, GLB_IPV4_LEN))
			return false;
		ends->client[0] = ip[3];
		ends->vip[0] = ip[4];
	} else {
		if (bpf_skb_load_bytes(skb, ip_at, work->ip, GLB_IPV6_LEN))
			return false;
		for (int i = 0; i < 4; i++) {
			ends->client[i] = ip[2 + i];
			ends->vip[i] = ip[6 + i];
		}
	}
	ends->version = (uint8_t)version;
	ends->client_port = (uint16_t)(GLB_BE32(work->tcp.fixed[0]) >> 16);
	ends->vip_port = (uint16_t)GLB_BE32(work->tcp.fixed[0]);
	ends->client_isn = GLB_BE32(work->tcp.fixed[1]);
	return true;
}

/* The queue of the port that the segment at work is for. NULL: it has never been full. */
GLB_INLINE struct syn_queue *queue_of(struct syn_work *work)
{
	const struct syn_ends *ends = &work->ends;
	struct syn_service *service = &work->service;

	service->vip.words[0] = ends->vip[0] | (uint64_t)ends->vip[1] << 32;
	service->vip.words[1] = ends->vip[2] | (uint64_t)ends->vip[3] << 32;
	service->vip.version = ends->version;
	service->port = ends->vip_port;
	return bpf_map_lookup_elem(&glb_syn_queues, service);
}

/* Makes the entry of a queue that has become full. NULL: there are too many. */
GLB_INLINE struct syn_queue *begin_queue(struct syn_work *work)
{
	(void)bpf_map_update_elem(&glb_syn_queues, &work->service, &work->fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&glb_syn_queues, &work->service);
}

/* Reads the options of the TCP header at tcp_at, whose fixed part has been read. */
GLB_INLINE bool load_syn_options(struct syn_work *work, struct __sk_buff *skb, uint32_t tcp_at)
{
	uint64_t len = (uint64_t)(syn_tcp_byte(work, 12) >> 4) * 4;

	if (len < GLB_TCP_LEN)
		return false;
	len -= GLB_TCP_LEN;
	__builtin_memset(work->tcp.room, 0, sizeof(work->tcp.room));
	__asm__ volatile("" : "+r"(len)); /* as in GLB_BOUND() */
	len &= TCP_OPTIONS_ROOM - 1;
	if (len && bpf_skb_load_bytes(skb, tcp_at + GLB_TCP_LEN, work->tcp.room, (uint32_t)len))
		return false;
	tcp_options_read(&work->options, work->tcp.room, (uint32_t)len);
	return true;
}

/* The socket of the ends at work: to be released, if it is not NULL. */
GLB_INLINE struct bpf_sock *socket_of_ends(struct syn_work *work, struct __sk_buff *skb)
{
	const struct syn_ends *ends = &work->ends;
	struct bpf_sock_tuple *tuple = &work->tuple;

	if (ends->version == 4) {
		tuple->ipv4.saddr = ends->client[0];
		tuple->ipv4.daddr = ends->vip[0];
		tuple->ipv4.sport = GLB_BE16(ends->client_port);
		tuple->ipv4.dport = GLB_BE16(ends->vip_port);
		return bpf_skc_lookup_tcp(skb, tuple, sizeof(tuple->ipv4), BPF_F_CURRENT_NETNS, 0);
	}
	for (int i = 0; i < 4; i++) {
		tuple->ipv6.saddr[i] = ends->client[i];
		tuple->ipv6.daddr[i] = ends->vip[i];
	}
	tuple->ipv6.sport = GLB_BE16(ends->client_port);
	tuple->ipv6.dport = GLB_BE16(ends->vip_port);
	return bpf_skc_lookup_tcp(skb, tuple, sizeof(tuple->ipv6), BPF_F_CURRENT_NETNS, 0);
}

GLB_INLINE struct syn_work *begin_work(void)
{
	const uint32_t first = 0;

	return bpf_map_lookup_elem(&glb_syn_work, &first);
}

#endif
