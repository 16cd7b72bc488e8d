/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a worker read to decide about a packet?
 *
 * A generation is one consistent state of the configuration, worked out to the last template. It
 * never changes once made; a reload makes another one and swaps a pointer.
 */
#ifndef GLB_GENERATION_H
#define GLB_GENERATION_H

#include <glb/bind.h>
#include <glb/encap.h>
#include <glb/table.h>

enum { GLB_PORTS_MAX = 16 };

/* What director.json and the ports contribute to the data path. */
struct glb_settings {
	uint8_t src_addr[4]; /* outer source address */
	uint8_t gateway_mac[GLB_MAC_LEN];
	uint8_t hash_fields;	 /* set of enum glb_hash_field */
	uint8_t alt_hash_fields; /* a second set whose hops are appended, or 0 */
	bool forward_echo;
	uint8_t port_macs[GLB_PORTS_MAX][GLB_MAC_LEN]; /* by glb_packet.port */
};

/* What a table is to the data path. */
struct glb_route {
	const struct glb_row *rows;
	const uint8_t *hash_key;
	struct glb_outer *outers; /* template per backend */
	uint8_t row_hops;	  /* per row */
	uint8_t listed_hops; /* in the GUE header: those of the row but the primary, then alt's */
};

struct glb_generation {
	uint64_t number; /* counts up from 1 in the life of a process */
	uint8_t hash_fields;
	uint8_t alt_hash_fields;
	bool forward_echo;
	uint8_t l2[GLB_PORTS_MAX][2 * GLB_MAC_LEN]; /* outer destination and source MAC by port */
	struct glb_binds *binds;
	struct glb_route *routes; /* by table */
	struct glb_tables tables;
};

/*
 * Makes a generation out of settings and tables.
 *
 * On success *out is to be released with glb_generation_free(), and owns the tables: *tables is
 * emptied. Otherwise *out and *tables are left alone:
 *   -ENOTSUP   a row names a backend with an IPv6 address; the outer packet is IPv4 only
 *   -ENOMEM    out of memory
 */
GLB_NODISCARD int glb_generation_make(struct glb_generation **out, uint64_t number,
				      const struct glb_settings *settings,
				      struct glb_tables *tables, struct glb_diag *diag);

void glb_generation_free(struct glb_generation *gen);

#endif
