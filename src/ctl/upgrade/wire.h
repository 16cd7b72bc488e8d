/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many frames have the kernel's devices under the ports of a director received?
 *
 * By the kernel's own count, also after the director has ended. Ports that DPDK owns have none.
 */
#ifndef CTL_UPGRADE_WIRE_H
#define CTL_UPGRADE_WIRE_H

#include <sys/types.h>

#include "conf/json.h"

enum { WIRE_DEVICES_MAX = 16, WIRE_NAME_LEN = 16 };

struct wire {
	int fd; /* device counters of the director's network namespace; -1: unknown */
	char names[WIRE_DEVICES_MAX][WIRE_NAME_LEN];
	unsigned int count; /* 0: its ports have no device of the kernel */
};

/* Begins with the ports in a reply to `status`. Released with wire_close(). */
void wire_open(struct wire *out, pid_t pid, const struct conf_value *status);

/* The frames received so far. False: unknown. */
bool wire_frames(uint64_t *out, const struct wire *wire);

void wire_close(struct wire *wire);

#endif
