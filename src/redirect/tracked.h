/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does the kernel's connection tracking claim a packet for which there is no socket?
 *
 * Where a proxy translates (nftables `redirect`, containers with published ports), routes to a
 * container, or hands SYN cookies to a listener on another port (TPROXY), no socket has the
 * addresses and ports that the client knows. Connection tracking does, and the sequence numbers of
 * both ends: a packet is claimed by the rules of tcp_claims.h.
 *
 * An entry alone claims nothing, as anybody can make one with an invented SYN. Until the client has
 * acknowledged the SYN-ACK only what does so is claimed.
 */
#ifndef GLB_REDIRECT_TRACKED_H
#define GLB_REDIRECT_TRACKED_H

#include <glb/parse.h>

#include "tcp_claims.h"

/* Of linux/netfilter/nf_conntrack_common.h and nf_conntrack_tcp.h, which need libc's types. */
enum {
	CT_SEEN_REPLY = 1 << 1, /* IPS_SEEN_REPLY */
	CT_ASSURED = 1 << 2,	/* IPS_ASSURED: the handshake is complete */
	CT_OFFLOAD = 1 << 14,	/* IPS_OFFLOAD: a flow table knows the numbers, and nobody else */
	CT_ORIGINAL = 0,	/* IP_CT_DIR_ORIGINAL: from the client */
	CT_REPLY = 1,
	CT_TIME_WAIT = 7, /* TCP_CONNTRACK_TIME_WAIT; only CLOSE comes after it */
};

/* What the kernel tracks, cut to what is read; the loader finds the places. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ip_ct_tcp_state {
	__u32 td_end;	 /* behind all that this end has sent */
	__u32 td_maxwin; /* the largest window that it offered */
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

/* The first size of it, which later kernels take, too. */
struct bpf_ct_opts {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};

/* Since Linux 5.18, and only where connection tracking is part of the kernel or loaded. */
extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
					 __u32 tuple__sz, struct bpf_ct_opts *opts,
					 __u32 opts__sz) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *ct) __ksym __weak;

/*
 * Set by the loader, and read again by whoever asks for the status; where it is false the kernel
 * looks at no call of these functions. It is in a map of its own, whatever else is constant.
 */
SEC(".rodata.glb_ct") const volatile bool glb_ask_conntrack = false;

/* The numbers of both ends, and what is known of the connection. */
struct tracked {
	uint32_t client_end;
	uint32_t client_window;
	uint32_t here_end;
	uint32_t here_window;
	bool complete;	 /* the client has acknowledged the SYN-ACK */
	bool unfollowed; /* the numbers are of long ago */
	bool over;
};

/* Does a connection that is tracked claim a segment, or an error that quotes one of its own? */
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

/* Linux 6.1 looks into the first part of a union only, so that of TCP is read by its address. */
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
 * Are the numbers of long ago? A flow table that has the connection does not follow them. When it
 * gives an idle one back it clears the windows (flow_offload_fixup_tcp() of the kernel), which are
 * at least 1 otherwise, until both ends have sent something again.
 */
GLB_INLINE bool is_unfollowed(unsigned long status, const struct tracked *tracked)
{
	return status & CT_OFFLOAD || !tracked->client_window || !tracked->here_window;
}

/* Reads what is tracked of a flow; false when nothing is, or no answer of this host. */
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

#endif
