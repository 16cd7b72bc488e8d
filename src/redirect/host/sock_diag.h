/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are the sockets of this network namespace listed, as in sock_diag(7)?
 */
#ifndef GLB_REDIRECT_HOST_SOCK_DIAG_H
#define GLB_REDIRECT_HOST_SOCK_DIAG_H

#include "netlink.h"

/* States of sockets: bits of `states`. TCP numbers them, and UDP has the first and CLOSE. */
enum sock_diag_state {
	SOCK_DIAG_ESTABLISHED = 1, /* UDP: connected */
	SOCK_DIAG_TIME_WAIT = 6,
	SOCK_DIAG_CLOSE = 7, /* UDP: not connected */
	SOCK_DIAG_LISTEN = 10,
	SOCK_DIAG_STATES = 12,
};

/*
 * Calls see() with a struct inet_diag_msg for every socket of a family and protocol whose state has
 * its bit in `states`. True if it was all; false if some may be missing or the kernel refused.
 */
GLB_NODISCARD bool sock_diag_dump(uint8_t family, uint8_t proto, uint32_t states, netlink_see *see,
				  void *found);

#endif
