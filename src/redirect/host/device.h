/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the kernel say about a network device?
 */
#ifndef GLB_REDIRECT_HOST_DEVICE_H
#define GLB_REDIRECT_HOST_DEVICE_H

#include <glb/net.h>

struct device_facts {
	uint8_t mac[GLB_MAC_LEN];
	uint32_t mtu;
	uint32_t gro_max; /* bytes of a merged packet, IPv6 or both; 0: the kernel does not say */
	uint32_t gro_ipv4_max; /* the same of IPv4 */
};

/* Reads a device of this network namespace. False: there is none, or the kernel does not say. */
GLB_NODISCARD bool device_read(struct device_facts *out, int ifindex);

enum device_feature { DEVICE_OFF, DEVICE_ON, DEVICE_UNKNOWN };

/* Is a feature on, by its name in `ethtool -k`, such as "rx-gro-list"? */
enum device_feature device_feature(const char *device, const char *name);

#endif
