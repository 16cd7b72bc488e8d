/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which table serves a flow?
 *
 * Of all binds that match, the longest prefix wins; among those the narrowest port range; among
 * those the first in the file. Flows without ports (echo requests, later fragments, errors whose
 * quote is unreadable) match a bind by its address alone.
 *
 * Immutable once built: any number of threads may match at the same time.
 */
#ifndef GLB_BIND_H
#define GLB_BIND_H

#include <glb/parse.h>
#include <glb/table.h>

struct glb_binds;

/*
 * Indexes the binds of all tables. The tables are read only during the call.
 *
 * Returns 0 and sets *out, to be released with glb_binds_free(); -E2BIG if there are more than
 * GLB_ALL_BINDS_MAX binds; or -ENOMEM.
 */
GLB_NODISCARD int glb_binds_build(struct glb_binds **out, const struct glb_tables *tables);

void glb_binds_free(struct glb_binds *binds);

/* The result of a match. */
struct glb_match {
	int32_t table; /* index of the table, or -1: no bind matches */
	bool quic;     /* is the bind one for QUIC? */
};

/*
 * Finds the table that serves a flow.
 *
 * outer_dst   destination of the packet itself, 4 or 16 bytes. For an ICMP error it must be in the
 *             same bind as the quoted flow: an error about one VIP sent to another does not match.
 *             An
 *             error whose quoted protocol is in no bind is matched regardless of the protocol. Read
 *             for GLB_FLOW_QUOTED only
 */
struct glb_match glb_binds_match(const struct glb_binds *binds, const struct glb_flow *flow,
				 const uint8_t *outer_dst);

/*
 * Do all binds of a flow's VIP lead to one table, whatever the protocol and port? False also if
 * there is none.
 */
bool glb_binds_lead_to_one_table(const struct glb_binds *binds, const struct glb_flow *flow);

/*
 * As glb_binds_match(): returns the index of the table or -1, and sets *bind to the index of the
 * bind in that table. For explanations.
 */
int glb_binds_find(unsigned int *bind, const struct glb_binds *binds, const struct glb_flow *flow,
		   const uint8_t *outer_dst);

#endif
