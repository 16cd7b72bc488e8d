/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a change of a table affect the flows it serves?
 *
 * A flow is owned by the backend that accepted it. It survives a change if its owner is still on
 * the hop list of its row, as the primary or reached by second chance. In a row of the old table,
 * the following may own flows:
 *
 *   the primary, which gets new flows;
 *   while the first by rank is filling, the backends after it up to and including the first that is
 *   not, which got the flows before; if backends are in different zones, all of them, as the one
 *   that
 *   got the flows may then be anywhere;
 *   a draining backend, which keeps its flows;
 *   in a table with max_load, while any backend is filling or draining, every backend with at most
 *   one healthy and active backend before it by rank, as all limits were different before.
 *
 * A backend that is marked unhealthy is considered to have lost its flows already. A table that has
 * been in force for the lifetime of its longest flow is settled: all flows are owned by primaries.
 *
 * Flows are also lost with their bind, with a new hash_key, and with a QUIC server ID that is given
 * to another backend while connections may contain it. A bind may become wider, or one for QUIC;
 * one that ceases to be for QUIC loses its connections.
 */
#ifndef GLB_DIFF_H
#define GLB_DIFF_H

#include <glb/table.h>

struct glb_diff {
	bool same_hash_key; /* if false, flows are in different rows, and nothing below applies */
	uint32_t changed_rows;	  /* rows whose hop list differs, by address */
	uint32_t changed_primary; /* rows whose primary differs */
	uint32_t owned;		  /* pairs of a row and a backend that may own flows in it */
	uint32_t kept;		  /* of these, at the same or an earlier position than before */
	uint32_t moved;		  /* at a later position: reached by one more second chance */
	uint32_t lost;		  /* no longer on the list: their flows break */
	uint32_t binds_gone;	  /* binds of the old table that no bind of the new one covers */
	uint32_t servers_lost;	  /* server IDs that no longer lead to the backend that had them */
};

/* Does the change break flows? This rule is defined here only. */
static inline bool glb_diff_loses(const struct glb_diff *diff)
{
	return diff->lost || diff->binds_gone || diff->servers_lost || !diff->same_hash_key;
}

/* --- What a change loses, whatever becomes of the rows --- */

enum glb_loss_kind {
	GLB_LOSS_HASH_KEY,
	GLB_LOSS_BIND,	    /* no bind of the new table covers it */
	GLB_LOSS_SERVER_ID, /* it no longer leads to the backend that had it */
};

struct glb_loss {
	enum glb_loss_kind kind;
	unsigned int index; /* in the old table: of the bind, or of the backend; else 0 */
};

/* One state of a table and the next. */
struct glb_transition {
	const struct glb_table_spec *old;
	const struct glb_table_spec *new;
	bool settled; /* is the old one? */
};

typedef void glb_loss_fn(void *arg, const struct glb_loss *loss);

/* Reports each loss: the hash_key, then binds, then server IDs, by index. */
void glb_losses(const struct glb_transition *change, glb_loss_fn *report, void *arg);

/* Rows on which the backend of an address is the primary. A drain that leaves any has no effect. */
uint32_t glb_primary_rows(const struct glb_table *table, const struct glb_addr *addr);

/* The effect of a change on one backend. Rows are counted by position on the hop list. */
struct glb_diff_backend {
	struct glb_addr addr;
	uint32_t old_rows[GLB_HOPS_MAX];
	uint32_t new_rows[GLB_HOPS_MAX];
	uint32_t lost; /* rows in which it may own flows, and which no longer list it */
};

/*
 * Compares two versions of a table, both ranked and not read from an image; `settled` says that the
 * old one is. `backends` must have room for the backends of both; it receives one entry per
 * address, first those of the old table in their order, then new ones. Sets *backend_count. Returns
 * 0 or -ENOMEM.
 */
GLB_NODISCARD int glb_diff(struct glb_diff *out, struct glb_diff_backend *backends,
			   unsigned int *backend_count, const struct glb_table *old,
			   const struct glb_table *new, bool settled);

/* Compares as glb_diff() does, for callers that need no figures of single backends: *out gets the
 * same totals. Returns 0 or -ENOMEM. */
GLB_NODISCARD int glb_diff_totals(struct glb_diff *out, const struct glb_table *old,
				  const struct glb_table *new, bool settled);

#endif
