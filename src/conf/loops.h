/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets would loop back to a director, given tables.json and director.json?
 *
 * An address inside a bind is a VIP: routers send its packets to directors. A backend, an outer
 * source address or a gateway there may cause a loop, or lose packets. It may still work (a router
 * may know a longer prefix), so there is a warning, which names both places.
 */
#ifndef CONF_LOOPS_H
#define CONF_LOOPS_H

#include "conf/json.h"

enum { OWN_ADDRS_MAX = 19 }; /* two sources, a gateway, and one per port */

/* An address in director.json. */
struct own_addr {
	struct glb_addr addr;
	bool is_source;
	uint32_t line;
	char place[48]; /* `$.ports[3].outbound_gateway_ip` */
};

struct own_addrs {
	const char *path; /* of the file; owned by the caller */
	uint32_t count;
	struct own_addr addrs[OWN_ADDRS_MAX];
};

/*
 * Finds the addresses in a director.json, as far as they are valid, and warns of a gateway whose
 * address is also an outer source address.
 */
void own_addrs_read(struct own_addrs *out, const struct conf_value *root);

/*
 * Warns of
 *   - a UDP bind that contains a backend and the port of the tunnel: packets encapsulated for the
 *     backend match the bind again,
 *   - any other bind that contains a backend, a source or a gateway,
 *   - a backend that is a source,
 * once per bind and kind, in O(n log n) for n binds and backends. Inactive backends are ignored.
 *
 * report  has the addresses of the director as `own`, or NULL: only tables are checked
 * tables  the array in the file that spec was read from; NULL: it was an image, which has no lines
 *
 * Returns 0, even if there are warnings, or -ENOMEM.
 */
GLB_NODISCARD int loops_warn(const struct glb_spec *spec, const struct conf_value *tables,
			     struct report *report);

#endif
