/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May SYNs for a listener be answered with our cookies just now, and what would the kernel offer?
 *
 * Everything is as the kernel itself would decide it, so that a connection is the same as one whose
 * handshake the kernel has made.
 */
#ifndef GLB_REDIRECT_SYN_LISTENER_H
#define GLB_REDIRECT_SYN_LISTENER_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "syn_queue.h"

/* The largest window that is offered before the window scale applies: a client begins with less. */
enum { SYN_WINDOW_MAX = 32767 };

/*
 * The kernel's structures, reduced to the members used. What follows the three underscores is
 * ignored by the loader; other headers need other members.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct netns_ipv4___syn {
	__u8 sysctl_tcp_syncookies;
	__u8 sysctl_tcp_sack;
	__u8 sysctl_tcp_window_scaling;
	__u8 sysctl_tcp_timestamps;
};
struct net___syn {
	struct netns_ipv4___syn ipv4;
};
typedef struct {
	struct net___syn *net;
} possible_net_t___syn;
struct sock_common___syn {
	possible_net_t___syn skc_net;
};
struct sock___syn {
	struct sock_common___syn __sk_common;
	int sk_rcvbuf;
	__u32 sk_ack_backlog; /* connections in the accept queue */
	__u32 sk_max_ack_backlog;
};
struct atomic___syn {
	int counter;
};
struct request_sock_queue___syn {
	struct atomic___syn qlen; /* requests in the SYN queue */
};
struct inet_sock___syn {
	struct sock___syn sk;
};
struct inet_connection_sock___syn {
	struct inet_sock___syn icsk_inet;
	struct request_sock_queue___syn icsk_accept_queue;
};
struct tcp_options_received___syn {
	__u16 user_mss; /* TCP_MAXSEG of the application; 0: not set */
};
struct tcp_sock___syn {
	struct inet_connection_sock___syn inet_conn;
	struct tcp_options_received___syn rx_opt;
	__u32 window_clamp; /* TCP_WINDOW_CLAMP of the application; 0: not set */
	bool is_mptcp;
};
#pragma clang attribute pop

/* The kernel's view of a listener. */
struct syn_listener {
	uint32_t queue_len;
	uint32_t queue_max;
	uint32_t window; /* for segments of one byte */
	uint16_t user_mss;
	bool sack, wscale, timestamps; /* permitted by settings */
};

/*
 * Reads a listener. False if the kernel must have its SYNs: its accept queue is full, so the kernel
 * drops them; cookies are off, so it would reset the connection; or it speaks MPTCP, for which it
 * takes no cookies of ours.
 */
GLB_INLINE bool read_listener(struct syn_listener *out, const struct tcp_sock *sock)
{
	const struct tcp_sock___syn *tcp = (const void *)sock;
	const struct sock___syn *sk = &tcp->inet_conn.icsk_inet.sk;
	const struct net___syn *net = sk->__sk_common.skc_net.net;
	uint32_t clamp = tcp->window_clamp;
	bool mptcp = bpf_core_field_exists(tcp->is_mptcp) && tcp->is_mptcp;

	out->queue_len = (uint32_t)tcp->inet_conn.icsk_accept_queue.qlen.counter;
	out->queue_max = sk->sk_max_ack_backlog;
	if (mptcp || sk->sk_ack_backlog > out->queue_max || !net->ipv4.sysctl_tcp_syncookies)
		return false;

	/* a new socket takes half of its buffer for a window: TCP_DEFAULT_SCALING_RATIO */
	out->window = (uint32_t)sk->sk_rcvbuf / 2;
	if (clamp && clamp < out->window)
		out->window = clamp;
	out->user_mss = tcp->rx_opt.user_mss;
	out->sack = net->ipv4.sysctl_tcp_sack;
	out->wscale = net->ipv4.sysctl_tcp_window_scaling;
	out->timestamps = net->ipv4.sysctl_tcp_timestamps;
	return true;
}

/* The window to offer to a client with this MSS: the kernel offers whole segments. */
GLB_INLINE uint32_t syn_window(const struct syn_listener *listener, uint16_t mss)
{
	uint32_t window = listener->window;

	if (mss && window > mss)
		window -= window % mss;
	return window > SYN_WINDOW_MAX ? SYN_WINDOW_MAX : window;
}

#endif
