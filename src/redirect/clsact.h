/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where is our place among the tc filters on the ingress of a device?
 *
 * Filters are attached to a clsact (or the older ingress) qdisc and run by priority, lowest first.
 * Ours is the one with priority 19523 and handle 1.
 */
#ifndef GLB_REDIRECT_CLSACT_H
#define GLB_REDIRECT_CLSACT_H

#include <glb/bytes.h>

/* A filter that runs before ours, or may: priorities are unique only by convention. */
struct clsact_filter {
	uint32_t priority;
	char kind[16]; /* such as "bpf", "u32" or "flower"; truncated */
};

/*
 * Sets *program_id to the eBPF program in our place, whoever owns it; 0 for a classic BPF filter.
 *
 * Returns 0; -ENOENT if the place is empty; or another error of the kernel.
 */
GLB_NODISCARD int clsact_find(int ifindex, uint32_t *program_id);

/*
 * Attaches a program in our place; creates the clsact qdisc if there is none. With `replace`, a
 * program in that place is replaced atomically.
 *
 * Returns 0; -EEXIST if the place is taken and `replace` is not set; -EXDEV if the device's filters
 * are in a block shared with other devices; or another error of the kernel.
 */
GLB_NODISCARD int clsact_attach(int ifindex, int program_fd, bool replace);

/*
 * Removes the filter in our place, and the clsact qdisc if no other filter is on it.
 *
 * Returns 0 or an error of the kernel.
 */
GLB_NODISCARD int clsact_detach(int ifindex);

/*
 * Reads the ingress filters that a packet for us passes before it reaches our place, each pair of
 * kind and priority once, at most `max` of them, and sets *count.
 *
 * Returns 0, also if there is no qdisc; or -EIO if the kernel's reply was incomplete.
 */
GLB_NODISCARD int clsact_before(int ifindex, struct clsact_filter *filters, unsigned int max,
				unsigned int *count);

#endif
