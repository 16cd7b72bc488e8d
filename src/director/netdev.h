/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which device of the kernel is under a port?
 *
 * Drivers such as net_af_packet, net_af_xdp, net_pcap and net_tap move their frames through a
 * network device of the kernel. Their port is no better than that device.
 */
#ifndef DIRECTOR_NETDEV_H
#define DIRECTOR_NETDEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>
#include <glb/net.h>

#include "director/dpdk.h"

/* What a port was made of, when it was made. */
struct netdev {
	char name[IF_NAMESIZE]; /* in the option; it may be another device's by now */
	uint32_t ifindex;	/* of the device that the driver has opened; 0: it does not say */
	bool is_copied; /* the kernel, and every other reader, has its own copy of each frame */
	bool is_own;	/* the driver makes it, and it goes with the port */
	bool is_named;	/* an EAL option names it, so that the port can be made again */
	bool needs_up;	/* the driver opens none that is down */
};

/* The name of a port, in *name or a constant: "?" when there is no such port. */
const char *netdev_port(uint16_t id, char name[RTE_DEV_NAME_MAX_LEN]);

/* False, with *out untouched: the port is on no device of the kernel. */
bool netdev_of(struct netdev *out, uint16_t id);

/*
 * The MAC address that the device of the kernel which the port is open on has now, whatever its
 * name. False, with `out` untouched: there is none.
 */
bool netdev_mac(uint8_t out[GLB_MAC_LEN], uint16_t id);

/*
 * Refuses devices whose frames have no Ethernet header, such as tun and WireGuard. 0, or -errno
 * with a diag that names port and device.
 */
GLB_NODISCARD int netdev_check(uint16_t id, struct glb_diag *diag);

#endif
