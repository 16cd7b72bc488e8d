/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which path does one flow take through tables?
 *
 * For explanations: computed as in the data path, step by step, with all intermediate results.
 */
#ifndef CONF_PATH_H
#define CONF_PATH_H

#include <glb/bind.h>
#include <glb/generation.h>

#include "sys/writer.h"

/* The flow in question. */
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
	uint16_t hops[GLB_WIRE_HOPS_MAX]; /* backends in the order in which they are tried */
	unsigned int hop_count;
	const uint8_t *outer_dst; /* for an ICMP error: as in glb_binds_match(); else any */
	bool has_src_port;
	bool has_settings; /* are they those of a director, rather than defaults? */
};

/* Returns 0 and the flow, with settings left to the caller; or -EINVAL with a diag. */
GLB_NODISCARD int path_start(struct path *out, const struct path_question *question,
			     struct glb_diag *diag);

/* Does its row depend on a source port that was not given? */
bool path_lacks_port(const struct path *path);

/*
 * Follows the flow to its rows. Returns 0; or -ENOENT if no bind matches it.
 *
 * binds  of these tables; must outlive the path, like the tables
 */
GLB_NODISCARD int path_follow(struct path *path, const struct glb_tables *tables,
			      const struct glb_binds *binds);

/* May a packet of this flow go elsewhere? */
bool path_is_quic(const struct path *path);

/* Writes everything known about it as members of an object. */
void path_write(struct writer *w, const struct path *path);

#endif
