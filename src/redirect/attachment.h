/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the program get onto a device and off it again, and where are its counters?
 *
 * The kernel keeps everything: the filter on the device holds the program, the program holds its
 * counters. Nothing is pinned and no file is written, so it works the same in every network
 * namespace, and a device that disappears takes all of it along.
 */
#ifndef GLB_REDIRECT_ATTACHMENT_H
#define GLB_REDIRECT_ATTACHMENT_H

#include <glb/bytes.h>

#include "counters.h"

/*
 * Puts the program on the ingress of a device. A program of ours that is there already is replaced
 * without a gap and its counters are kept, unless they are not the counters of this version.
 *
 * Returns 0, or
 *   -EEXIST   a filter of somebody else occupies our place
 *   -ENOEXEC  the kernel refused the program; what it said is on stderr
 *   -EPERM, and other errors of the kernel
 */
GLB_NODISCARD int redirect_attach(int ifindex);

/*
 * Takes the program off a device, and the clsact qdisc too if no other filter is on it.
 *
 * Returns 0, -ENOENT when the program is not there, -EEXIST when a filter of somebody else is in
 * its place, or another error of the kernel.
 */
GLB_NODISCARD int redirect_detach(int ifindex);

/*
 * Reads the counters of a device into values[GLB_REDIRECT_COUNTER_COUNT], summed over all CPUs.
 *
 * Returns 0, -ENOENT or -EEXIST like redirect_detach(), -ENOTSUP when the program on the device is
 * of another version and counts other things, or another error of the kernel.
 */
GLB_NODISCARD int redirect_read_counters(int ifindex, uint64_t *values);

#endif
