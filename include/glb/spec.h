/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What did the operator ask for?
 *
 * A spec is the content of tables.json, checked for itself but not worked out: nothing is hashed
 * yet. Whoever fills a spec allocates its arrays and names with malloc; glb_spec_free() releases
 * them.
 */
#ifndef GLB_SPEC_H
#define GLB_SPEC_H

#include <stdlib.h>

#include <glb/bytes.h>
#include <glb/siphash.h>

/* Of one table. */
enum {
	GLB_BACKENDS_MAX = 256,
	GLB_BINDS_MAX = 256,
};

struct glb_addr {
	uint8_t bytes[16]; /* IPv4 in the first 4, the rest 0 */
	uint8_t version;   /* 4 or 6 */
};

enum glb_state {
	GLB_FILLING,  /* new: takes new flows, yet its rows name the old owner second */
	GLB_ACTIVE,
	GLB_DRAINING, /* keeps its flows as long as they live, takes no new ones */
	GLB_INACTIVE, /* as if it were not listed */
};

struct glb_backend {
	struct glb_addr addr;
	enum glb_state state;
	bool healthy;
};

struct glb_bind {
	struct glb_addr addr; /* host bits as written; matching ignores them */
	uint8_t prefix_len;   /* 32 or 128 for a single address */
	uint8_t proto;	      /* GLB_PROTO_TCP or GLB_PROTO_UDP */
	uint16_t port_first;
	uint16_t port_last; /* inclusive, not below port_first */
};

struct glb_table_spec {
	char *name; /* NULL when the file gives none */
	uint8_t hash_key[GLB_SIPHASH_KEY_LEN]; /* flow -> row */
	uint8_t seed[GLB_SIPHASH_KEY_LEN];     /* row -> backends */
	struct glb_backend *backends;
	struct glb_bind *binds;
	unsigned int backend_count;
	unsigned int bind_count;
};

struct glb_spec {
	struct glb_table_spec *tables;
	unsigned int table_count;
};

static inline void glb_table_spec_clear(struct glb_table_spec *table)
{
	free(table->name);
	free(table->backends);
	free(table->binds);
	*table = (struct glb_table_spec){0};
}

static inline void glb_spec_free(struct glb_spec *spec)
{
	for (unsigned int i = 0; i < spec->table_count; i++)
		glb_table_spec_clear(&spec->tables[i]);
	free(spec->tables);
	*spec = (struct glb_spec){0};
}

/* Is this backend part of the rows at all? */
static inline bool glb_backend_usable(const struct glb_backend *backend)
{
	return backend->state != GLB_INACTIVE;
}

static inline bool glb_addr_equal(const struct glb_addr *a, const struct glb_addr *b)
{
	return a->version == b->version && !__builtin_memcmp(a->bytes, b->bytes, 16);
}

#endif
