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
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include <glb/parse.h>

#include "counters.h"
#include "syn_answer.h"
#include "tcp_claims.h"

/* Complete, or the loader finds that it is none of the kernel's structures. */
struct sock {
};

/* Since Linux 6.9. */
extern int bpf_sk_assign_tcp_reqsk(struct __sk_buff *skb, struct sock *sk,
				   struct bpf_tcp_req_attrs *attrs, int attrs__sz) __ksym __weak;

/* Is the SYN at work to be answered, by the SYN queue of its listener and by itself? */
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

/* Counts an answer to the SYN at work. */
GLB_INLINE void count_answer(struct syn_work *work)
{
	struct syn_queue *queue = queue_of(work);

	if (queue)
		__sync_fetch_and_add(&queue->answered, 1);
}

/*
 * Turns the SYN that syn_needs_answer() was just asked about into its answer, and sends that along
 * the route to the client. Returns an action; 0: short of memory, and the SYN is for the kernel.
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
	count_answer(work);
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

/*
 * Does a segment, which only a listener might claim, return a SYN cookie of the program? The kernel
 * does not know these, so that it is asked apart from has_syn_cookie().
 */
GLB_INLINE bool has_our_cookie(struct __sk_buff *skb, const struct glb_flow *flow,
			       const struct tunnel *tunnel)
{
	const uint8_t telling = GLB_TCP_SYN | GLB_TCP_RST | GLB_TCP_ACK;

	return answers_syns() && flow->kind != GLB_FLOW_QUOTED &&
	       (flow->tcp_flags & telling) == GLB_TCP_ACK &&
	       returns_our_cookie(skb, IP_AT + tunnel->len, IP_AT + tunnel->len + tunnel->tcp_at,
				  tunnel->client_version);
}

/*
 * Guards the SYN queue of the listener that a kept packet is for: answers a SYN, which changes its
 * fate, or completes a handshake.
 */
GLB_INLINE int guard(struct __sk_buff *skb, const struct tunnel *tunnel, int *fate)
{
	int action = 0;

	if (*fate == GLB_REDIRECT_ACCEPTED_SYN) {
		if (IP_AT + tunnel->tcp_at == syn_tcp_at(tunnel->client_version) &&
		    syn_needs_answer(skb, tunnel->client_version))
			action = answer_syn(skb);
	} else if (*fate == GLB_REDIRECT_ACCEPTED_SYN_COOKIE) {
		(void)complete_handshake(skb, IP_AT + tunnel->tcp_at, tunnel->client_version);
	}
	if (!action)
		return TC_ACT_UNSPEC;
	*fate = GLB_REDIRECT_ANSWERED_SYN;
	return action;
}

#endif
