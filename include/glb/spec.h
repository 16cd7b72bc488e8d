/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What did the operator ask for?
 *
 * A spec is the content of tables.json, validated but not built: nothing is hashed yet. Its arrays
 * and names are allocated with malloc() by the code that fills it in, and released by
 * glb_spec_free().
 *
 * "Usable" backends are in the rows: all but inactive ones. Of these, the healthy ones that are
 * filling or active take new flows.
 */
#ifndef GLB_SPEC_H
#define GLB_SPEC_H

#include <stdlib.h>

#include <glb/bytes.h>
#include <glb/siphash.h>

/* Limits of one table. Indices of tables and backends fit 16 bits, with numbers to spare. */
enum {
	GLB_TABLES_MAX = 65535, /* per generation */
	GLB_BACKENDS_MAX = 16384,
	GLB_BINDS_MAX = 16384,
	GLB_ALL_BINDS_MAX = 1 << 28, /* per generation: their index counts in 32 bits */
};

/* Weights of backends. */
enum {
	GLB_WEIGHT_DEFAULT = 100,
	GLB_WEIGHT_MAX = UINT16_MAX,
};

/* Range of max_load. */
enum {
	GLB_MAX_LOAD_LEAST = 101,
	GLB_MAX_LOAD_MOST = 200,
};

/* An IPv4 or IPv6 address. Unused bytes are 0, so that addresses compare as bytes. */
struct glb_addr {
	uint8_t bytes[16]; /* IPv4 in the first 4, the rest 0 */
	uint8_t version;   /* 4 or 6 */
};

/* What part a backend has in its table's rows. The numbers are those of binary images. */
enum glb_state {
	GLB_FILLING, /* new: takes new flows, while its rows list the previous owner second */
	GLB_ACTIVE,
	GLB_DRAINING, /* keeps its flows until they end, takes no new ones */
	GLB_INACTIVE, /* as if it were not listed */
	GLB_STATE_COUNT,
};

/* The word for a state in the source file; `state` is below GLB_STATE_COUNT. */
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

/* A proxy. */
struct glb_backend {
	struct glb_addr addr;
	enum glb_state state;
	bool healthy;
	uint16_t weight; /* share of rows relative to others; 0: GLB_WEIGHT_DEFAULT */
	uint16_t zone;	 /* failure domain: equal numbers, equal domains; 0: none */
	bool has_server_id;
	uint16_t server_id; /* in the QUIC connection IDs it issues, see glb/quic.h; 0 if there is
			       none */
};

/* What a table serves: an address or prefix, a protocol and a range of ports. */
struct glb_bind {
	struct glb_addr addr; /* including host bits, which matching ignores */
	uint8_t prefix_len;   /* 32 or 128 for a single address */
	uint8_t proto;	      /* GLB_PROTO_TCP or GLB_PROTO_UDP */
	uint16_t port_first;
	uint16_t port_last; /* inclusive, at least port_first */
	bool quic; /* UDP only: QUIC packets go to the server named by their connection ID */
};

/* One table. Owns all that its pointers refer to. */
struct glb_table_spec {
	char *name;  /* NULL if it has none */
	char *zones; /* the names of zones 1, 2 and so on, each followed by a 0 byte; or NULL */
	size_t zones_len;
	uint8_t hash_key[GLB_SIPHASH_KEY_LEN]; /* flow -> row */
	uint8_t seed[GLB_SIPHASH_KEY_LEN];     /* row -> backends */
	uint8_t hops;	  /* 2 to GLB_HOPS_MAX; 0: two, in the order of the original's rule */
	uint8_t max_load; /* limit on rows that a backend is first in, in percent of its share, see
			     balance.h; 0: none */
	struct glb_backend *backends;
	struct glb_bind *binds;
	unsigned int backend_count;
	unsigned int bind_count;
};

/* All tables, in file order. */
struct glb_spec {
	struct glb_table_spec *tables;
	unsigned int table_count;
};

/* Releases what a table owns, and zeroes it. A table that is zeros, or was filled in only in part,
 * is fine: what it does not own is NULL. */
static inline void glb_table_spec_clear(struct glb_table_spec *table)
{
	free(table->name);
	free(table->zones);
	free(table->backends);
	free(table->binds);
	*table = (struct glb_table_spec){0};
}

/* Releases all tables, and zeroes the spec. All zeros are fine. */
static inline void glb_spec_free(struct glb_spec *spec)
{
	for (unsigned int i = 0; i < spec->table_count; i++)
		glb_table_spec_clear(&spec->tables[i]);
	free(spec->tables);
	*spec = (struct glb_spec){0};
}

/* The name of a zone; "" for 0. `zone` must be a number that the table uses. */
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
 * The number of a zone, by name; a new name gets the next number. Returns 0 and sets *out, or
 * -ENOMEM. A table must not have more zones than backends.
 */
GLB_NODISCARD int glb_zone_number(uint16_t *out, struct glb_table_spec *table, const char *name);

/*
 * Renumbers the zones of one table so that each has the number that the same name has, or is now
 * given, in another. Returns 0; or -ENOMEM, after which both tables are only fit for
 * glb_table_spec_clear().
 */
GLB_NODISCARD int glb_zones_renumber(struct glb_table_spec *table, struct glb_table_spec *other);

/* Copies a table with everything it owns. Returns 0 and sets *out, to be released with
 * glb_table_spec_clear(); or -ENOMEM. */
GLB_NODISCARD int glb_table_spec_copy(struct glb_table_spec *out,
				      const struct glb_table_spec *spec);

/* Are the addresses equal? Unused bytes are 0, so all 16 are compared. */
static inline bool glb_addr_equal(const struct glb_addr *a, const struct glb_addr *b)
{
	return a->version == b->version && !__builtin_memcmp(a->bytes, b->bytes, 16);
}

/* --- The rules about states and health --- */

/* Does a backend in this state belong to the rows? */
static inline bool glb_state_usable(enum glb_state state)
{
	return state != GLB_INACTIVE;
}

/* Is the backend part of the rows at all? Health does not matter: an unhealthy one comes later. */
static inline bool glb_backend_usable(const struct glb_backend *backend)
{
	return glb_state_usable(backend->state);
}

/* Does it take new flows? */
static inline bool glb_backend_serves(const struct glb_backend *backend)
{
	return backend->healthy && (backend->state == GLB_ACTIVE || backend->state == GLB_FILLING);
}

/* Does it keep its flows and take new ones, without another backend's being part of that? */
static inline bool glb_backend_steady(const struct glb_backend *backend)
{
	return backend->healthy && backend->state == GLB_ACTIVE;
}

/* Does it come or go, and share the flows of its rows with another backend until that is over? */
static inline bool glb_backend_changing(const struct glb_backend *backend)
{
	return backend->state == GLB_FILLING || backend->state == GLB_DRAINING;
}

/* May a QUIC packet name it by its server ID? */
static inline bool glb_backend_named(const struct glb_backend *backend)
{
	return backend->has_server_id && glb_backend_usable(backend);
}

/* The backend of an address; NULL: the table does not list it. Compares one by one, so it is not
 * for loops over backends. */
static inline struct glb_backend *glb_backend_find(const struct glb_table_spec *spec,
						   const struct glb_addr *addr)
{
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (glb_addr_equal(&spec->backends[i].addr, addr))
			return &spec->backends[i];
	return NULL;
}

/* The weight, with the default applied. */
static inline uint32_t glb_backend_weight(const struct glb_backend *backend)
{
	return backend->weight ? backend->weight : GLB_WEIGHT_DEFAULT;
}

/* The number of usable backends in a table. */
unsigned int glb_usable_count(const struct glb_table_spec *table);

/*
 * Are the binds equal in every member? Binds that match the same packets, but are written with
 * different host bits, are not.
 */
static inline bool glb_bind_equal(const struct glb_bind *a, const struct glb_bind *b)
{
	return glb_addr_equal(&a->addr, &b->addr) && a->prefix_len == b->prefix_len &&
	       a->proto == b->proto && a->port_first == b->port_first &&
	       a->port_last == b->port_last && a->quic == b->quic;
}

/* Are two tables equal, in the same order? Names and keys are ignored. */
bool glb_table_spec_equal(const struct glb_table_spec *a, const struct glb_table_spec *b);

/* Is any backend in a zone? */
bool glb_has_zones(const struct glb_table_spec *table);

/* Are there backends in different zones? */
bool glb_zones_differ(const struct glb_table_spec *table);

enum {
	GLB_SERVER_IDS = 65536,
	GLB_NO_BACKEND = 0xffff, /* in place of the index of a backend */
};

/*
 * Writes for each of the GLB_SERVER_IDS server IDs the index of the usable backend that it leads
 * to, or GLB_NO_BACKEND. False, with nothing written, if no ID leads anywhere or the table has no
 * QUIC bind.
 */
bool glb_server_ids(uint16_t *out, const struct glb_table_spec *table);

/* May any server ID lead to a backend? */
bool glb_uses_server_ids(const struct glb_table_spec *table);

#endif
