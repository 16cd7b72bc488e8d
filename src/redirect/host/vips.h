/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which addresses of this host are VIPs?
 *
 * VIPs are those of the loopback device and of others without ARP or neighbour discovery, such as
 * dummy devices, unless an operator lists them. Loopback, link-local and multicast addresses are
 * none.
 */
#ifndef GLB_REDIRECT_HOST_VIPS_H
#define GLB_REDIRECT_HOST_VIPS_H

#include "addresses.h"

enum { HOST_VIPS_MAX = 256, HOST_VIPS_WHY_LEN = 128 };

struct host_vip {
	struct glb_addr address;
	char device[HOST_DEVICE_LEN]; /* the device that has it; "": none, so it is not local */
	uint8_t prefix_len;	      /* of its network there */
	bool is_answered_for;	      /* the device replies to ARP or neighbour discovery for it */
};

/* In the kernel's order, or in that of the list. */
struct host_vips {
	struct host_vip list[HOST_VIPS_MAX];
	unsigned int count;
	bool more; /* there are more VIPs than are listed */
};

/*
 * Parses addresses separated by commas, without spaces. Returns 0 and fills *out, except for what
 * host_vips_read() fills in; or -EINVAL and writes into `why` which one is wrong: not an address,
 * not one that a host can have, listed twice, or one too many.
 */
GLB_NODISCARD int host_vips_parse(struct host_vips *out, const char *text,
				  char why[HOST_VIPS_WHY_LEN]);

/*
 * Reads the host's addresses. `given` is a list of host_vips_parse(), or NULL: VIPs are found.
 * Returns 0 or -errno.
 */
GLB_NODISCARD int host_vips_read(struct host_vips *out, const struct host_vips *given);

/* The first address of a device that a director can name, of an IP version. False: it has none. */
bool host_device_address(struct glb_addr *out, const char *device, uint8_t version);

#endif
