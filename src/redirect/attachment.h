/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is the program attached to a device and detached again, what runs before it there, and where
 * are its counters?
 *
 * All state is in the kernel: the device holds the program, the program holds its counters. Nothing
 * is pinned and no file is written, so it works the same in every network namespace, and disappears
 * with the device.
 */
#ifndef GLB_REDIRECT_ATTACHMENT_H
#define GLB_REDIRECT_ATTACHMENT_H

#include <glb/bytes.h>

#include "counters.h"
#include "senders.h"
#include "services.h"
#include "syn_queue.h"

/* Places for programs on the ingress of a device, in the order in which packets pass them. */
enum redirect_hook {
	REDIRECT_TCX,	 /* the list of tcx programs, since Linux 6.6 */
	REDIRECT_CLSACT, /* the tc filters of the clsact qdisc */
};

/* What a program is to know; NULL: what the program on the device knows, or else nothing. */
struct redirect_lists {
	const struct senders *from; /* hosts that may send GUE; an empty list permits everybody */
	const struct services *udp; /* UDP services with a second chance */
	const bool *syn_cookies;    /* answer SYNs while a SYN queue is full */
};

/*
 * Attaches the program to the ingress of a device. REDIRECT_TCX: in front of everything else, or as
 * a filter if the kernel has no tcx. REDIRECT_CLSACT: always as a filter.
 *
 * If our program is attached already, in either place, it is replaced without a gap and its
 * counters are kept, provided that they are the counters of this version. In the tcx list the new
 * program takes the position of the old one, behind programs that others have put in front of it
 * since.
 *
 * The program looks connections without a socket up in connection tracking, if the kernel permits
 * it; see redirect_read_status().
 *
 * SYNs are answered as syn_settings_read() says at this moment, or not at all if the kernel does
 * not permit it; see redirect_read_status().
 *
 * Lists that are NULL are those of the program on the device, whatever its version.
 *
 * Returns 0, or
 *   -EEXIST   someone else's filter has our place among the filters, and it was needed
 *   -EXDEV    a filter was needed, and the device's filters are in a block shared with other
 *   devices
 *   -EBUSY    our program is held by a link, and only the link's owner may replace it
 *   -ENOEXEC  the kernel refused the program; its reasons are on stderr
 *   -EPERM, and other errors of the kernel
 */
GLB_NODISCARD int redirect_attach(int ifindex, enum redirect_hook hook,
				  const struct redirect_lists *lists);

/*
 * Detaches the program from a device, and removes the clsact qdisc if the program was there and no
 * other filter is.
 *
 * Returns 0; -ENOENT if the program is not attached; -EEXIST if it is not attached and someone
 * else's filter has its place; or another error of the kernel.
 */
GLB_NODISCARD int redirect_detach(int ifindex);

/*
 * Reads the counters of a device into values[GLB_REDIRECT_COUNTER_COUNT], summed over all CPUs.
 *
 * Returns 0; -ENOENT or -EEXIST as redirect_detach(); -ENOTSUP if the program is of another version
 * with different counters; or another error of the kernel.
 */
GLB_NODISCARD int redirect_read_counters(int ifindex, uint64_t *values);

enum { REDIRECT_BEFORE_MAX = 16 };

/* A program or filter that runs before ours; packets for which it returns a verdict do not reach
 * us. */
struct redirect_before {
	enum redirect_hook hook;
	uint32_t number; /* REDIRECT_TCX: id of the program; REDIRECT_CLSACT: priority */
	char name[16];	 /* of the program; REDIRECT_CLSACT: the kind of filter */
};

struct redirect_status {
	enum redirect_hook hook; /* where our program is */
	uint32_t program_id;
	bool asks_conntrack;	 /* looks up connections without a socket */
	struct syn_settings syn; /* of what answers to SYNs offer; zero: there are none */
	struct senders from;	 /* hosts that may send GUE; empty: everybody */
	struct services udp;	 /* UDP services with a second chance */
	unsigned int before_count;
	struct redirect_before before[REDIRECT_BEFORE_MAX]; /* the first ones, in order */
};

/*
 * Reads where the program is attached to a device, which hosts may send to it and what runs before
 * it. Filters are included if their priority is up to ours and their protocol can match our
 * packets.
 *
 * Returns 0; -ENOENT or -EEXIST as redirect_detach(); or another error of the kernel.
 */
GLB_NODISCARD int redirect_read_status(int ifindex, struct redirect_status *status);

/* A copy of the program on a device, attached nowhere and with counters of its own. */
struct redirect_copy {
	struct redirect_bpf *skeleton;
	int program_fd;
	bool is_same; /* as the program on the device, instruction for instruction */
};

/*
 * Loads the program as attach would, with the lists of the one on the device. Returns 0 and fills
 * *out, to be released with redirect_copy_release(); or an error as redirect_attach(), or -ENOENT
 * or -EEXIST as redirect_detach().
 */
GLB_NODISCARD int redirect_copy_load(struct redirect_copy *out, int ifindex);

/* Reads the copy's counters. Returns 0 or an error of the kernel. */
GLB_NODISCARD int redirect_copy_counters(const struct redirect_copy *copy, uint64_t *values);

void redirect_copy_release(struct redirect_copy *copy);

#endif
