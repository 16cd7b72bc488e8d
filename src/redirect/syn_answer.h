/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which SYNs can be answered, and what is in the answer?
 */
#ifndef GLB_REDIRECT_SYN_ANSWER_H
#define GLB_REDIRECT_SYN_ANSWER_H

#include "syn_work.h"

enum {
	SYN_HOP_LIMIT = 64,
	SYN_NOPS = 0x01010101,
	SYN_ANSWER_FLAGS = GLB_TCP_SYN | GLB_TCP_ACK,
	SYN_HEADER_MAX = GLB_TCP_LEN + TCP_OPTIONS_LEN_MAX,
	/* flags that decide what a segment is; ECE and CWR of a SYN are an offer (RFC 3168) */
	SYN_FLAGS = GLB_TCP_SYN | GLB_TCP_ACK | GLB_TCP_RST | GLB_TCP_FIN,
};

/* The sum of the pseudo-header of a segment between these ends: the same in both directions. */
GLB_INLINE uint64_t sum_of_ends(const struct syn_ends *ends, uint32_t tcp_len)
{
	uint64_t sum = (uint64_t)GLB_BE32(GLB_PROTO_TCP) + GLB_BE32(tcp_len);

	for (int i = 0; i < 4; i++)
		sum += (uint64_t)ends->client[i] + ends->vip[i];
	return sum;
}

/*
 * Is it a SYN that can be answered here: whole, without data, without IP options, with a right
 * checksum, and not signed?
 */
GLB_INLINE bool is_simple_syn(struct syn_work *work)
{
	uint32_t header_len = (uint32_t)(syn_tcp_byte(work, 12) >> 4) * 4;
	uint32_t first = GLB_BE32(work->ip[0]);
	uint32_t second = GLB_BE32(work->ip[1]);
	bool v4 = work->ends.version == 4;
	bool plain = v4 ? first >> 24 == (4 << 4 | GLB_IPV4_LEN / 4) && !(second & 0x3fff)
			: (second >> 8 & 0xff) == GLB_PROTO_TCP;
	uint32_t len = v4 ? (first & 0xffff) - GLB_IPV4_LEN : second >> 16;

	if (!plain || len != header_len || work->options.is_signed ||
	    (syn_tcp_byte(work, 13) & SYN_FLAGS) != GLB_TCP_SYN)
		return false;

	/* the room behind the options is 0, and adds nothing */
	int64_t sum = bpf_csum_diff(NULL, 0, work->tcp.fixed, SYN_HEADER_MAX, 0);

	return sum >= 0 && !glb_sum_check(sum_of_ends(&work->ends, len) + (uint64_t)sum);
}

/* What the client said, of which the settings of this host permit a part. False: too little. */
GLB_INLINE bool take_options(struct syn_said *said, const struct syn_work *work,
			     const struct syn_listener *listener)
{
	uint16_t least = work->ends.version == 4 ? SYN_MSS_DEFAULT_V4 : SYN_MSS_DEFAULT_V6;

	said->mss = work->options.mss ? work->options.mss : least;
	said->sack = work->options.sack && listener->sack;
	said->wscale = listener->wscale ? work->options.wscale : TCP_WSCALE_NONE;
	return said->mss >= least;
}

/*
 * Writes the options of the answer: offered only if the client has (RFC 7323 sections 2.2 and 3.2,
 * RFC 2018 section 2). NOPs stand for the others.
 */
GLB_INLINE void write_options(uint32_t *out, const struct syn_work *work,
			      const struct syn_listener *listener, uint32_t offset)
{
	uint16_t mss = work->ends.version == 4 ? glb_syn.mss4 : glb_syn.mss6;
	uint32_t sack = work->said.sack ? TCP_OPTION_SACK << 8 | 2 : SYN_NOPS & 0xffff;

	if (listener->user_mss && listener->user_mss < mss)
		mss = listener->user_mss;
	out[0] = GLB_BE32((uint32_t)(TCP_OPTION_MSS << 24 | 4 << 16) | mss);
	if (work->options.timestamp && listener->timestamps) {
		out[1] = GLB_BE32(sack << 16 | TCP_OPTION_TIMESTAMP << 8 | 10);
		out[2] = GLB_BE32((uint32_t)(bpf_ktime_get_ns() / 1000000) + offset);
		out[3] = GLB_BE32(work->options.tsval);
	} else {
		out[1] = GLB_BE32(sack << 16 | (SYN_NOPS & 0xffff));
		out[2] = SYN_NOPS;
		out[3] = SYN_NOPS;
	}
	out[4] = work->said.wscale == TCP_WSCALE_NONE
			 ? SYN_NOPS
			 : GLB_BE32((uint32_t)(TCP_OPTION_NOP << 24 | TCP_OPTION_WSCALE << 16 |
					       3 << 8) |
				    glb_syn.wscale);
}

/* Writes the TCP header of the answer, with its checksum. */
GLB_INLINE void write_answer_tcp(uint32_t *tcp, const struct syn_work *work, uint32_t cookie,
				 uint32_t offset)
{
	const struct syn_ends *ends = &work->ends;
	uint16_t mss =
		syn_cookie_mss(syn_cookie_mss_index(work->said.mss, ends->version), ends->version);

	tcp[0] = GLB_BE32((uint32_t)ends->vip_port << 16 | ends->client_port);
	tcp[1] = GLB_BE32(cookie);
	tcp[2] = GLB_BE32(ends->client_isn + 1);
	tcp[3] = GLB_BE32((uint32_t)(SYN_TCP_LEN / 4) << 28 | SYN_ANSWER_FLAGS << 16 |
			  syn_window(&work->listener, mss));
	tcp[4] = 0;
	write_options(tcp + 5, work, &work->listener, offset);

	int64_t sum = bpf_csum_diff(NULL, 0, tcp, SYN_TCP_LEN, 0);

	*(uint16_t *)(tcp + 4) = glb_sum_check(sum_of_ends(ends, SYN_TCP_LEN) + (uint64_t)sum);
}

/* Writes the IP header of the answer, as the kernel does: identification 0, and not fragmented. */
GLB_INLINE void write_answer_ip(uint32_t *ip, const struct syn_ends *ends)
{
	if (ends->version == 4) {
		ip[0] = GLB_BE32((uint32_t)(4 << 4 | GLB_IPV4_LEN / 4) << 24 |
				 (GLB_IPV4_LEN + SYN_TCP_LEN));
		ip[1] = GLB_BE32(0x4000);
		ip[2] = GLB_BE32(SYN_HOP_LIMIT << 24 | GLB_PROTO_TCP << 16);
		ip[3] = ends->vip[0];
		ip[4] = ends->client[0];

		uint64_t sum = (uint64_t)ip[0] + ip[1] + ip[2] + ip[3] + ip[4];

		*((uint16_t *)(ip + 2) + 1) = glb_sum_check(sum);
		return;
	}
	ip[0] = GLB_BE32(6U << 28);
	ip[1] = GLB_BE32(SYN_TCP_LEN << 16 | GLB_PROTO_TCP << 8 | SYN_HOP_LIMIT);
	for (int i = 0; i < 4; i++) {
		ip[2 + i] = ends->vip[i];
		ip[6 + i] = ends->client[i];
	}
}

/* Replaces the SYN by the answer at work, whose IP header has ip_len bytes. */
GLB_INLINE bool replace_syn(const struct syn_work *work, struct __sk_buff *skb, uint32_t ip_len)
{
	const uint32_t len = IP_AT + ip_len + SYN_TCP_LEN;

	if (skb->vlan_present && bpf_skb_vlan_pop(skb)) /* a priority tag, as in forward() */
		return false;
	return (skb->len == len || !bpf_skb_change_tail(skb, len, 0)) &&
	       !bpf_skb_store_bytes(skb, IP_AT, work->answer_ip, ip_len, BPF_F_RECOMPUTE_CSUM) &&
	       !bpf_skb_store_bytes(skb, IP_AT + ip_len, work->answer_tcp, SYN_TCP_LEN,
				    BPF_F_RECOMPUTE_CSUM);
}

#endif
