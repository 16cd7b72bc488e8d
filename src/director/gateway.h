/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which MAC address do frames to a gateway carry, given what the kernel reports?
 *
 * The last one that the kernel confirmed. A gateway that stops responding keeps it for
 * GATEWAY_HOLD_MS: a router that restarts its control plane keeps forwarding, and if it is dead,
 * the frames are lost anyway. After that they are dropped and counted, before switches forget the
 * address as well and flood every port with them.
 *
 * No system calls, no clock: src/director/neighbour.h queries the kernel.
 */
#ifndef DIRECTOR_GATEWAY_H
#define DIRECTOR_GATEWAY_H

#include "conf/director.h"

enum {
	GATEWAY_HOLD_MS = 30000, /* well below the 300 s after which bridges forget (802.1Q) */
	GATEWAY_ASK_MS = 1000, /* interval at which the kernel is asked to resolve or confirm it */
};

/* How certain the kernel is of a neighbour's MAC address. */
enum neighbour_state {
	NEIGHBOUR_LOST,	 /* there is none, or it does not respond */
	NEIGHBOUR_STALE, /* was correct; will be verified when used */
	NEIGHBOUR_SURE,	 /* correct, and monitored by the kernel where it can change */
};

/* An entry of the kernel's neighbour table. */
struct neighbour {
	struct glb_addr addr;
	uint32_t ifindex; /* of the interface it is on */
	uint8_t state;	  /* enum neighbour_state */
	uint8_t mac[GLB_MAC_LEN];
};

/* The gateway of one port. */
struct gateway {
	char port[PORT_NAME_LEN];	    /* its DPDK device */
	struct glb_addr addr;		    /* version 0: the port has no gateway to be looked up */
	char interface[INTERFACE_NAME_LEN]; /* interface of the neighbour; "": any */
	uint32_t ifindex; /* of that interface, or of the one it was found on; 0: none yet */
	uint8_t state;	  /* enum neighbour_state */
	uint8_t mac[GLB_MAC_LEN]; /* to be used; zeros: none */
	bool listed;		  /* seen since gateway_list_starts() */
	uint64_t lost_at_ms;	  /* when it became NEIGHBOUR_LOST */
	uint64_t asked_at_ms;
};

/* What a change of a gateway means to an operator. */
enum gateway_event {
	GATEWAY_SAME,
	GATEWAY_FOUND,	  /* it has a MAC address, and had none before */
	GATEWAY_MOVED,	  /* its MAC address has changed */
	GATEWAY_LOST,	  /* it does not respond; its MAC address is kept for a while */
	GATEWAY_BACK,	  /* it responds again, in time */
	GATEWAY_GIVEN_UP, /* its MAC address is given up */
};

/*
 * Starts looking for the gateway of the port conf->name. `mac` is the one in use by the port, to be
 * kept as if the gateway had just been lost; zeros: none.
 */
void gateway_start(struct gateway *out, const struct port_conf *conf,
		   const uint8_t mac[GLB_MAC_LEN], uint64_t now_ms);

/* Was the gateway started for this configuration? */
bool gateway_is_for(const struct gateway *gateway, const struct port_conf *conf);

/* Processes the kernel's news of a neighbour, which may be this gateway or another host. */
enum gateway_event gateway_hear(struct gateway *gateway, const struct neighbour *neighbour,
				uint64_t now_ms);

/* Bracket a complete list of neighbours from the kernel: those not in it do not exist. */
void gateway_list_starts(struct gateway *gateway);
enum gateway_event gateway_list_ends(struct gateway *gateway, uint64_t now_ms);

/* Reports the time. */
enum gateway_event gateway_tick(struct gateway *gateway, uint64_t now_ms);

/* Should the kernel be asked now? If so, counts it as asked. */
bool gateway_is_due(struct gateway *gateway, uint64_t now_ms);

/* Is there a MAC address for its frames? */
bool gateway_has_mac(const struct gateway *gateway);

#endif
