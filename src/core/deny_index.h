/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do denied ranges of addresses become what workers read?
 *
 * Private to the list of denied sources: see glb/deny.h for what an index is.
 */
#ifndef CORE_DENY_INDEX_H
#define CORE_DENY_INDEX_H

#include <glb/deny.h>

/* All addresses of a prefix; those of IPv4 are in the 32 low bits. */
struct deny_range {
	glb_addr6 first, last;
};

/* The ranges of both versions, ascending; none has addresses of another. */
struct deny_ranges {
	const struct deny_range *v4, *v6;
	uint32_t count4, count6;
};

/*
 * Fills in v4, v6 and the arena of a list. Returns 0; or -ENOMEM, with nothing allocated.
 */
GLB_NODISCARD int deny_index(struct glb_deny *deny, const struct deny_ranges *ranges);

#endif
