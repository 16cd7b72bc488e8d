/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the program get onto the egress of a device?
 *
 * Linux 6.6 and later keep a list of programs in front of the tc filters (tcx). What is put there
 * by a link goes with its descriptor, however the process ends, and who has the program loaded may
 * attach it, without any privilege.
 *
 * Before, it is a filter on the clsact qdisc: priority 19523, handle 1, as on ingress that of
 * glb-redirect. It takes CAP_NET_ADMIN, and it stays when the process ends; the next start replaces
 * it. It does nothing then: no socket of others is in its map.
 */
#ifndef HEALTHCHECK_TUNNEL_ATTACH_H
#define HEALTHCHECK_TUNNEL_ATTACH_H

#include <glb/bytes.h>

/*
 * Puts a program in front of all others in the tcx list: a descriptor, with which the program goes
 * when it is closed, or -errno: -EINVAL when the kernel has no tcx.
 */
GLB_NODISCARD int tunnel_attach_tcx(int ifindex, int program_fd);

/* Puts a program in our place among the filters, whatever is there: 0 or -errno. */
GLB_NODISCARD int tunnel_attach_clsact(int ifindex, int program_fd);

#endif
