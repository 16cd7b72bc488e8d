/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a TCP socket of this host claim a packet, or may its connection be on another proxy?
 *
 * Ports say little. A stranger who invents a SYN gets a half-open connection here, and a client
 * whose host died may use its port again while the old connection still exists here. Sequence
 * numbers tell them apart: those of another connection are elsewhere in the 32 bits there are.
 *
 * A packet that is claimed stays; one that is not goes to the next hop, and is kept where there is
 * none. What the kernel would ignore in any case need not be claimed. What it would act on has to
 * be: in doubt, these rules claim.
 */
#ifndef GLB_REDIRECT_TCP_CLAIMS_H
#define GLB_REDIRECT_TCP_CLAIMS_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include <glb/net.h>

/*
 * How far a segment may be behind the window, and have been on its way all the time. More than this
 * only if the window itself is larger.
 */
enum { LATE_MAX = 1 << 24 };

/*
 * What the kernel knows of a handshake, of a connection, and of one that is over. These are
 * declarations of the kernel's own, cut to what is read; the loader finds the places.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct tcp_request_sock {
	__u32 snt_isn; /* the number of our SYN-ACK */
	__u32 rcv_nxt; /* what it acknowledges */
};
struct tcp_sock {
	__u32 rcv_nxt;
	__u32 rcv_wnd;
	__u32 window_clamp; /* the largest window that we ever offer */
	__u32 snd_una;
	__u32 write_seq;  /* behind all that the application has written */
	__u32 max_window; /* the largest that the other end ever offered */
};
struct sock_common {
	__u32 skc_tw_rcv_nxt;
	__u32 skc_tw_snd_nxt;
};
struct inet_timewait_sock {
	struct sock_common __tw_common;
	unsigned char tw_substate;
};
struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;
	__u32 tw_rcv_wnd;
};
#pragma clang attribute pop

/* The numbers of a segment; or of one from here, which an ICMP error quotes. */
struct tcp_numbers {
	uint32_t seq;
	uint32_t ack;  /* not of a quote */
	uint8_t flags; /* enum glb_tcp_flag */
	bool quoted;
};

/* Is a number at most `behind` behind another, or `ahead` ahead of it? */
GLB_INLINE bool is_near(uint32_t number, uint32_t of, uint32_t behind, uint32_t ahead)
{
	return number - of <= ahead || of - number <= behind;
}

GLB_INLINE uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Does the segment say, as all do that take part in a connection, what its sender has received? */
GLB_INLINE bool acknowledges(const struct tcp_numbers *segment)
{
	return (segment->flags & (GLB_TCP_ACK | GLB_TCP_RST)) == GLB_TCP_ACK;
}

/*
 * Of a handshake that is not complete: all that a client sends now acknowledges our SYN-ACK and
 * nothing else. A client that wants none of it may send a bare reset (RFC 9293, 3.10.7.1).
 */
GLB_INLINE bool request_claims(const struct tcp_request_sock *request,
			       const struct tcp_numbers *segment)
{
	uint32_t sent = BPF_CORE_READ(request, snt_isn);

	if (segment->quoted)
		return segment->seq == sent;
	if (segment->flags & GLB_TCP_ACK && segment->ack == sent + 1)
		return true;
	return segment->flags & GLB_TCP_RST && segment->seq == BPF_CORE_READ(request, rcv_nxt);
}

/*
 * Of a connection. Sequence numbers are near the window, in which they may be in any order, and
 * behind which there are keepalives, probes and what is sent again. Acknowledgements are of what
 * was written here: not only of what the socket knows to be sent, as the other end may be faster
 * than the processor that sends. The kernel ignores those that are old (RFC 5961, 5.2), and those
 * of a reset.
 */
GLB_INLINE bool connection_claims(const struct tcp_sock *tcp, const struct tcp_numbers *segment)
{
	uint32_t una = tcp->snd_una;
	uint32_t unacknowledged = tcp->write_seq - una;
	uint32_t window = larger(tcp->rcv_wnd, tcp->window_clamp);

	if (segment->quoted)
		return is_near(segment->seq, una, tcp->max_window, unacknowledged);
	if (!is_near(segment->seq, tcp->rcv_nxt, larger(window, LATE_MAX), window))
		return false;
	return !acknowledges(segment) ||
	       is_near(segment->ack, una, tcp->max_window, unacknowledged);
}

/*
 * Of a connection that the application here has closed, in TIME-WAIT: late segments. They end at
 * the client's FIN, or, where that is still to come, at the end of the window. Errors are of no use
 * to it.
 */
GLB_INLINE bool timewait_claims(const struct tcp_timewait_sock *old,
				const struct tcp_numbers *segment)
{
	bool open = BPF_CORE_READ(old, tw_sk.tw_substate) == BPF_TCP_FIN_WAIT2;
	uint32_t room = open ? BPF_CORE_READ(old, tw_rcv_wnd) : 0;
	uint32_t received = BPF_CORE_READ(old, tw_sk.__tw_common.skc_tw_rcv_nxt);
	uint32_t sent = BPF_CORE_READ(old, tw_sk.__tw_common.skc_tw_snd_nxt);

	if (segment->quoted || !is_near(segment->seq, received, LATE_MAX, room))
		return false;
	return !acknowledges(segment) || is_near(segment->ack, sent, LATE_MAX, 0);
}

/*
 * The address of a socket, to read what bpf_skc_to_tcp_request_sock() and its like would show. They
 * refuse the sockets of listeners that speak MPTCP, also those of clients that do not.
 */
GLB_INLINE const void *address_of(const struct bpf_sock *sock)
{
	const void *address = NULL;

	bpf_probe_read_kernel(&address, sizeof(address), &sock);
	return address;
}

/* Does a socket that is no listener claim what has these numbers? */
GLB_INLINE bool is_claimed(struct bpf_sock *sock, const struct tcp_numbers *segment)
{
	if (sock->state == BPF_TCP_NEW_SYN_RECV)
		return request_claims(address_of(sock), segment);
	if (sock->state == BPF_TCP_TIME_WAIT)
		return timewait_claims(address_of(sock), segment);

	const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sock);

	/* a connection that this host is opening knows no numbers of the other end */
	return !tcp || sock->state == BPF_TCP_SYN_SENT || connection_claims(tcp, segment);
}

#endif
