/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of a packet?
 *
 * Every fate has one name here. Grep for it to find the code that returns it, its sentence in
 * docs/counters.md and the packet cases that show it.
 *
 * The order matters in that all replies are adjacent, and all punts: glb_verdict_is_icmp_reply()
 * and glb_verdict_is_punt() compare with the first and last of them. Otherwise a new verdict may be
 * anywhere among its kind: outside of a process a verdict is its label, and never its number.
 */
#ifndef GLB_VERDICT_H
#define GLB_VERDICT_H

/* name, label of the counter, sentence for docs/counters.md */
#define GLB_VERDICTS(X)                                                                            \
	X(FORWARD, "forward", "encapsulated and sent to the primary of its row")                   \
	X(ANSWER_ECHO, "answer_echo", "echo request answered by the director itself")              \
	X(ANSWER_TOO_BIG, "answer_too_big",                                                        \
	  "does not fit the MTU once encapsulated; its sender was notified by ICMP")               \
	X(ANSWER_OUTER_TOO_BIG, "answer_outer_too_big",                                            \
	  "ICMP error that an encapsulated packet does not fit; relayed to the client")            \
	X(PUNT_NOT_IP, "punt_not_ip", "neither IPv4 nor IPv6, such as ARP or LLDP")                \
	X(PUNT_NO_BIND, "punt_no_bind", "no bind matches its address, protocol and port")          \
	X(PUNT_GROUP, "punt_group", "IP, in a frame to a group of stations: broadcast, multicast") \
	X(PUNT_OUTER_TOO_BIG, "punt_outer_too_big",                                                \
	  "ICMP error that an encapsulated packet does not fit; outer_errors is not relay")        \
	X(PUNT_OUTER_QUOTE, "punt_outer_quote",                                                    \
	  "the same, to be relayed, but it quotes too little or nothing that is sent here")        \
	X(PUNT_OUTER_ERROR, "punt_outer_error",                                                    \
	  "any other ICMP error about an encapsulated packet")                                     \
	X(DROP_OTHER_HOST, "drop_other_host", "in a frame to the MAC address of another host")     \
	X(DROP_TRUNCATED, "drop_truncated", "ends before a header or the IP length it announces")  \
	X(DROP_BAD_LENGTH, "drop_bad_length",                                                      \
	  "IP version or header lengths contradict each other")                                    \
	X(DROP_EXT_HEADERS, "drop_ext_headers",                                                    \
	  "more than eight IPv6 extension headers, or 16 KiB")                                     \
	X(DROP_LOOP, "drop_loop", "for a VIP, but encapsulated by a director already")             \
	X(DROP_SOURCE, "drop_source", "for a VIP, from an address that no sender can have")        \
	X(DROP_DENIED, "drop_denied", "for a VIP, from a source that the deny file names")         \
	X(DROP_METERED, "drop_metered", "for a VIP whose meter let no more packets pass")          \
	X(DROP_BAD_CHECKSUM, "drop_bad_checksum", "wrong IPv4 header checksum")                    \
	X(DROP_TTL, "drop_ttl", "TTL or hop limit below min_ttl")                                  \
	X(DROP_FRAGMENT, "drop_fragment", "later fragment to a bound address: it has no ports")    \
	X(DROP_BAD_QUOTE, "drop_bad_quote",                                                        \
	  "ICMP error to a bound address that quotes no readable packet")                          \
	X(DROP_ECHO, "drop_echo", "echo request that is not to be answered, or cannot be")         \
	X(DROP_ANSWER_LIMIT, "drop_answer_limit",                                                  \
	  "an echo reply was due, but answers_per_second was reached")                             \
	X(DROP_ERROR_LIMIT, "drop_error_limit",                                                    \
	  "an ICMP error was due, but errors_per_second was reached")                              \
	X(DROP_MTU, "drop_mtu", "does not fit the MTU once encapsulated; no one was notified")     \
	X(DROP_TOO_BIG, "drop_too_big", "encapsulated it would exceed the 65,535 bytes of IP")     \
	X(DROP_NO_GATEWAY, "drop_no_gateway", "the MAC address of its port's gateway is unknown")  \
	X(DROP_NO_HEADROOM, "drop_no_headroom", "its buffer has no room for the outer headers")

/* One constant per verdict, in the order of the list. Fits a byte. */
enum glb_verdict {
#define GLB_VERDICT_ENUM(name, label, sentence) GLB_##name,
	GLB_VERDICTS(GLB_VERDICT_ENUM)
#undef GLB_VERDICT_ENUM
		GLB_VERDICT_COUNT
};

/* Is the packet for the kernel of the host? */
static inline int glb_verdict_is_punt(enum glb_verdict verdict)
{
	return verdict >= GLB_PUNT_NOT_IP && verdict <= GLB_PUNT_OUTER_ERROR;
}

/* Should glb_icmp_reply() turn the packet into a reply, to its sender or the client it is about? */
static inline int glb_verdict_is_icmp_reply(enum glb_verdict verdict)
{
	return verdict >= GLB_ANSWER_ECHO && verdict <= GLB_ANSWER_OUTER_TOO_BIG;
}

/* The counter's name for a verdict; "?" if it is out of range. */
static inline const char *glb_verdict_label(enum glb_verdict verdict)
{
	static const char *const labels[] = {
#define GLB_VERDICT_LABEL(name, label, sentence) label,
		GLB_VERDICTS(GLB_VERDICT_LABEL)
#undef GLB_VERDICT_LABEL
	};

	return (unsigned int)verdict < GLB_VERDICT_COUNT ? labels[verdict] : "?";
}

#endif
