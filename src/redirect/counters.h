/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of a packet that a director, or another proxy, sent to this proxy?
 *
 * Each packet adds one to `total` and one to exactly one other counter. The names are those of the
 * original kernel module, without its "_packets", where it has the counter.
 */
#ifndef GLB_REDIRECT_COUNTERS_H
#define GLB_REDIRECT_COUNTERS_H

/* name, label, sentence for docs/second-chance.md */
#define GLB_REDIRECT_COUNTERS(X)                                                                   \
	X(TOTAL, "total", "packets for the GUE port of this host")                                 \
	X(ACCEPTED_SYN, "accepted_syn", "opens a connection (SYN flag set)")                       \
	X(ACCEPTED_ESTABLISHED, "accepted_established", "belongs to a connection of this host")    \
	X(ACCEPTED_SYN_COOKIE, "accepted_syn_cookie", "answers a SYN cookie of this host")         \
	X(ACCEPTED_LAST_RESORT, "accepted_last_resort", "unknown here, and no hop is left to ask") \
	X(ACCEPTED_UDP, "accepted_udp", "UDP, which is served by the first hop")                   \
	X(ACCEPTED_ICMP, "accepted_icmp", "ICMP that concerns no TCP connection, such as a ping")  \
	X(ACCEPTED_FRAGMENT, "accepted_fragment", "a later fragment, which has no ports")          \
	X(FORWARDED_TO_SELF, "forwarded_to_self", "unknown here, and the next hop is this host")   \
	X(FORWARDED_TO_ALTERNATE, "forwarded_to_alternate", "unknown here, sent to the next hop")  \
	X(DROPPED_MALFORMED_GUE, "dropped_malformed_gue", "outer UDP or GUE header is not valid")  \
	X(DROPPED_MALFORMED_INNER, "dropped_malformed_inner", "client's packet is not valid")      \
	X(DROPPED_PROTOCOL, "dropped_protocol", "client's packet is neither TCP, UDP nor ICMP")    \
	X(DROPPED_MERGED, "dropped_merged", "several packets merged into one by the device")       \
	X(DROPPED_NO_MEMORY, "dropped_no_memory", "the kernel had no memory to change the packet")

enum glb_redirect_counter {
#define GLB_REDIRECT_ENUM(name, label, sentence) GLB_REDIRECT_##name,
	GLB_REDIRECT_COUNTERS(GLB_REDIRECT_ENUM)
#undef GLB_REDIRECT_ENUM
		GLB_REDIRECT_COUNTER_COUNT
};

#endif
