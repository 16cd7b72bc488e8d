/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is the program attached to the egress of a device?
 *
 * Linux 6.6 and later have a list of programs in front of the tc filters (tcx). A program attached
 * by a link is detached when the link's descriptor is closed, however the process ends, and
 * attaching a loaded program requires no privileges.
 *
 * Earlier kernels: as a filter on the clsact qdisc with priority 19523 and handle 1, like that of
 * glb-redirect on ingress. It requires CAP_NET_ADMIN and stays when the process ends, without
 * effect as no sockets are in its map; the next start replaces it.
 */
#ifndef HEALTHCHECK_TUNNEL_ATTACH_H
#define HEALTHCHECK_TUNNEL_ATTACH_H

#include <glb/bytes.h>

/*
 * Attaches a program in front of all others in the tcx list. Returns a descriptor, which detaches
 * the program when closed; or -errno: -EINVAL if the kernel has no tcx.
 */
GLB_NODISCARD int tunnel_attach_tcx(int ifindex, int program_fd);

/* Attaches a program in our place among the filters, replacing what is there. Returns 0 or
 * -errno. */
GLB_NODISCARD int tunnel_attach_clsact(int ifindex, int program_fd);

#endif
