/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which kernel device is under a port?
 *
 * Drivers such as net_af_packet, net_af_xdp, net_pcap and net_tap move their frames through a
 * network device of the kernel, on which their port depends.
 */
#ifndef DIRECTOR_NETDEV_H
#define DIRECTOR_NETDEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>
#include <glb/net.h>

#include "director/dpdk.h"

/* What a port was created from, at that time. */
struct netdev {
	char name[IF_NAMESIZE]; /* from the option; may refer to a different device by now */
	uint32_t ifindex;	/* the device that the driver has opened; 0: unknown */
	bool is_copied;	   /* the kernel, and every other reader, has its own copy of each frame */
	bool is_own;	   /* created by the driver, and removed with the port */
	bool is_named;	   /* given by an EAL option, so the port can be recreated */
	bool needs_up;	   /* the driver cannot open a device that is down */
	bool is_xdp;	   /* the kernel hands its frames to one process */
	bool has_xdp_prog; /* the driver attaches a program to it, of which a device has one */
};

/* The name of a port, in *name or a constant: "?" if there is no such port. */
const char *netdev_port(uint16_t id, char name[RTE_DEV_NAME_MAX_LEN]);

/* False, with *out untouched: the port is not on a kernel device. */
bool netdev_of(struct netdev *out, uint16_t id);

/*
 * The current MAC address of the kernel device that the port was opened on, whatever its name.
 * False, with `out` untouched: there is none.
 */
bool netdev_mac(uint8_t out[GLB_MAC_LEN], uint16_t id);

/* The MTU of a kernel device, or 0. */
uint16_t netdev_mtu(uint32_t ifindex);

/*
 * Refuses devices whose frames have no Ethernet header, such as tun and WireGuard. Returns 0, or
 * -errno with a diag that names port and device.
 */
GLB_NODISCARD int netdev_check(uint16_t id, struct glb_diag *diag);

#endif
