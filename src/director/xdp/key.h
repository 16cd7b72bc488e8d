/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the maps of the XDP program contain?
 *
 * Two maps say which addresses are the director's: glb_vips has single ones, glb_prefixes ranges.
 * Both have the same keys, but that the first one's begin at `version`, as it compares whole
 * addresses. glb_packets counts what became of packets.
 */
#ifndef DIRECTOR_XDP_KEY_H
#define DIRECTOR_XDP_KEY_H

#include <glb/bytes.h>

/* A key of a BPF_MAP_TYPE_LPM_TRIE, which finds the longest range that contains an address. */
struct xdp_key {
	uint32_t bit_count;  /* significant bits, counted from `version` on */
	uint8_t version;     /* 4 or 6 */
	uint8_t address[16]; /* IPv4 in the first 4, the rest 0 */
	uint8_t zero[3];
};
_Static_assert(sizeof(struct xdp_key) == 24, "no padding, which the maps would compare");

enum {
	XDP_VERSION_BITS = 8,				  /* bits of `version` */
	XDP_WHOLE_AT = offsetof(struct xdp_key, version), /* where keys of single addresses begin */
	XDP_WHOLE_LEN = sizeof(struct xdp_key) - XDP_WHOLE_AT,
	XDP_VIPS_MAX = 65536, /* addresses, and as many prefixes, of one generation */
	XDP_QUEUES_MAX = 1024,
};

/* Values of the maps: what an address is to the director. */
enum xdp_role {
	XDP_ROLE_VIP = 1,
	XDP_ROLE_SOURCE = 2, /* of its outer packets, while it relays errors about them */
};

/* constant, name in metrics and answers, sentence for docs/devices.md */
#define XDP_FATES(X)                                                                               \
	X(DIRECTOR, "director", "for a VIP, or an error about one: handed to the director")        \
	X(KERNEL, "kernel", "all else: left to the kernel")                                        \
	X(LOST, "lost", "for the director, and no director has the queue: dropped")

enum xdp_fate {
#define XDP_FATE_ENUM(name, label, sentence) XDP_FATE_##name,
	XDP_FATES(XDP_FATE_ENUM)
#undef XDP_FATE_ENUM
		XDP_FATE_COUNT
};

#endif
