/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the kernel know about the gateways of the ports?
 *
 * Its neighbour table has the results of ARP and ND. This module reads it once, then follows
 * changes over netlink, and asks the kernel to resolve and confirm the addresses needed: the
 * director's packets do not pass the kernel, so nothing else would. src/director/gateway.h derives
 * a MAC address from it.
 */
#ifndef DIRECTOR_NEIGHBOUR_H
#define DIRECTOR_NEIGHBOUR_H

#include <glb/diag.h>

#include "director/gateway.h"
#include "sys/sparing.h"

struct mnl_socket;

struct neighbours {
	struct mnl_socket *socket; /* NULL: no gateway to be looked up so far */
	bool listing;		   /* a list of all neighbours is being received */
	bool list_again;	   /* request another list afterwards: messages were lost */
	uint32_t lists;		   /* requested so far */
	bool cannot_ask;	   /* the kernel refused a request, which was logged */
	uint64_t now_ms;	   /* time of the current call into this module */
	uint64_t interfaces_at_ms; /* when interfaces were last looked up by name */
	struct gateway gateways[GLB_PORTS_MAX]; /* by DPDK port number */
	struct sparing lines[GLB_PORTS_MAX];	/* limits: anyone on the link can move one */
};

/*
 * Follows the gateway of the port conf->name from now on, or none if its MAC address is configured.
 * `mac` is the one in use, kept for a while until the kernel reports another; zeros: none.
 */
void neighbours_follow(struct neighbours *neighbours, unsigned int port,
		       const struct port_conf *conf, const uint8_t mac[GLB_MAC_LEN]);

/*
 * Reads the kernel's table, after calls of neighbours_follow(). Returns 0 with everything applied
 * that the kernel knows; or -errno if netlink is not available. No-op if no gateway is followed.
 */
GLB_NODISCARD int neighbours_read(struct neighbours *neighbours, struct glb_diag *diag);

/*
 * Logs which gateways are unknown so far. Not an error: the kernel resolves them once they are
 * reachable.
 */
void neighbours_warn_unknown(const struct neighbours *neighbours);

/* Processes the kernel's messages without blocking, and sends requests that are due. */
void neighbours_poll(struct neighbours *neighbours);

/* Continues after a copy of *neighbours was used for neighbours_read() and has been discarded. */
void neighbours_resume(struct neighbours *neighbours, const struct neighbours *copy);

/* Sets gateway_mac of those of the GLB_PORTS_MAX ports whose gateways are followed. */
void neighbours_describe(struct glb_port *ports, const struct neighbours *neighbours);

void neighbours_close(struct neighbours *neighbours);

#endif
