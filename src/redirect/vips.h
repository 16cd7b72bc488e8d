/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of the packets for each VIP, and when did a connection last need this proxy?
 *
 * A proxy is needed by packets of its connections that reach it as the second or a later hop: the
 * proxies before it do not know the connection. While a proxy is drained, its connections are found
 * in no other way.
 *
 * A VIP gets an entry when a packet for it is of a connection here, or is kept or passed on and its
 * destination is an address of this host. There is room for some hundred, and never more than
 * VIPS_MAX: see VIPS_TRIES. All other packets are counted in the entry of the others, so that the
 * sum over all entries is what the counters of the device say.
 */
#ifndef GLB_REDIRECT_VIPS_H
#define GLB_REDIRECT_VIPS_H

#include <glb/spec.h>

#include "vip.h"

/* name, label, sentence for docs/second-chance.md; each packet is in one group */
#define VIP_GROUPS(X)                                                                              \
	X(OPENED, "opened", "opens a flow here, or may")                                           \
	X(KNOWN, "known", "of a connection here, and this is the first hop")                       \
	X(NEEDED, "needed", "of a connection here, passed on by a hop before this one")            \
	X(UNRELATED, "unrelated", "kept, and of no connection that can be told")                   \
	X(LAST_RESORT, "last_resort", "TCP that no hop knows, kept by the last one")               \
	X(PASSED_ON, "passed_on", "sent to another hop")                                           \
	X(DROPPED, "dropped", "dropped")

enum vip_group {
#define VIP_GROUP_ENUM(name, label, sentence) VIP_##name,
	VIP_GROUPS(VIP_GROUP_ENUM)
#undef VIP_GROUP_ENUM
		VIP_GROUP_COUNT
};

#define REDIRECT_NEVER UINT64_MAX

struct redirect_vip {
	struct vip vip;
	uint64_t fates[GLB_REDIRECT_COUNTER_COUNT]; /* TOTAL: the sum of the others */
	uint64_t needed;			    /* packets, which `fates` include */
	uint64_t needed_ago_ms;			    /* since the last one, or REDIRECT_NEVER */
};

struct redirect_vips {
	uint64_t watched_ms; /* for how long the map has been there, through all of attach */
	uint32_t count;
	struct redirect_vip list[VIPS_ENTRIES]; /* the others, then by version and address */
};

/*
 * Reads what the program on a device has counted for each VIP, summed over all CPUs.
 *
 * Returns 0; -ENOENT or -EEXIST as redirect_detach(); -ENOTSUP if the program is of another
 * version; -ENOMEM; or another error of the kernel. *out is untouched then.
 */
GLB_NODISCARD int redirect_read_vips(int ifindex, struct redirect_vips *out);

/*
 * Makes the entry of the others in the map of a program, unless it is there. Returns 0, -ENOMEM or
 * an error of the kernel.
 */
GLB_NODISCARD int redirect_begin_vips(int map_fd);

/* The packets of a group. */
uint64_t redirect_vip_packets(const struct redirect_vip *vip, enum vip_group group);

/* A static string. */
const char *vip_group_label(enum vip_group group);

/* A VIP as an address, and back; version 0: none. */
struct glb_addr redirect_vip_address(const struct vip *vip);
struct vip redirect_vip_of(const struct glb_addr *address);

enum { VIP_TEXT_LEN = 46 };

/* Formats as `192.0.2.10`, or `others`. Returns out. */
const char *redirect_vip_text(char out[VIP_TEXT_LEN], const struct vip *vip);

/* Negative, 0 or positive, by version and then by address. */
int redirect_compare_vips(const struct vip *a, const struct vip *b);

#endif
