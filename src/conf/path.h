/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which way does one flow go through tables?
 *
 * For people who ask: it is worked out as the data path does, step by step, and all of it is kept.
 */
#ifndef CONF_PATH_H
#define CONF_PATH_H

#include <glb/bind.h>
#include <glb/generation.h>

#include "sys/writer.h"

/* The flow that is asked about. */
struct path_question {
	struct glb_addr src;
	struct glb_addr dst;
	uint16_t src_port;
	uint16_t dst_port;
	uint8_t proto;	   /* GLB_PROTO_TCP or GLB_PROTO_UDP */
	bool has_src_port; /* was one given? */
};

struct path {
	struct glb_flow flow;
	struct glb_settings settings;
	const struct glb_table *table;
	unsigned int table_index;
	unsigned int bind;
	uint64_t hash;
	uint16_t row;
	uint16_t hops[GLB_WIRE_HOPS_MAX]; /* backends in the order in which they are to be tried */
	unsigned int hop_count;
	const uint8_t *outer_dst; /* of an ICMP error: as of glb_binds_match(); else any */
	bool has_src_port;
	bool has_settings; /* are they those of a director, rather than defaults? */
};

/* 0 and the flow, with settings left to the caller; or -EINVAL with a diag. */
GLB_NODISCARD int path_start(struct path *out, const struct path_question *question,
			     struct glb_diag *diag);

/* Does its row depend on a source port that was not given? */
bool path_lacks_port(const struct path *path);

/*
 * Follows the flow to its rows. 0; or -ENOENT: no bind matches it.
 *
 * binds  of these tables; must outlive the path, as the tables
 */
GLB_NODISCARD int path_follow(struct path *path, const struct glb_tables *tables,
			      const struct glb_binds *binds);

/* May a packet of this flow go elsewhere? */
bool path_is_quic(const struct path *path);

/* Writes members of an object: all that is known of it. */
void path_write(struct writer *w, const struct path *path);

#endif
