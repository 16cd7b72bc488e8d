/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of a packet?
 *
 * Every fate has one name here. Grep for it to find the line that returns it, its sentence in
 * docs/counters.md and the packet cases that show it.
 */
#ifndef GLB_VERDICT_H
#define GLB_VERDICT_H

/* name, label of the counter, sentence for docs/counters.md */
#define GLB_VERDICTS(X)                                                                            \
	X(FORWARD, "forward", "encapsulated and sent to the primary of its row")                   \
	X(PUNT_NOT_IP, "punt_not_ip", "neither IPv4 nor IPv6, such as ARP or LLDP")                \
	X(PUNT_NO_BIND, "punt_no_bind", "no bind matches its address, protocol and port")          \
	X(DROP_TRUNCATED, "drop_truncated", "ends before a header or the IP length it announces")  \
	X(DROP_BAD_LENGTH, "drop_bad_length",                                                      \
	  "IP version or header lengths contradict each other")                                    \
	X(DROP_FRAGMENT, "drop_fragment", "later fragment to a bound address: it has no ports")    \
	X(DROP_TOO_BIG, "drop_too_big", "encapsulated it would exceed the 65,535 bytes of IPv4")   \
	X(DROP_NO_HEADROOM, "drop_no_headroom", "its buffer has no room for the outer headers")

enum glb_verdict {
#define GLB_VERDICT_ENUM(name, label, sentence) GLB_##name,
	GLB_VERDICTS(GLB_VERDICT_ENUM)
#undef GLB_VERDICT_ENUM
		GLB_VERDICT_COUNT
};

static inline int glb_verdict_is_punt(enum glb_verdict verdict)
{
	return verdict == GLB_PUNT_NOT_IP || verdict == GLB_PUNT_NO_BIND;
}

/* The counter's name for a verdict; "?" for a number that is none. */
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
