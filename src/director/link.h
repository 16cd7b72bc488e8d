/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to the devices under the ports?
 *
 * Before a port is started its device is checked: it must carry Ethernet frames, and no other
 * director may serve it. From then on the kernel reports changes over rtnetlink(7): every change is
 * logged and counted, the MAC address is adopted, and a device that was deleted and recreated is
 * opened again. The link state of ports that DPDK owns exclusively is polled once a second.
 */
#ifndef DIRECTOR_LINK_H
#define DIRECTOR_LINK_H

#include <glb/diag.h>

#include "director/device.h"
#include "director/devices.h"
#include "director/dpdk.h"
#include "director/netdev.h"

enum {
	LINK_WAIT_MS = 10000, /* for the device of the last port to be recreated */
	LINK_POLL_MS = 1000,  /* interval of reopening a port, and of polling DPDK's own */
	LINK_REMIND_MS = 60000,
};

struct mnl_socket;

/* The device under one port. */
struct link {
	bool is_followed;
	bool is_mended; /* reopened when its device is back: a port or twin, not a member of a bond
			 */
	bool is_bond;	/* dead when all its members are */
	bool is_dead;	/* what the port was opened on no longer exists */
	bool is_elsewhere;    /* it is in a different network namespace, and works */
	bool is_new;	      /* no state reported yet */
	bool is_listed;	      /* seen since the list in progress was requested */
	struct netdev netdev; /* no name: the port is owned by DPDK exclusively */
	struct device device;
	uint64_t dead_at_ms;
	uint64_t tried_at_ms; /* time of the last attempt to reopen it */
	uint64_t reminded_at_ms;
};

struct links {
	int claims[RTE_MAX_ETHPORTS]; /* file descriptors, by DPDK port number; or 0 */
	struct link list[RTE_MAX_ETHPORTS];
	struct mnl_socket *socket;
	bool is_listing; /* a list of all devices is being received */
	bool list_again; /* request another list afterwards: messages were lost */
	uint32_t lists;	 /* requested so far */
	uint64_t now_ms; /* time of the current call into this module */
	uint64_t polled_at_ms;
	uint64_t host_changed_at_ms; /* addresses or forwarding; 0: no change since it was taken */
};

/*
 * Checks the device under every port of the EAL, and claims those that only one director can serve.
 * Returns 0, or -errno with a diag that names port and device. To be closed in either case.
 */
GLB_NODISCARD int links_open(struct links *links, struct glb_diag *diag);

/*
 * Follows the devices under ports that were started, their twins and members of bonds, and logs
 * which links are down. Returns 0; or -errno with a diag if netlink is not available.
 */
GLB_NODISCARD int links_follow(struct links *links, const struct ports *ports,
			       struct glb_diag *diag);

/* Processes the kernel's messages without blocking, logs changes and counts them in *ports. */
void links_poll(struct links *links, struct ports *ports);

/* Sets the MAC addresses of those of the GLB_PORTS_MAX ports whose devices are followed. */
void links_describe(struct glb_port *out, const struct links *links);

/* Did addresses or forwarding of the host change, at least a second ago? Counts as taken. */
bool links_take_host_change(struct links *links);

/* Can the device that the port was opened on be queried? Not if it is gone or elsewhere. */
bool links_can_ask(const struct links *links, uint16_t id);

/* The port to be reopened now, if any. Counts as tried. */
bool links_take_due(struct links *links, const struct ports *ports, uint16_t *id);

/*
 * A port was reopened: claims its new device and follows it. Returns 0, or -errno with a diag that
 * names port and device.
 */
GLB_NODISCARD int links_reopened(struct links *links, uint16_t id, struct glb_diag *diag);

/*
 * Is the link of every port down? One whose link has never been up counts if its device is one of
 * the kernel: some drivers never report a link. Not known is not down.
 */
bool links_are_down(const struct links *links, const struct ports *ports);

/* Have all ports been without their devices for LINK_WAIT_MS? If so, logs it. */
bool links_are_lost(const struct links *links, const struct ports *ports);

/* Releases the claims. All zeros, or a closed struct, are fine. */
void links_close(struct links *links);

#endif
