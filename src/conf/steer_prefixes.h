/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which destination addresses must a NIC send to a director, so that it gets all packets to its
 * VIPs?
 *
 * Ports do not matter: echo requests, ICMP errors and fragments have none, and belong to the
 * director along with the rest of their VIP. For the commands that glbctl steer prints, and for the
 * rules that a director makes itself (director/steer.h).
 */
#ifndef CONF_STEER_PREFIXES_H
#define CONF_STEER_PREFIXES_H

#include <glb/table.h>

#include "conf/addr.h"

/* Addresses that binds receive. */
struct steer_prefix {
	struct glb_addr addr; /* host bits are 0 */
	uint8_t len;
	uint32_t order;	 /* of its first bind in the file */
	uint32_t handle; /* of its rule of tc; for glbctl steer */
};

/*
 * Lists the prefixes of all binds without those that are part of another, in the order of the file:
 * what is appended to it leaves the places of other rules as they are. Returns 0 and sets *out, to
 * be released with free(), and *count; or -ENOMEM.
 */
GLB_NODISCARD int steer_prefixes(struct steer_prefix **out, uint32_t *count,
				 const struct glb_tables *tables);

/* Formats a prefix; one of full length as an address. Returns out. */
const char *steer_prefix_text(char out[PREFIX_TEXT_LEN], const struct steer_prefix *prefix);

#endif
