/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which addresses does this host have, and which of them may be VIPs?
 */
#ifndef GLB_REDIRECT_HOST_ADDRESSES_H
#define GLB_REDIRECT_HOST_ADDRESSES_H

#include <glb/spec.h>

enum { HOST_DEVICE_LEN = 16 };

struct host_address {
	struct glb_addr address;
	char device[HOST_DEVICE_LEN]; /* the device that has it */
	uint8_t prefix_len;	      /* of its network there */
	/* on the loopback device, or another one without ARP or neighbour discovery, as VIPs are */
	bool is_silent;
};

/* Without loopback and link-local addresses. One that several devices have is listed as often. */
struct host_addresses {
	struct host_address *list;
	size_t count;
};

/*
 * Reads the addresses of this network namespace. Returns 0 and fills *out, to be released with
 * host_addresses_free(); or -errno.
 */
GLB_NODISCARD int host_addresses_read(struct host_addresses *out);

void host_addresses_free(struct host_addresses *addresses);

/* The entry of an address, a silent one if there is one; NULL: the host does not have it. */
const struct host_address *host_addresses_find(const struct host_addresses *addresses,
					       const struct glb_addr *address);

/* Can a VIP have this address, or is it loopback, link-local, multicast or the like? */
bool host_can_be_vip(const struct glb_addr *address);

#endif
