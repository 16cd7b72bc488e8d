/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of the devices under the ports?
 *
 * Before a port is started its device is looked at: whether it carries Ethernet frames, and nobody
 * else serves it. From then on the kernel reports over rtnetlink(7) what happens to it: every
 * change is logged and counted, its MAC address is taken over, and a device that was deleted and
 * made again is opened again. Ports that DPDK has for itself are asked for their link state once a
 * second.
 */
#ifndef DIRECTOR_LINK_H
#define DIRECTOR_LINK_H

#include <glb/diag.h>

#include "director/device.h"
#include "director/devices.h"
#include "director/dpdk.h"
#include "director/netdev.h"

enum {
	LINK_WAIT_MS = 10000, /* for the device of the last port to be made again */
	LINK_POLL_MS = 1000,  /* how often a port is opened again, or a port of DPDK's own asked */
	LINK_REMIND_MS = 60000,
};

struct mnl_socket;

/* The device under one port. */
struct link {
	bool is_followed;
	bool is_mended;	   /* opened again when its device is back: a port or twin, not a member */
	bool is_bond;	   /* dead when all of its members are */
	bool is_dead;	   /* what the port is open on is no more */
	bool is_elsewhere; /* it is in a network namespace that is not ours, and works */
	bool is_new;	   /* its state is yet to be heard of */
	bool is_listed;	   /* seen since the list that is under way was asked for */
	struct netdev netdev; /* no name: the port is DPDK's own */
	struct device device;
	uint64_t dead_at_ms;
	uint64_t tried_at_ms; /* to open it again */
	uint64_t reminded_at_ms;
};

struct links {
	int claims[RTE_MAX_ETHPORTS]; /* file descriptors, by DPDK port number; or 0 */
	struct link list[RTE_MAX_ETHPORTS];
	struct mnl_socket *socket;
	bool is_listing; /* a list of all devices is on its way */
	bool list_again; /* when it is complete: something was missed */
	uint32_t lists;	 /* asked for so far */
	uint64_t now_ms; /* of the call of this module that is under way */
	uint64_t polled_at_ms;
	uint64_t host_changed_at_ms; /* addresses or forwarding; 0: not since it was taken */
};

/*
 * Looks at the device under every port of the EAL, and claims those that only one director can
 * serve. 0, or -errno with a diag that names port and device. To be closed in either case.
 */
GLB_NODISCARD int links_open(struct links *links, struct glb_diag *diag);

/*
 * Follows the devices under ports that were started, their twins and members of bonds, and logs
 * which links are down. 0, or -errno
 * with a diag where the kernel has no netlink for us.
 */
GLB_NODISCARD int links_follow(struct links *links, const struct ports *ports,
			       struct glb_diag *diag);

/* Reads what the kernel has said since, without waiting, logs it and counts it in *ports. */
void links_poll(struct links *links, struct ports *ports);

/* Sets the MAC addresses of those of the GLB_PORTS_MAX ports whose devices are followed. */
void links_describe(struct glb_port *out, const struct links *links);

/* Have addresses or forwarding of the host changed, a second ago? Counts as taken. */
bool links_take_host_change(struct links *links);

/* Can the device that the port is open on be asked about? Not if it is gone or elsewhere. */
bool links_can_ask(const struct links *links, uint16_t id);

/* The port that should be opened again now, if any. Counts as tried. */
bool links_take_due(struct links *links, const struct ports *ports, uint16_t *id);

/*
 * A port was opened again: claims its new device and follows it. 0, or -errno with a diag that
 * names port and device.
 */
GLB_NODISCARD int links_reopened(struct links *links, uint16_t id, struct glb_diag *diag);

/* Have all ports been without their devices for LINK_WAIT_MS? Logs it then. */
bool links_are_lost(const struct links *links, const struct ports *ports);

/* Gives the claims up. A struct of zeros, or one that was closed, is fine. */
void links_close(struct links *links);

#endif
