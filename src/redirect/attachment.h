/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the program get onto a device and off it again, what runs before it there, and where are
 * its counters?
 *
 * The kernel keeps everything: the device holds the program, the program holds its counters.
 * Nothing is pinned and no file is written, so it works the same in every network namespace, and a
 * device that disappears takes all of it along.
 */
#ifndef GLB_REDIRECT_ATTACHMENT_H
#define GLB_REDIRECT_ATTACHMENT_H

#include <glb/bytes.h>

#include "counters.h"
#include "senders.h"

/* Where programs hang on the ingress of a device, in the order in which packets meet them. */
enum redirect_hook {
	REDIRECT_TCX,	 /* the list of tcx programs, since Linux 6.6 */
	REDIRECT_CLSACT, /* the tc filters of the clsact qdisc */
};

/*
 * Puts the program on the ingress of a device: with REDIRECT_TCX in front of everything else, or
 * among the filters where the kernel has no tcx; with REDIRECT_CLSACT always among the filters.
 *
 * A program of ours that is there already, in either place, is replaced without a gap, and its
 * counters are kept unless they are not the counters of this version. In the tcx list the new one
 * takes the place of the old one, behind programs that others have put in front of it since.
 *
 * The program asks connection tracking for connections that have no socket here, if the kernel lets
 * it; see redirect_read_status().
 *
 * `from` are those who may send GUE, without any: everybody. NULL leaves that as it is with the
 * program on the device, whatever its version, and lets everybody send if there is none.
 *
 * Returns 0, or
 *   -EEXIST   a filter of somebody else occupies our place among the filters, which was to be used
 *   -EXDEV    the filters, among which it was to be, are in a block shared with other devices
 *   -EBUSY    our program is held by a link, which only its owner may replace
 *   -ENOEXEC  the kernel refused the program; what it said is on stderr
 *   -EPERM, and other errors of the kernel
 */
GLB_NODISCARD int redirect_attach(int ifindex, enum redirect_hook hook, const struct senders *from);

/*
 * Takes the program off a device, and the clsact qdisc too if that was its place and no other
 * filter is on it.
 *
 * Returns 0, -ENOENT when the program is not there, -EEXIST when it is not there and a filter of
 * somebody else is in its place among the filters, or another error of the kernel.
 */
GLB_NODISCARD int redirect_detach(int ifindex);

/*
 * Reads the counters of a device into values[GLB_REDIRECT_COUNTER_COUNT], summed over all CPUs.
 *
 * Returns 0, -ENOENT or -EEXIST like redirect_detach(), -ENOTSUP when the program on the device is
 * of another version and counts other things, or another error of the kernel.
 */
GLB_NODISCARD int redirect_read_counters(int ifindex, uint64_t *values);

enum { REDIRECT_BEFORE_MAX = 16 };

/* What runs before our program, and keeps packets from it if it ends with a verdict. */
struct redirect_before {
	enum redirect_hook hook;
	uint32_t number; /* REDIRECT_TCX: id of the program; REDIRECT_CLSACT: priority */
	char name[16];	 /* of the program; REDIRECT_CLSACT: the kind of filter */
};

struct redirect_status {
	enum redirect_hook hook; /* where our program is */
	uint32_t program_id;
	bool asks_conntrack; /* for connections that have no socket here */
	struct senders from; /* those who may send GUE; none: everybody */
	unsigned int before_count;
	struct redirect_before before[REDIRECT_BEFORE_MAX]; /* the first so many, in order */
};

/*
 * Reads where the program is on a device, who may send to it and what runs before it. Filters count
 * with a priority up to ours and a protocol that packets for us may have.
 *
 * Returns 0, -ENOENT or -EEXIST like redirect_detach(), or another error of the kernel.
 */
GLB_NODISCARD int redirect_read_status(int ifindex, struct redirect_status *status);

#endif
