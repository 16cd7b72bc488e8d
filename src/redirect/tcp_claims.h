/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a TCP socket of this host claim a packet, or may its connection be on another proxy?
 *
 * Ports are weak evidence. A forged SYN creates a half-open connection here, and a client that lost
 * its state may reuse a port while the old connection still exists here. Sequence numbers tell them
 * apart: those of an unrelated connection are almost certainly far away in the 32-bit space.
 *
 * A claimed packet stays; any other goes to the next hop, or is kept if there is none. A packet
 * that the kernel would ignore anyway need not be claimed. One that it would act on must be: in
 * doubt, these rules claim.
 */
#ifndef GLB_REDIRECT_TCP_CLAIMS_H
#define GLB_REDIRECT_TCP_CLAIMS_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include <glb/net.h>

/*
 * The furthest that a delayed segment can lie behind the window, unless the window itself is
 * larger.
 */
enum { LATE_MAX = 1 << 24 };

/*
 * What the kernel knows of a handshake, a connection, and one in TIME-WAIT. The kernel's
 * structures, reduced to the members used; the loader relocates them.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct tcp_request_sock {
	__u32 snt_isn; /* sequence number of our SYN-ACK */
	__u32 rcv_nxt; /* acknowledgement number of our SYN-ACK */
};
struct tcp_sock {
	__u32 rcv_nxt;
	__u32 rcv_wnd;
	__u32 window_clamp; /* the largest window that we ever offer */
	__u32 snd_una;
	__u32 write_seq;  /* end of the data written by the application */
	__u32 max_window; /* the largest window that the peer has offered */
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

/* The numbers of a segment; or of one of ours, quoted in an ICMP error. */
struct tcp_numbers {
	uint32_t seq;
	uint32_t ack;  /* not set if quoted */
	uint8_t flags; /* enum glb_tcp_flag */
	bool quoted;
};

/* Is a number within `behind` before or `ahead` after another, modulo 2^32? */
GLB_INLINE bool is_near(uint32_t number, uint32_t of, uint32_t behind, uint32_t ahead)
{
	return number - of <= ahead || of - number <= behind;
}

GLB_INLINE uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Does the segment carry an acknowledgement, as all segments of a connection but a reset do? */
GLB_INLINE bool acknowledges(const struct tcp_numbers *segment)
{
	return (segment->flags & (GLB_TCP_ACK | GLB_TCP_RST)) == GLB_TCP_ACK;
}

/*
 * An incomplete handshake: everything a client sends now acknowledges exactly our SYN-ACK. A client
 * that rejects it may send a bare reset (RFC 9293 section 3.10.7.1).
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
 * A connection. Sequence numbers are near the window: inside it in any order, or behind it for
 * keepalives, probes and retransmissions. Acknowledgements cover what was written here, not only
 * what the socket knows to have been sent, as the peer may be faster than the sending processor.
 * The kernel ignores old acknowledgements (RFC 5961 section 5.2), and those of a reset.
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
 * A connection closed by the application here, in TIME-WAIT or FIN-WAIT-2: late segments, up to the
 * client's FIN or, if that is outstanding, to the end of the window. ICMP errors no longer matter
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
 * The address of a socket, to read what bpf_skc_to_tcp_request_sock() and the like would provide.
 * These refuse sockets of MPTCP listeners, even for clients without MPTCP.
 */
GLB_INLINE const void *address_of(const struct bpf_sock *sock)
{
	const void *address = NULL;

	bpf_probe_read_kernel(&address, sizeof(address), &sock);
	return address;
}

/* Does a socket that is not a listener claim a segment with these numbers? */
GLB_INLINE bool is_claimed(struct bpf_sock *sock, const struct tcp_numbers *segment)
{
	if (sock->state == BPF_TCP_NEW_SYN_RECV)
		return request_claims(address_of(sock), segment);
	if (sock->state == BPF_TCP_TIME_WAIT)
		return timewait_claims(address_of(sock), segment);

	const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sock);

	/* a connection being opened by this host does not know the peer's numbers yet */
	return !tcp || sock->state == BPF_TCP_SYN_SENT || connection_claims(tcp, segment);
}

#endif
