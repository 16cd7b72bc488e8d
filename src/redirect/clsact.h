/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where is our place among the tc filters on the ingress of a device?
 *
 * Filters hang on a clsact (or the older ingress) qdisc and run by priority, lowest first. Ours is
 * the one of priority 19523 and handle 1.
 */
#ifndef GLB_REDIRECT_CLSACT_H
#define GLB_REDIRECT_CLSACT_H

#include <glb/bytes.h>

/* A filter that runs before ours, or may: priorities are unique only by convention. */
struct clsact_filter {
	uint32_t priority;
	char kind[16]; /* such as "bpf", "u32" or "flower", cut to what fits */
};

/*
 * Sets *program_id to the eBPF program in our place, whosever it is; 0 for a classic BPF filter.
 *
 * Returns 0, -ENOENT when nothing is there, or another error of the kernel.
 */
GLB_NODISCARD int clsact_find(int ifindex, uint32_t *program_id);

/*
 * Puts a program into our place, on a clsact qdisc that is made if there is none. With `replace`
 * the place is taken, and packets see the change as one step.
 *
 * Returns 0, -EEXIST when the place is taken and should not be, -EXDEV when the filters of the
 * device are in a block that it shares with others, or another error of the kernel.
 */
GLB_NODISCARD int clsact_attach(int ifindex, int program_fd, bool replace);

/*
 * Removes what is in our place, and the clsact qdisc too if no other filter is on it.
 *
 * Returns 0 or an error of the kernel.
 */
GLB_NODISCARD int clsact_detach(int ifindex);

/*
 * Reads the filters on ingress that a packet for us meets before it gets to our place, each kind
 * and priority once, at most `max` of them, and sets *count to their number.
 *
 * Returns 0, also when there is no qdisc, or -EIO when the kernel gave no complete answer.
 */
GLB_NODISCARD int clsact_before(int ifindex, struct clsact_filter *filters, unsigned int max,
				unsigned int *count);

#endif
