/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many packets and bytes went to which backend of which table?
 *
 * Every worker counts in an array of its own, in which every backend of every table has the same
 * slot for as long as the process lives: a reload moves nothing and resets nothing. What a backend
 * is known by is the table's name and its own address. Each generation comes with a map from its
 * indices to slots.
 *
 * A backend or table that is gone keeps its slot, and is still told, until the slot is needed for
 * another and no worker can have the map any more. What was sent to such a backend stays part of
 * its table's sum. A table that is gone and whose slot was needed starts from 0 when it comes back.
 */
#ifndef DIRECTOR_BACKEND_STATS_H
#define DIRECTOR_BACKEND_STATS_H

#include <stdio.h>

#include <glb/forward.h>

/* name, sentence for docs/counters.md */
#define BACKEND_STATS_COUNTERS(X)                                                                  \
	X(table_packets, "packets forwarded to the backends of a table, removed ones included")    \
	X(table_bytes, "bytes of those frames as they left")                                       \
	X(backend_packets, "packets forwarded to a backend of a table as their primary")           \
	X(backend_bytes, "bytes of those frames as they left")                                     \
	X(unlisted_packets, "packets forwarded for tables that there was no room to list")         \
	X(unlisted_bytes, "bytes of those frames as they left")

enum { BACKEND_STATS_SLOTS = 65536 }; /* slot 0 is for what has none */

/* Of one worker and slot. The worker increments, others may read at any time. */
struct backend_stats_count {
	uint64_t packets;
	uint64_t bytes;
};

struct backend_stats_entry;

/* Control thread only, but for the arrays that `counts` names. */
struct backend_stats {
	struct backend_stats_entry *entries; /* by slot */
	uint32_t *heads;		     /* of chains of entries, by hash */
	uint32_t used;			     /* slots that ever were */
	uint32_t hand;			     /* where the search for one to reuse goes on */
	bool full;			     /* and it would find none */
	uint64_t evictions;		     /* slots that were given to another */
	unsigned int worker_count;
	struct backend_stats_count **counts; /* by worker: BACKEND_STATS_SLOTS, all 0 at first */
};

/* From the backends of a generation, as glb_packet.backend has them, to where they are counted. */
struct backend_stats_map {
	struct backend_stats *stats;
	uint32_t backend_count;
	uint32_t table_count;
	uint32_t sharing; /* tables and backends that share the slot of something else */
	uint32_t slots[]; /* of backends and, behind them, of tables */
};

/* Worker: the generation that came with this map gave the packet GLB_FORWARD. */
static inline void backend_stats_add(struct backend_stats_count *counts,
				     const struct backend_stats_map *map,
				     const struct glb_packet *pkt)
{
	struct backend_stats_count *one = &counts[map->slots[pkt->backend]];

	one->packets++;
	one->bytes += pkt->len;
}

/* Starts with no table; counts[] are left to the caller to set and to free. 0 or -ENOMEM. */
GLB_NODISCARD int backend_stats_start(struct backend_stats *stats, unsigned int worker_count);

/* All maps must have been freed. */
void backend_stats_stop(struct backend_stats *stats);

/*
 * Makes the map for a generation of these tables. A table without a name goes by its index. When
 * there are no slots left, backends share that of their table, and tables slot 0.
 *
 * 0 and *out, for backend_stats_map_free() and freed before the stats are; or -ENOMEM.
 */
GLB_NODISCARD int backend_stats_map_make(struct backend_stats_map **out,
					 struct backend_stats *stats,
					 const struct glb_tables *tables);

/* When no worker has it any more. NULL is fine. */
void backend_stats_map_free(struct backend_stats_map *map);

/* What was counted at one time. */
struct backend_stats_sums {
	const struct backend_stats *stats;
	uint64_t evictions;
	uint32_t used;
	struct backend_stats_count unlisted;  /* sent for tables that there was no room to list */
	struct backend_stats_count by_slot[]; /* of a table: with what its backends were sent */
};

/* A table, or a backend of one, and what it was sent. Names live until the next map is made. */
struct backend_stats_item {
	const char *table;
	const struct glb_addr *backend; /* NULL: the table */
	struct backend_stats_count count;
};

/* Sums up what all workers have counted. NULL: out of memory. To be released with free(). */
struct backend_stats_sums *backend_stats_sum(const struct backend_stats *stats);

/*
 * The next item, in no order: *at is 0 at first. False: that was all; or the slot of an item has
 * been given to another since, so that the sums are no longer good for anything.
 */
bool backend_stats_next(struct backend_stats_item *out, const struct backend_stats_sums *sums,
			uint32_t *at);

/* Writes what was counted, a `NAME VALUE` line each, in no order. 0 or -ENOMEM. */
GLB_NODISCARD int backend_stats_print(FILE *out, const struct backend_stats *stats);

#endif
