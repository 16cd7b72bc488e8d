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
	GLB_TABLES_MAX = 65535, /* of a generation */
	GLB_BACKENDS_MAX = 16384,
	GLB_BINDS_MAX = 16384,
};

enum {
	GLB_WEIGHT_DEFAULT = 100,
	GLB_WEIGHT_MAX = UINT16_MAX,
};

/* Of max_load below. */
enum {
	GLB_MAX_LOAD_LEAST = 101,
	GLB_MAX_LOAD_MOST = 200,
};

struct glb_addr {
	uint8_t bytes[16]; /* IPv4 in the first 4, the rest 0 */
	uint8_t version;   /* 4 or 6 */
};

enum glb_state {
	GLB_FILLING, /* new: takes new flows, yet its rows name the old owner second */
	GLB_ACTIVE,
	GLB_DRAINING, /* keeps its flows as long as they live, takes no new ones */
	GLB_INACTIVE, /* as if it were not listed */
	GLB_STATE_COUNT,
};

/* The word for a state, as in the source file. */
static inline const char *glb_state_name(enum glb_state state)
{
	static const char *const names[] = {
		[GLB_FILLING] = "filling",
		[GLB_ACTIVE] = "active",
		[GLB_DRAINING] = "draining",
		[GLB_INACTIVE] = "inactive",
	};

	return names[state];
}

struct glb_backend {
	struct glb_addr addr;
	enum glb_state state;
	bool healthy;
	uint16_t weight; /* share of rows relative to others; 0: GLB_WEIGHT_DEFAULT */
	uint16_t zone;	 /* failure domain: the same number in the same domain; 0: none given */
	bool has_server_id;
	uint16_t server_id; /* in the QUIC connection IDs it issues, see glb/quic.h; else 0 */
};

struct glb_bind {
	struct glb_addr addr; /* host bits as written; matching ignores them */
	uint8_t prefix_len;   /* 32 or 128 for a single address */
	uint8_t proto;	      /* GLB_PROTO_TCP or GLB_PROTO_UDP */
	uint16_t port_first;
	uint16_t port_last; /* inclusive, not below port_first */
	bool quic;	    /* UDP only: QUIC packets go to the server their connection ID names */
};

struct glb_table_spec {
	char *name;  /* NULL when the file gives none */
	char *zones; /* the names of zones 1, 2 and so on, each ended by a 0 byte; or NULL */
	size_t zones_len;
	uint8_t hash_key[GLB_SIPHASH_KEY_LEN]; /* flow -> row */
	uint8_t seed[GLB_SIPHASH_KEY_LEN];     /* row -> backends */
	uint8_t hops;	  /* 2 to GLB_HOPS_MAX; 0: two, ordered by the original's rule */
	uint8_t max_load; /* percent of its share a backend is first on, see balance.h; 0: any */
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
	free(table->zones);
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

/* The name of a zone, "" for 0. `zone` must be one of the table's. */
static inline const char *glb_zone_name(const struct glb_table_spec *table, unsigned int zone)
{
	const char *name = table->zones;

	if (!zone || !name)
		return "";
	while (--zone)
		name += __builtin_strlen(name) + 1;
	return name;
}

/*
 * The number of a zone by its name; a new name gets the next number. 0 and *out, or -ENOMEM. A
 * table cannot have more zones than it has backends.
 */
GLB_NODISCARD int glb_zone_number(uint16_t *out, struct glb_table_spec *table, const char *name);

/*
 * Gives the zones of one table the numbers they have, or get now, in another: zones are matched by
 * name. 0 or -ENOMEM, after which both tables are only good for glb_table_spec_clear().
 */
GLB_NODISCARD int glb_zones_renumber(struct glb_table_spec *table, struct glb_table_spec *other);

/* Copies a table with all it owns. 0 and *out, for glb_table_spec_clear(); or -ENOMEM. */
GLB_NODISCARD int glb_table_spec_copy(struct glb_table_spec *out,
				      const struct glb_table_spec *spec);

/* Is this backend part of the rows at all? */
static inline bool glb_backend_usable(const struct glb_backend *backend)
{
	return backend->state != GLB_INACTIVE;
}

/* Does it take new flows? */
static inline bool glb_backend_serves(const struct glb_backend *backend)
{
	return backend->healthy && (backend->state == GLB_ACTIVE || backend->state == GLB_FILLING);
}

static inline uint32_t glb_backend_weight(const struct glb_backend *backend)
{
	return backend->weight ? backend->weight : GLB_WEIGHT_DEFAULT;
}

/* How many backends of a table are. */
unsigned int glb_usable_count(const struct glb_table_spec *table);

static inline bool glb_addr_equal(const struct glb_addr *a, const struct glb_addr *b)
{
	return a->version == b->version && !__builtin_memcmp(a->bytes, b->bytes, 16);
}

static inline bool glb_bind_equal(const struct glb_bind *a, const struct glb_bind *b)
{
	return glb_addr_equal(&a->addr, &b->addr) && a->prefix_len == b->prefix_len &&
	       a->proto == b->proto && a->port_first == b->port_first &&
	       a->port_last == b->port_last && a->quic == b->quic;
}

/* Do two tables say the same, in the same order? Names do not matter, nor keys. */
bool glb_table_spec_equal(const struct glb_table_spec *a, const struct glb_table_spec *b);

/* Are there backends in different zones? */
bool glb_zones_differ(const struct glb_table_spec *table);

enum {
	GLB_SERVER_IDS = 65536,
	GLB_NO_BACKEND = 0xffff, /* where an index of a backend could stand */
};

/*
 * Writes which backend of a table each server ID leads to: a usable one's index or GLB_NO_BACKEND,
 * for GLB_SERVER_IDS of them. False, and nothing written, when no ID leads anywhere: without a quic
 * bind nobody asks.
 */
bool glb_server_ids(uint16_t *out, const struct glb_table_spec *table);

/* May server IDs lead anywhere? */
bool glb_uses_server_ids(const struct glb_table_spec *table);

#endif
