/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many packets and bytes went to each backend of each table?
 *
 * Every worker counts in its own array, in which each backend of each table has the same slot for
 * the life of the process: a reload neither moves nor resets anything. A backend is identified by
 * the table's name and its address. Each generation comes with a map from its indices to slots.
 *
 * A removed backend or table keeps its slot, and is still reported, until the slot is needed for
 * another and no worker can have the map any more. The packets of a backend that has lost its slot
 * remain part of its table's sum. A table that has lost its slot restarts from 0 when it returns.
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

enum { BACKEND_STATS_SLOTS = 65536 }; /* slot 0 is for everything without a slot */

/* Of one worker and slot. Incremented by the worker; others may read it at any time. */
struct backend_stats_count {
	uint64_t packets;
	uint64_t bytes;
};

struct backend_stats_entry;

/* Used by the control thread only, except the arrays in `counts`. */
struct backend_stats {
	struct backend_stats_entry *entries; /* by slot */
	uint32_t *heads;		     /* heads of hash chains */
	uint32_t used;			     /* slots ever used */
	uint32_t hand;			     /* position of the search for a slot to reuse */
	bool full;			     /* the search would find none */
	uint64_t evictions;		     /* slots that were given to another */
	unsigned int worker_count;
	struct backend_stats_count **counts; /* by worker: BACKEND_STATS_SLOTS, initially 0 */
};

/* From backends of a generation, as in glb_packet.backend, to their slots. */
struct backend_stats_map {
	struct backend_stats *stats;
	uint32_t backend_count;
	uint32_t table_count;
	uint32_t sharing; /* tables and backends that share a slot */
	uint32_t slots[]; /* of backends, followed by those of tables */
};

/* Worker: counts a packet that got GLB_FORWARD with the generation of this map. */
static inline void backend_stats_add(struct backend_stats_count *counts,
				     const struct backend_stats_map *map,
				     const struct glb_packet *pkt)
{
	struct backend_stats_count *one = &counts[map->slots[pkt->backend]];

	one->packets++;
	/* gcc would make a vector of both, which takes twice as many instructions */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	one->bytes += pkt->len;
}

/* Starts without tables; counts[] is set and released by the caller. Returns 0 or -ENOMEM. */
GLB_NODISCARD int backend_stats_start(struct backend_stats *stats, unsigned int worker_count);

/* All maps must have been released. */
void backend_stats_stop(struct backend_stats *stats);

/*
 * Makes the map for a generation of these tables. A table without a name is identified by its
 * index. When there are no slots left, backends share that of their table, and tables share slot 0.
 *
 * Returns 0 and sets *out, to be released with backend_stats_map_free() before the stats; or
 * -ENOMEM.
 */
GLB_NODISCARD int backend_stats_map_make(struct backend_stats_map **out,
					 struct backend_stats *stats,
					 const struct glb_tables *tables);

/* Called when no worker uses it any more. NULL is fine. */
void backend_stats_map_free(struct backend_stats_map *map);

/* The counts at one time. */
struct backend_stats_sums {
	const struct backend_stats *stats;
	uint64_t evictions;
	uint32_t used;
	struct backend_stats_count unlisted;  /* packets for tables that have no slot */
	struct backend_stats_count by_slot[]; /* of a table: including those of its backends */
};

/* A table, or a backend of one, and its count. Names are valid until the next map is made. */
struct backend_stats_item {
	const char *table;
	const struct glb_addr *backend; /* NULL: the table */
	struct backend_stats_count count;
};

/* Sums the counts of all workers. NULL: out of memory. To be released with free(). */
struct backend_stats_sums *backend_stats_sum(const struct backend_stats *stats);

/*
 * Returns the next item, in no particular order; *at is 0 initially. False: there are no more; or
 * the slot of an item has been reused since, so the sums are no longer valid.
 */
bool backend_stats_next(struct backend_stats_item *out, const struct backend_stats_sums *sums,
			uint32_t *at);

/* Writes the counts as lines of `NAME VALUE`, in no particular order. Returns 0 or -ENOMEM. */
GLB_NODISCARD int backend_stats_print(FILE *out, const struct backend_stats *stats);

#endif
