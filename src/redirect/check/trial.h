/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the program do with a packet of a director for a VIP?
 *
 * A host cannot send a packet to itself through the ingress of a device. So a copy of the program,
 * with counters of its own, is run on a made-up packet as if that had arrived on the device
 * (BPF_PROG_TEST_RUN): it looks up the host's routes, addresses, sockets and connections, and what
 * it decides is not carried out. Nothing is sent or delivered, and no counter of the device moves.
 */
#ifndef GLB_REDIRECT_CHECK_TRIAL_H
#define GLB_REDIRECT_CHECK_TRIAL_H

#include <glb/spec.h>

#include "redirect/attachment.h"

/* Packets from a director. */
enum trial_packet {
	TRIAL_OPENING, /* a SYN, without another hop: it is to be kept, without outer headers */
	TRIAL_UNKNOWN, /* an ACK of no connection, with another hop: it is to be sent there */
};

struct trial {
	uint8_t mac[6];		/* of the device */
	struct glb_addr sender; /* outer source */
	struct glb_addr own;	/* outer destination, of the same version */
	struct glb_addr vip;
	uint16_t port; /* of the VIP */
};

struct trial_result {
	enum glb_redirect_counter fate; /* GLB_REDIRECT_TOTAL: it was not taken for GUE */
	bool is_right; /* fate, verdict and the packet afterwards are what they are to be */
};

/* Runs the program on one packet. Returns 0 and fills *out, or an error of the kernel. */
GLB_NODISCARD int trial_run(struct trial_result *out, const struct redirect_copy *copy, int ifindex,
			    const struct trial *trial, enum trial_packet packet);

#endif
