/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do answers to SYNs offer, and under which secret are their cookies?
 */
#ifndef GLB_REDIRECT_SYN_SETTINGS_H
#define GLB_REDIRECT_SYN_SETTINGS_H

#include "syn_queue.h"

/* An IP version whose SYNs are not answered, and why. */
enum syn_obstacle {
	SYN_NO_OBSTACLE,
	SYN_OTHER_WAY, /* replies to clients leave by another device */
};

/*
 * Finds out what answers offer: the MSS by the default route and the device's MTU, the window scale
 * by net.ipv4.tcp_rmem and net.core.rmem_max, as the kernel does. Of a version with an obstacle,
 * the MSS is 0.
 *
 * obstacles  by IP version, 4 and 6; may be NULL
 */
void syn_settings_read(struct syn_settings *out, int ifindex, enum syn_obstacle obstacles[7]);

/* Are SYNs answered, of either version? */
bool syn_settings_answer(const struct syn_settings *settings);

/* Fills the map of a program with a new secret, unless it has one. Returns 0 or -errno. */
GLB_NODISCARD int syn_key_begin(int map_fd);

#endif
