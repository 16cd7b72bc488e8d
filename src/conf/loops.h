/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets would come back to a director, for the way that tables.json and director.json are
 * put together?
 *
 * An address inside a bind is a VIP: routers send its packets to directors. A backend, a source of
 * outer headers or a gateway there is asking for a loop, or for packets that reach nobody. It may
 * still work (a router may know a longer prefix), so there is a warning, which names both places.
 */
#ifndef CONF_LOOPS_H
#define CONF_LOOPS_H

#include "conf/json.h"

enum { OWN_ADDRS_MAX = 19 }; /* two sources, a gateway, and one of each port */

/* An address that director.json names. */
struct own_addr {
	struct glb_addr addr;
	bool is_source;
	uint32_t line;
	char place[48]; /* `$.ports[3].outbound_gateway_ip` */
};

struct own_addrs {
	const char *path; /* of the file; the caller's */
	uint32_t count;
	struct own_addr addrs[OWN_ADDRS_MAX];
};

/*
 * Finds the addresses in a director.json, as far as they can be read, and warns of a gateway whose
 * address is a source of outer headers, too.
 */
void own_addrs_read(struct own_addrs *out, const struct conf_value *root);

/*
 * Warns of
 *   - a UDP bind that has a backend at the port of the tunnel: what is encapsulated to it matches
 *     the bind again,
 *   - any other bind that has a backend, a source or a gateway inside,
 *   - a backend that is a source,
 * once per bind and kind, in O(n log n) for n binds and backends. Inactive backends do not count.
 *
 * report  has the addresses of the director as `own`, or NULL: only tables are looked at
 * tables  the array in the file that spec was read from; NULL: it was an image, which has no lines
 *
 * Returns 0, also if there are warnings, or -ENOMEM.
 */
GLB_NODISCARD int loops_warn(const struct glb_spec *spec, const struct conf_value *tables,
			     struct report *report);

#endif
