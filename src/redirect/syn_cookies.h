/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a handshake made with a SYN cookie while the SYN queue of a listener is full?
 *
 * RFC 4987 section 3.6. A SYN that was decapsulated is turned into the SYN-ACK and sent to the
 * client; when the client returns the cookie, the kernel is handed a request socket for it, by
 * bpf_sk_assign_tcp_reqsk() of Linux 6.9, and goes on as after any handshake. In doubt a SYN goes
 * up to the kernel, which has cookies, too. docs/syn-floods.md, docs/decisions/0015-*.md.
 *
 * Functions that are not inlined are checked by the verifier once, and have a stack of their own.
 */
#ifndef GLB_REDIRECT_SYN_COOKIES_H
#define GLB_REDIRECT_SYN_COOKIES_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <glb/net.h>

#include "syn_listener.h"
#include "tcp_claims.h"
#include "tunnel.h"

enum {
	SYN_TCP_LEN = GLB_TCP_LEN + 20, /* of an answer: with all options, or NOPs instead */
	SYN_HOP_LIMIT = 64,
	SYN_NOPS = 0x01010101,
	SYN_ANSWER_FLAGS = GLB_TCP_SYN | GLB_TCP_ACK,
	SYN_HEADER_MAX = GLB_TCP_LEN + TCP_OPTIONS_LEN_MAX,
	/* flags that decide what a segment is; ECE and CWR of a SYN are an offer (RFC 3168) */
	SYN_FLAGS = GLB_TCP_SYN | GLB_TCP_ACK | GLB_TCP_RST | GLB_TCP_FIN,
};

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

struct sock {
}; /* complete, or the loader finds that it is none of the kernel's structures */

/* Since Linux 6.9. */
extern int bpf_sk_assign_tcp_reqsk(struct __sk_buff *skb, struct sock *sk,
				   struct bpf_tcp_req_attrs *attrs, int attrs__sz) __ksym __weak;

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

/* --- Read --- */

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

/* --- The answer --- */

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

/* --- What the program calls --- */

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

/* Is the SYN at work to be answered, by the SYN queue of its listener and by itself? Counts it. */
GLB_INLINE bool needs_answer(const struct tcp_sock *sock, struct syn_work *work,
			     struct __sk_buff *skb)
{
	const struct syn_listener *listener = &work->listener;
	struct syn_queue *queue = queue_of(work);
	uint64_t now_ns = bpf_ktime_get_ns();

	if (!read_listener(&work->listener, sock))
		return false;
	if (!queue && listener->queue_len && listener->queue_len >= listener->queue_max)
		queue = begin_queue(work);
	if (!queue || !syn_is_engaged(queue, listener->queue_len, listener->queue_max, now_ns) ||
	    !load_syn_options(work, skb, syn_tcp_at(work->ends.version)) || !is_simple_syn(work) ||
	    !take_options(&work->said, work, &work->listener))
		return false;
	__sync_fetch_and_add(&queue->answered, 1);
	if (now_ns - queue->answered_ns > SYN_WINDOW_NS) /* other processors read it */
		queue->answered_ns = now_ns;
	return true;
}

/*
 * Is a SYN, decapsulated and of this IP version, to be answered because the SYN queue of its
 * listener is full? If not, it remains for the kernel.
 */
__attribute__((noinline)) int syn_needs_answer(struct __sk_buff *skb, uint32_t version)
{
	struct syn_work *work;
	bool needs = false;

	if (!answers_syns() || !(version == 4 ? glb_syn.mss4 : glb_syn.mss6))
		return 0;
	work = begin_work();
	if (!work || !read_ends_of(work, skb, IP_AT, syn_tcp_at(version), version))
		return 0;

	struct bpf_sock *sock = socket_of_ends(work, skb);

	if (!sock)
		return 0;
	if (sock->state == BPF_TCP_LISTEN) {
		const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sock);

		needs = tcp && needs_answer(tcp, work, skb);
	}
	bpf_sk_release(sock);
	return needs;
}

/*
 * Turns the SYN that syn_needs_answer() was just asked about into its answer, and sends that along
 * the route to the client. Returns an action; 0: short of memory, and the SYN is as it was.
 */
__attribute__((noinline)) int answer_syn(struct __sk_buff *skb)
{
	const uint32_t first = 0;
	const struct syn_cookie_key *key;
	struct syn_work *work;
	uint32_t offset = 0;

	if (!answers_syns())
		return 0;
	key = bpf_map_lookup_elem(&glb_syn_key, &first);
	work = begin_work();
	if (!key || !work)
		return 0;

	uint32_t cookie =
		syn_cookie_make(&offset, key, &work->ends, &work->said, bpf_ktime_get_ns());

	write_answer_ip(work->answer_ip, &work->ends);
	write_answer_tcp(work->answer_tcp, work, cookie, offset);
	if (!(work->ends.version == 4 ? replace_syn(work, skb, GLB_IPV4_LEN)
				      : replace_syn(work, skb, GLB_IPV6_LEN)))
		return 0;
	return (int)bpf_redirect_neigh(skb->ifindex, NULL, 0, 0);
}

/* Does the ACK at work return a cookie of ours? Then fills in what it says. */
GLB_INLINE bool returns_cookie(struct syn_work *work)
{
	const uint32_t first = 0;
	const struct syn_cookie_key *key = bpf_map_lookup_elem(&glb_syn_key, &first);

	work->ends.client_isn -=
		1; /* the segment after the SYN; the client acknowledges cookie + 1 */
	return key && syn_cookie_check(&work->said, key, &work->ends,
				       GLB_BE32(work->tcp.fixed[2]) - 1, bpf_ktime_get_ns());
}

/*
 * Does the ACK whose headers are at these offsets, which is of no connection here and for a
 * listener, return a cookie of ours? Looks only where one may have been sent.
 */
__attribute__((noinline)) int returns_our_cookie(struct __sk_buff *skb, uint32_t ip_at,
						 uint32_t tcp_at, uint32_t version)
{
	struct syn_work *work;
	struct syn_queue *queue;

	if (!answers_syns())
		return 0;
	work = begin_work();
	if (!work || !read_ends_of(work, skb, ip_at, tcp_at, version))
		return 0;
	queue = queue_of(work);
	if (!queue || !syn_expects_cookies(queue, bpf_ktime_get_ns()))
		return 0;
	if (returns_cookie(work))
		return 1;
	__sync_fetch_and_add(&queue->refused, 1);
	return 0;
}

/* What the kernel is to know of the handshake that the ACK at work completes. */
GLB_INLINE struct bpf_tcp_req_attrs attributes_of(const struct syn_work *work)
{
	struct bpf_tcp_req_attrs attrs = {
		.mss = work->said.mss,
		.sack_ok = work->said.sack,
	};

	if (work->options.timestamp) { /* in every segment if it was negotiated: RFC 7323 3.2 */
		attrs.tstamp_ok = 1;
		attrs.rcv_tsval = work->options.tsval;
		attrs.rcv_tsecr = work->options.tsecr;
	}
	if (work->said.wscale != TCP_WSCALE_NONE) {
		attrs.wscale_ok = 1;
		attrs.snd_wscale =
			work->said.wscale > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : work->said.wscale;
		attrs.rcv_wscale = glb_syn.wscale;
	}
	return attrs;
}

/*
 * Hands the kernel the request of a handshake that this ACK, decapsulated, with its TCP header at
 * tcp_at, completes; nothing if its cookie is the kernel's.
 */
__attribute__((noinline)) int complete_handshake(struct __sk_buff *skb, uint32_t tcp_at,
						 uint32_t version)
{
	struct syn_work *work;
	struct syn_queue *queue;

	if (!answers_syns())
		return 0;
	work = begin_work();
	if (!work || !read_ends_of(work, skb, IP_AT, tcp_at, version))
		return 0;
	queue = queue_of(work);
	if (!queue || !syn_expects_cookies(queue, bpf_ktime_get_ns()) ||
	    !load_syn_options(work, skb, tcp_at) || !returns_cookie(work))
		return 0;
	work->attrs = attributes_of(work);

	struct bpf_sock *sock = socket_of_ends(work, skb);

	if (!sock)
		return 0;
	if (sock->state == BPF_TCP_LISTEN) {
		struct sock *listener = (struct sock *)bpf_skc_to_tcp_sock(sock);

		if (listener &&
		    !bpf_sk_assign_tcp_reqsk(skb, listener, &work->attrs, sizeof(work->attrs)))
			__sync_fetch_and_add(&queue->completed, 1);
	}
	bpf_sk_release(sock);
	return 0;
}

#endif
