/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which table serves a flow?
 *
 * Of all binds that match, the longest prefix wins; among those the narrowest port range; among
 * those the one written first in the file. Flows without ports (echo requests, later fragments,
 * errors that quote nothing readable) match a bind by its address alone.
 */
#ifndef GLB_BIND_H
#define GLB_BIND_H

#include <glb/parse.h>
#include <glb/table.h>

struct glb_binds;

/*
 * Indexes the binds of all tables. The tables are read only during the call.
 *
 * Returns 0 and sets *out, to be released with glb_binds_free(), or -ENOMEM.
 */
GLB_NODISCARD int glb_binds_build(struct glb_binds **out, const struct glb_tables *tables);

void glb_binds_free(struct glb_binds *binds);

/* What serves a flow. */
struct glb_match {
	int32_t table; /* its index, or -1: nothing */
	bool quic;     /* is the bind one for QUIC? */
};

/*
 * The table that serves a flow, and what its bind says about it.
 *
 * outer_dst   destination of the packet itself, 4 or 16 bytes. For an ICMP error it must lie in the
 *             same bind as the quoted flow: an error about one VIP sent to another is no match. An
 *             error whose quoted protocol no bind has is matched without regard to the protocol.
 *             Read for GLB_FLOW_QUOTED only.
 */
struct glb_match glb_binds_match(const struct glb_binds *binds, const struct glb_flow *flow,
				 const uint8_t *outer_dst);

/*
 * Do all binds of the VIP of a flow lead to one table, whatever the protocol and port? False also
 * when there is none.
 */
bool glb_binds_lead_to_one_table(const struct glb_binds *binds, const struct glb_flow *flow);

/*
 * The index of the table that glb_binds_match() finds, or -1; sets *bind to the index of the bind
 * in that table. For explanations.
 */
int glb_binds_find(unsigned int *bind, const struct glb_binds *binds, const struct glb_flow *flow,
		   const uint8_t *outer_dst);

#endif
