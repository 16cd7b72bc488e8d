/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does the kernel's connection tracking claim a packet for which there is no socket?
 *
 * Where a proxy translates addresses (nftables `redirect`, containers with published ports), routes
 * to a container, or passes SYN cookies to a listener on another port (TPROXY), no socket has the
 * addresses and ports that the client uses. Connection tracking has them, along with the sequence
 * numbers of both ends: a packet is claimed by the rules of tcp_claims.h.
 *
 * The existence of an entry claims nothing, as a forged SYN creates one. Until the client has
 * acknowledged the SYN-ACK, only packets that do so are claimed.
 */
#ifndef GLB_REDIRECT_TRACKED_H
#define GLB_REDIRECT_TRACKED_H

#include <glb/parse.h>

#include "tcp_claims.h"

/* Of linux/netfilter/nf_conntrack_common.h and nf_conntrack_tcp.h, which need libc's types. */
enum {
	CT_SEEN_REPLY = 1 << 1, /* IPS_SEEN_REPLY */
	CT_ASSURED = 1 << 2,	/* IPS_ASSURED: the handshake is complete */
	CT_OFFLOAD = 1 << 14,	/* IPS_OFFLOAD: only a flow table follows the numbers */
	CT_ORIGINAL = 0,	/* IP_CT_DIR_ORIGINAL: from the client */
	CT_REPLY = 1,
	CT_TIME_WAIT = 7, /* TCP_CONNTRACK_TIME_WAIT; only CLOSE comes after it */
};

/* The kernel's structures, reduced to the members used; the loader relocates them. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ip_ct_tcp_state {
	__u32 td_end;	 /* end of the data that this side has sent */
	__u32 td_maxwin; /* the largest window that it has offered */
};
struct ip_ct_tcp {
	struct ip_ct_tcp_state seen[2];
	__u8 state;
};
union nf_conntrack_proto {
	struct ip_ct_tcp tcp;
};
struct nf_conn {
	unsigned long status;
	union nf_conntrack_proto proto;
};
#pragma clang attribute pop

/* In its first size, which later kernels still accept. */
struct bpf_ct_opts {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};

/* Since Linux 5.18, and only if connection tracking is built in or loaded. */
extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
					 __u32 tuple__sz, struct bpf_ct_opts *opts,
					 __u32 opts__sz) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *ct) __ksym __weak;

/*
 * Set by the loader and read back for the status. If false, the verifier removes the calls of these
 * functions. In a map of its own, apart from other constants.
 */
SEC(".rodata.glb_ct") const volatile bool glb_ask_conntrack = false;

/* The numbers of both ends, and the state of the connection. */
struct tracked {
	uint32_t client_end;
	uint32_t client_window;
	uint32_t here_end;
	uint32_t here_window;
	bool complete;	 /* the client has acknowledged the SYN-ACK */
	bool unfollowed; /* the numbers are out of date */
	bool over;
};

/* Does a tracked connection claim a segment, or an ICMP error that quotes one of ours? */
GLB_INLINE bool tracked_claims(const struct tracked *tracked, const struct tcp_numbers *segment)
{
	if (!tracked->complete) {
		if (segment->quoted)
			return segment->seq == tracked->here_end - 1;
		if (segment->flags & GLB_TCP_ACK && segment->ack == tracked->here_end)
			return true;
		return segment->flags & GLB_TCP_RST && segment->seq == tracked->client_end;
	}
	if (tracked->unfollowed)
		return true;

	uint32_t late = larger(tracked->client_window, LATE_MAX);

	if (segment->quoted)
		return !tracked->over && is_near(segment->seq, tracked->here_end, late, 0);
	if (!is_near(segment->seq, tracked->client_end, larger(tracked->here_window, LATE_MAX),
		     tracked->over ? 0 : tracked->here_window))
		return false;
	return !acknowledges(segment) || is_near(segment->ack, tracked->here_end, late, 0);
}

/* The verifier of Linux 6.1 resolves only the first member of a union, so the TCP member is read
 * by address. */
GLB_INLINE uint32_t read_kernel32(const __u32 *at)
{
	uint32_t value = 0;

	(void)bpf_probe_read_kernel(&value, sizeof(value), at);
	return value;
}

GLB_INLINE uint8_t read_kernel8(const __u8 *at)
{
	uint8_t value = 0;

	(void)bpf_probe_read_kernel(&value, sizeof(value), at);
	return value;
}

/*
 * Are the numbers out of date? A flow table does not update them while it has the connection. On
 * returning an idle one it clears the windows, which are otherwise at least 1, until both ends have
 * sent again (flow_offload_fixup_tcp() in the kernel).
 */
GLB_INLINE bool is_unfollowed(unsigned long status, const struct tracked *tracked)
{
	return status & CT_OFFLOAD || !tracked->client_window || !tracked->here_window;
}

/* Reads the tracking entry of a flow; false if there is none, or this host has not replied yet. */
GLB_INLINE bool read_tracked(struct tracked *tracked, struct __sk_buff *skb,
			     struct bpf_sock_tuple *tuple, uint32_t tuple_len)
{
	struct bpf_ct_opts opts = {.netns_id = BPF_F_CURRENT_NETNS, .l4proto = GLB_PROTO_TCP};
	struct nf_conn *ct = bpf_skb_ct_lookup(skb, tuple, tuple_len, &opts, sizeof(opts));

	if (!ct)
		return false;

	unsigned long status = ct->status;
	const struct ip_ct_tcp *tcp = &ct->proto.tcp;

	*tracked = (struct tracked){
		.client_end = read_kernel32(&tcp->seen[CT_ORIGINAL].td_end),
		.client_window = read_kernel32(&tcp->seen[CT_ORIGINAL].td_maxwin),
		.here_end = read_kernel32(&tcp->seen[CT_REPLY].td_end),
		.here_window = read_kernel32(&tcp->seen[CT_REPLY].td_maxwin),
		.complete = status & CT_ASSURED,
		.over = read_kernel8(&tcp->state) >= CT_TIME_WAIT,
	};
	tracked->unfollowed = is_unfollowed(status, tracked);
	bpf_ct_release(ct);
	return status & CT_SEEN_REPLY && opts.dir == CT_ORIGINAL;
}

/*
 * Has this host replied to a UDP flow that the client began? Entries of UDP last for
 * nf_conntrack_udp_timeout_stream after the last packet, two minutes by default. An ICMP error of
 * this host is no reply.
 */
GLB_INLINE bool is_tracked_udp(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
			       uint32_t tuple_len)
{
	struct bpf_ct_opts opts = {.netns_id = BPF_F_CURRENT_NETNS, .l4proto = GLB_PROTO_UDP};
	struct nf_conn *ct = bpf_skb_ct_lookup(skb, tuple, tuple_len, &opts, sizeof(opts));

	if (!ct)
		return false;

	unsigned long status = ct->status;

	bpf_ct_release(ct);
	return status & CT_SEEN_REPLY && opts.dir == CT_ORIGINAL;
}

#endif
