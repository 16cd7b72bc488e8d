/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a change of a table do to the flows it serves?
 *
 * A flow is owned by the backend that accepted it. It survives a change when its owner is still on
 * the hop list of its row, as primary or reached by second chance. On a row of the old table these
 * may own flows:
 *
 *   its primary, which gets the new ones;
 *   while the first by rank is filling, those behind it up to and with the first that is not, which
 *   got the flows before; if backends are in different zones all behind it, since the one that got
 *   the flows may then stand anywhere;
 *   a draining backend, which keeps what it has;
 *   in a table with max_load, while any backend is filling or draining, whoever has no more than
 *   one healthy and active backend before it by rank: the limits of all were others before.
 *
 * A backend that is marked unhealthy counts as one that has lost its flows already. A table that
 * has been in force for as long as its longest flow lives is settled: all flows are owned by
 * primaries.
 *
 * Flows are lost, too, with their bind, with another hash_key, and with a QUIC server ID that leads
 * elsewhere while there may be connections that name it. A bind may become wider, or one for QUIC;
 * one that no longer is for QUIC does not keep its connections.
 */
#ifndef GLB_DIFF_H
#define GLB_DIFF_H

#include <glb/table.h>

struct glb_diff {
	bool same_hash_key;	  /* if not, flows are on other rows, and nothing below holds */
	uint32_t changed_rows;	  /* rows whose hop list differs, by address */
	uint32_t changed_primary; /* rows whose primary differs */
	uint32_t owned;		  /* pairs of a row and a backend that may own flows there */
	uint32_t kept;		  /* of those: no further back on the list than before */
	uint32_t moved;		  /* further back: reached by one more second chance */
	uint32_t lost;		  /* not on the list any more: their flows break */
	uint32_t binds_gone;	  /* of the old table: no bind of the new one covers them */
	uint32_t servers_lost;	  /* server IDs that no longer lead to the backends that had them */
};

/* Does a change break flows? The one rule of it. */
static inline bool glb_diff_loses(const struct glb_diff *diff)
{
	return diff->lost || diff->binds_gone || diff->servers_lost || !diff->same_hash_key;
}

/* Does one bind of a table cover another bind? `hint` is where to look first. */
bool glb_diff_keeps_bind(const struct glb_table_spec *table, const struct glb_bind *bind,
			 unsigned int hint);

/* What a change does to one backend. Rows by position on the hop list. */
struct glb_diff_backend {
	struct glb_addr addr;
	uint32_t old_rows[GLB_HOPS_MAX];
	uint32_t new_rows[GLB_HOPS_MAX];
	uint32_t lost; /* rows where it may own flows, and which no longer list it */
};

/*
 * Compares two states of a table, both ranked, that is not read from an image; `settled` says that
 * the old one is. `backends` receives one entry per address, first those of the old table in their
 * order, then the new ones; it has room for the backends of both. Sets *backend_count to their
 * number. 0 or -ENOMEM.
 */
GLB_NODISCARD int glb_diff(struct glb_diff *out, struct glb_diff_backend *backends,
			   unsigned int *backend_count, const struct glb_table *old,
			   const struct glb_table *new, bool settled);

/* The same totals, without figures of single backends. */
GLB_NODISCARD int glb_diff_totals(struct glb_diff *out, const struct glb_table *old,
				  const struct glb_table *new, bool settled);

#endif
