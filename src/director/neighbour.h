/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the kernel know about the gateways of the ports?
 *
 * Its neighbour table has the answers of ARP and ND. This module reads it once, then hears of every
 * change over netlink, and has the kernel find, and make sure of, the addresses that are needed:
 * packets of the director do not pass the kernel, so nothing else would. src/director/gateway.h
 * makes a MAC address of it.
 */
#ifndef DIRECTOR_NEIGHBOUR_H
#define DIRECTOR_NEIGHBOUR_H

#include <glb/diag.h>

#include "director/gateway.h"
#include "sys/sparing.h"

struct mnl_socket;

struct neighbours {
	struct mnl_socket *socket; /* NULL: no gateway is to be looked up, nor ever was */
	bool listing;		   /* a list of all neighbours is on its way */
	bool list_again;	   /* when it is complete: something was missed */
	uint32_t lists;		   /* asked for so far */
	bool cannot_ask;	   /* the kernel refused to, and the log has it */
	uint64_t now_ms;	   /* of the call of this module that is under way */
	uint64_t interfaces_at_ms; /* when interfaces were looked up by name */
	struct gateway gateways[GLB_PORTS_MAX]; /* by DPDK port number */
	struct sparing lines[GLB_PORTS_MAX]; /* logged of them: anybody on the link may move one */
};

/*
 * Follows the gateway of the port conf->name from now on, or none where its MAC address is
 * configured. mac is the one in use, kept for a while until the kernel knows better; all 0: none.
 */
void neighbours_follow(struct neighbours *neighbours, unsigned int port,
		       const struct port_conf *conf, const uint8_t mac[GLB_MAC_LEN]);

/*
 * Reads the kernel's table, after calls of neighbours_follow(). 0 with all applied that the kernel
 * knew, or -errno where it has no netlink for us. Does nothing when no gateway is followed.
 */
GLB_NODISCARD int neighbours_read(struct neighbours *neighbours, struct glb_diag *diag);

/*
 * Logs which gateways are not known yet. No error: the kernel is asked, and answers when the way to
 * them is there.
 */
void neighbours_warn_unknown(const struct neighbours *neighbours);

/* Reads what the kernel has said since, without waiting, and asks it what is due. */
void neighbours_poll(struct neighbours *neighbours);

/* Goes on after a copy of *neighbours was used for neighbours_read() and is of no use after all. */
void neighbours_resume(struct neighbours *neighbours, const struct neighbours *copy);

/* Sets the gateway_mac of those of the GLB_PORTS_MAX ports whose gateways are followed. */
void neighbours_describe(struct glb_port *ports, const struct neighbours *neighbours);

void neighbours_close(struct neighbours *neighbours);

#endif
