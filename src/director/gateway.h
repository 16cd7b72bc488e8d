/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which MAC address do frames to a gateway carry, given what the kernel says about it?
 *
 * The last one the kernel vouched for. A gateway that stops answering keeps it for
 * GATEWAY_HOLD_MS: a router that restarts its control plane goes on forwarding meanwhile, and where
 * it is dead, the frames are lost either way. After that they are dropped and counted instead,
 * before the switches forget the address as well and flood every port with them.
 *
 * No system calls, no clock: src/director/neighbour.h asks the kernel.
 */
#ifndef DIRECTOR_GATEWAY_H
#define DIRECTOR_GATEWAY_H

#include "conf/director.h"

enum {
	GATEWAY_HOLD_MS = 30000, /* well below the 300 s after which bridges forget (802.1Q) */
	GATEWAY_ASK_MS = 1000,	 /* how often the kernel is asked to find it, or to make sure */
};

/* How much the kernel vouches for the MAC address of a neighbour. */
enum neighbour_state {
	NEIGHBOUR_LOST,	 /* there is none, or nobody answered */
	NEIGHBOUR_STALE, /* it was right; whether it still is will show when somebody asks */
	NEIGHBOUR_SURE,	 /* it is right, and the kernel keeps an eye on it where it can change */
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
	struct glb_addr addr;		    /* version 0: the port has none to be looked up */
	char interface[INTERFACE_NAME_LEN]; /* whose neighbour it is; "": any */
	uint32_t ifindex;	  /* of that, or of the one it was found on; 0: none yet */
	uint8_t state;		  /* enum neighbour_state */
	uint8_t mac[GLB_MAC_LEN]; /* to be used; all 0: none */
	bool listed;		  /* seen since gateway_list_starts() */
	uint64_t lost_at_ms;	  /* when it became NEIGHBOUR_LOST */
	uint64_t asked_at_ms;
};

/* What a change of a gateway means to an operator. */
enum gateway_event {
	GATEWAY_SAME,
	GATEWAY_FOUND,	  /* it has a MAC address now, and had none */
	GATEWAY_MOVED,	  /* it has another one now */
	GATEWAY_LOST,	  /* it does not answer; its MAC address is kept for a while */
	GATEWAY_BACK,	  /* it answers again, in time */
	GATEWAY_GIVEN_UP, /* it has none any more */
};

/*
 * Starts to look for the gateway of the port conf->name. mac is what the port uses so far, to be
 * kept like that of a gateway that was lost now; all 0: nothing.
 */
void gateway_start(struct gateway *out, const struct port_conf *conf,
		   const uint8_t mac[GLB_MAC_LEN], uint64_t now_ms);

/* Is this what the gateway was started for? */
bool gateway_is_for(const struct gateway *gateway, const struct port_conf *conf);

/* The kernel says something about a neighbour, of this gateway or of another host. */
enum gateway_event gateway_hear(struct gateway *gateway, const struct neighbour *neighbour,
				uint64_t now_ms);

/* The kernel is about to list all neighbours; has done so: who was not listed is not there. */
void gateway_list_starts(struct gateway *gateway);
enum gateway_event gateway_list_ends(struct gateway *gateway, uint64_t now_ms);

/* Time has passed. */
enum gateway_event gateway_tick(struct gateway *gateway, uint64_t now_ms);

/* Should the kernel be asked now? Counts as asked when it says so. */
bool gateway_is_due(struct gateway *gateway, uint64_t now_ms);

/* Is there a MAC address for its frames? */
bool gateway_has_mac(const struct gateway *gateway);

#endif
