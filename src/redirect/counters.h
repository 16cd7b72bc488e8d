/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of a packet that this proxy received from a director or another proxy?
 *
 * Each packet is counted in `total` and in exactly one other counter. The names are those of the
 * original kernel module, without its "_packets", where it has the counter.
 */
#ifndef GLB_REDIRECT_COUNTERS_H
#define GLB_REDIRECT_COUNTERS_H

/* name, label, sentence for docs/second-chance.md; kept packets first, dropped ones last */
#define GLB_REDIRECT_COUNTERS(X)                                                                   \
	X(TOTAL, "total", "for the GUE port of this host")                                         \
	X(ACCEPTED_SYN, "accepted_syn", "opens a connection: TCP with the SYN flag")               \
	X(ACCEPTED_ESTABLISHED, "accepted_established",                                            \
	  "of a TCP connection here, in any state, by its sequence numbers")                       \
	X(ACCEPTED_TRACKED, "accepted_tracked",                                                    \
	  "of a connection here that only connection tracking knows, such as one behind NAT")      \
	X(ACCEPTED_UDP_CONNECTED, "accepted_udp_connected", "of a connected UDP socket here")      \
	X(ACCEPTED_SYN_COOKIE, "accepted_syn_cookie", "answers a SYN cookie of this host")         \
	X(ACCEPTED_LAST_RESORT, "accepted_last_resort", "TCP unknown here, and no hop is left")    \
	X(ACCEPTED_UDP, "accepted_udp", "UDP without a second chance, which the first hop serves") \
	X(ACCEPTED_UDP_UNKNOWN, "accepted_udp_unknown", "UDP that no hop knows, at the first hop") \
	X(ACCEPTED_QUIC_OPENING, "accepted_quic_opening", "may open a QUIC connection")            \
	X(ACCEPTED_QUIC_SERVER_ID, "accepted_quic_server_id",                                      \
	  "QUIC whose connection ID names this host")                                              \
	X(ACCEPTED_ICMP, "accepted_icmp", "ICMP that concerns no connection, such as a ping")      \
	X(ACCEPTED_FRAGMENT, "accepted_fragment", "a later fragment, which has no ports")          \
	X(FORWARDED_TO_SELF, "forwarded_to_self", "unknown here, and the next hop is this host")   \
	X(FORWARDED_TO_ALTERNATE, "forwarded_to_alternate", "unknown here, for the next hop")      \
	X(RETURNED_TO_FIRST, "returned_to_first",                                                  \
	  "UDP unknown to this host, the last hop, for the first one")                             \
	X(ANSWERED_SYN, "answered_syn", "opens a connection, and was answered with a SYN cookie")  \
	X(DROPPED_MALFORMED_GUE, "dropped_malformed_gue", "outer headers that no director writes") \
	X(DROPPED_SENDER, "dropped_sender", "from a host that may not send GUE here")              \
	X(DROPPED_MALFORMED_INNER, "dropped_malformed_inner", "malformed packet of a client")      \
	X(DROPPED_SOURCE, "dropped_source", "client's address is one that no client can have")     \
	X(DROPPED_PROTOCOL, "dropped_protocol", "client's packet not TCP, UDP or ICMP")            \
	X(DROPPED_ROUTED_BACK, "dropped_routed_back",                                              \
	  "client's packet, which this host would route back")                                     \
	X(DROPPED_MERGED, "dropped_merged", "several packets merged into one by the device")       \
	X(DROPPED_ECN, "dropped_ecn", "marked as congested, but its sender does not support ECN")  \
	X(DROPPED_NO_MEMORY, "dropped_no_memory", "the kernel was short of memory")

enum glb_redirect_counter {
#define GLB_REDIRECT_ENUM(name, label, sentence) GLB_REDIRECT_##name,
	GLB_REDIRECT_COUNTERS(GLB_REDIRECT_ENUM)
#undef GLB_REDIRECT_ENUM
		GLB_REDIRECT_COUNTER_COUNT
};

#endif
