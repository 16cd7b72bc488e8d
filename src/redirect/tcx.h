/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which programs run first on the ingress of a device?
 *
 * Since Linux 6.6 a device has a list of eBPF programs, tcx, in front of its tc filters. A program
 * that returns anything but TCX_NEXT (TC_ACT_UNSPEC) ends the processing of the list and of the
 * filters. A program attached here stays, without a link or a file, until it is detached or the
 * device is removed.
 */
#ifndef GLB_REDIRECT_TCX_H
#define GLB_REDIRECT_TCX_H

#include <glb/bytes.h>

enum { TCX_PROGRAMS_MAX = 64 }; /* per list: BPF_MPROG_MAX of the kernel */

/*
 * Reads the ids of the programs on a device in the order in which they run, and sets *count.
 *
 * Returns 0; -ENOTSUP if the kernel has no tcx; -EPERM without CAP_NET_ADMIN; or another error of
 * the kernel.
 */
GLB_NODISCARD int tcx_list(int ifindex, uint32_t ids[TCX_PROGRAMS_MAX], uint32_t *count);

/*
 * Attaches a program in front of all others or, if replaced_fd is not -1, replaces that program
 * atomically.
 *
 * Returns 0; -ENOENT if the program to replace is not on the device; -EBUSY if it is held by a
 * link, which only the link's owner may change; or another error of the kernel.
 */
GLB_NODISCARD int tcx_attach(int ifindex, int program_fd, int replaced_fd);

/* Detaches one program from a device. Returns as tcx_attach(). */
GLB_NODISCARD int tcx_detach(int ifindex, int program_fd);

#endif
