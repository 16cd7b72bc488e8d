/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a worker read to decide about a packet?
 *
 * A generation is one consistent version of the configuration, computed down to the last template.
 * It is immutable once made, so workers read it without locking; a reload makes a new one and swaps
 * a pointer. Only `refs` changes, atomically, and workers do not access it.
 */
#ifndef GLB_GENERATION_H
#define GLB_GENERATION_H

#include <glb/arena.h>
#include <glb/bind.h>
#include <glb/deny.h>
#include <glb/encap.h>
#include <glb/meter.h>
#include <glb/table.h>

enum {
	GLB_PORTS_MAX = 16,
	GLB_PORT_MACS_MAX = 18,	   /* addresses of a port in addition to its own */
	GLB_DSCP_COPY = 64,	   /* for glb_settings.outer_dscp: copy the client's */
	GLB_VLAN_KEEP = 0,	   /* for glb_port.vlan: the tags that the frame had */
	GLB_VLAN_NONE = 0xffff,	   /* for glb_port.vlan: no tag */
	GLB_HOPS_NEAR_LEN = 16384, /* per-backend bytes assumed to stay in L1 */
};

/* What to do with echo requests to a VIP. */
enum glb_echo { GLB_ECHO_FORWARD, GLB_ECHO_ANSWER, GLB_ECHO_PUNT, GLB_ECHO_DROP };

/* What to do with a packet that exceeds the MTU of its port once encapsulated. */
enum glb_too_big { GLB_TOO_BIG_FORWARD, GLB_TOO_BIG_ANSWER, GLB_TOO_BIG_DROP };

/* A port: the frames it accepts, and what goes into the frames it sends. */
struct glb_port {
	uint8_t gateway_mac[GLB_MAC_LEN]; /* zeros: unknown, nothing can be sent */
	uint8_t mac[GLB_MAC_LEN];	  /* its own address */
	uint16_t vlan;	  /* ID of the outer frame's tag, or GLB_VLAN_KEEP or GLB_VLAN_NONE */
	uint16_t mtu;	  /* bytes of the largest IP packet that it can send */
	uint16_t through; /* 1 + the port that packets received here leave through; 0: this one */
	uint8_t macs[GLB_PORT_MACS_MAX][GLB_MAC_LEN]; /* further unicast ones that it accepts */
	uint8_t mac_count;			      /* entries in macs */
	bool any_mac; /* accepts any unicast address, as its own is unknown */
};

/* What director.json, the file of denied sources and the ports contribute to the data path. All
 * zeros: as the original. */
struct glb_settings {
	struct glb_addr src_addr;  /* outer source address; version 0: none */
	struct glb_addr src_addr6; /* outer source address towards IPv6 backends; version 0: none */
	uint8_t hash_fields;	   /* set of enum glb_hash_field */
	uint8_t alt_hash_fields;   /* a second set whose hops are appended, or 0 */
	uint8_t echo;		   /* enum glb_echo */
	uint8_t too_big;	   /* enum glb_too_big */
	uint8_t udp_checksum;	   /* enum glb_udp_checksum */
	uint8_t outer_dscp;	   /* 0 to 63, or GLB_DSCP_COPY */
	uint8_t min_ttl;	   /* drop packets with a smaller TTL or hop limit */
	bool copy_ecn;		   /* RFC 6040: normal mode rather than compatibility mode */
	bool all_icmp_errors; /* all errors follow the flow they quote, not only those for path MTU
			       */
	bool forward_fragments;	 /* later fragments, by address; hash_fields must have no ports */
	bool relay_outer_errors; /* relay routers' errors about encapsulated packets to clients */
	bool verify_ip_checksum;
	bool trim_padding; /* trim bytes after the client's IP packet */
	bool clamp_mss;
	bool unique_hops;	     /* omit duplicates from the hop list */
	uint8_t isa;		     /* enum glb_isa */
	uint32_t answers_per_second; /* limit on echo replies, per worker */
	uint32_t errors_per_second;  /* limit on ICMP errors, per worker */
	uint32_t punt_interval_ns; /* a second divided by the limit on punts per port and second; 0:
				      none */
	/* NULL: none. A generation has a share of its own of each */
	struct glb_deny *deny;		      /* denied sources */
	struct glb_meters *meters;	      /* of VIPs */
	struct glb_port ports[GLB_PORTS_MAX]; /* indexed by glb_packet.port */
};

/* The frames that a port accepts, apart from its further addresses, which are in the settings. */
struct glb_ingress {
	uint64_t mac;  /* destination of such a frame in the low 48 bits, little-endian */
	uint64_t mask; /* the bits that must be equal */
};

/* The port that forwarded packets received on `port` leave through. Replies go back through
 * `port`. */
static inline uint8_t glb_way_out(const struct glb_settings *settings, uint8_t port)
{
	uint16_t through = settings->ports[port].through;

	return through ? (uint8_t)(through - 1) : port;
}

/* What is needed to send packets that were received on a port, from the port they leave through. */
struct glb_egress {
	uint8_t l2[16];	    /* the addresses of their frames, padded with zeros */
	uint32_t outer_max; /* outer packets up to this length fit, with no need to consult the
			       settings */
} __attribute__((aligned(32)));

/*
 * How addresses and ports become the words that SipHash absorbs; the same for all packets of an IP
 * version. Fields that are not hashed are shifted out or masked. All values are in the form of
 * little-endian loads from the packet: the source is in the low bits.
 *
 * The words equal those of glb_flow_message(). For IPv4, addr_shift and port_at are 0 or 32, so no
 * shift reaches 64 bits; for IPv6, addr_shift is 0 or 128 and selects whole words. The length goes
 * into the top byte of a word with at most 7 bytes of fields, so that byte is 0 before.
 */
struct glb_hash_plan {
	uint32_t addr_shift; /* bits from the source address to the first hashed one */
	uint32_t addr_words; /* words of IPv6 addresses from there on */
	uint64_t addr_mask;  /* bits of IPv4 addresses from there on */
	uint32_t port_shift; /* bits below the first hashed port */
	uint32_t port_at;    /* position of the ports in the first word of IPv4, in bits */
	uint64_t port_mask_first, port_mask_last; /* bits of the ports in the first and last word */
	uint64_t len_first, len_last; /* the message's length, to be added to these words */
	bool two_words;		      /* IPv4: are the first and last word different? */
};

/* What all outer headers of an IP version have in common, little-endian. */
struct glb_outer_plan {
	uint64_t words[2];   /* outer IPv4 up to the source address, without lengths and sums */
	uint64_t ip_sum;     /* sum of these words */
	uint64_t pseudo_sum; /* sum of the pseudo header, without length and destination */
};

/* A table as seen by the data path. */
struct glb_route {
	const struct glb_row *rows; /* the table's, or their copy on the readers' NUMA node */
	uint64_t key[2];	    /* the two halves of the table's hash_key, little-endian */
	struct glb_outer *outers;   /* templates of its backends, within those of the generation */
	uint32_t *addrs;	    /* of IPv4 backends, in network byte order */
	uint16_t *servers;	    /* backend by server ID, see glb_server_ids(); NULL: none */
	uint32_t first_backend;	    /* index of its first backend in glb_generation.outers */
	uint8_t row_hops;	    /* hops per row */
	uint8_t listed_hops; /* hops in the GUE header: after the primary, then alternative ones */
	uint8_t version;     /* of the outer IP header: 4 or 6 */
	uint8_t outer_len;   /* bytes of outer headers with that number of hops */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct glb_route) == 64, "one cache line");

struct glb_generation;
struct glb_packet;

/* A build of glb_forward_metered() for one instruction set. */
typedef unsigned int glb_forward_fn(const struct glb_generation *gen, struct glb_packet *packets,
				    unsigned int n, uint64_t now_ns);

/*
 * Filled in by glb_generation_make(), and read-only from then on. Members from `rare_tcp_flags` to
 * the plans are derived from settings and tables once, so that workers need not derive them per
 * packet or per burst.
 *
 *   belongs to            members                       shared with successors (new ports)
 *   this generation       settings, egress, ingress     no
 *   all that share refs   binds, routes, outers, arena,  yes: released by the last of them
 *                         tables
 *
 * Pointers refer to the arena, except for rows, which are shared with other generations; so a
 * replica is a copy of the arena with its pointers moved, and with other copies of the rows. The
 * data path relies on indices without checking them: a hop in the rows of a route is below its
 * number of backends, as the rows were built here or checked when an image was read, and a bind
 * only leads to a route that exists.
 */
struct glb_generation {
	uint64_t number;	 /* counts up from 1 during the life of a process */
	glb_forward_fn *forward; /* the build for settings.isa */
	struct glb_settings settings;
	struct glb_egress egress[GLB_PORTS_MAX];
	struct glb_ingress ingress[GLB_PORTS_MAX];
	uint8_t rare_tcp_flags; /* segments with one of these flags need the settings */
	uint8_t outer_version;	/* of the first table's backends: 4 or 6 */
	bool mixed_versions;	/* do other tables have backends of the other version? */
	bool hops_vary;		/* may hops differ from those of the row? */
	bool strict_ip;		/* must checksum or TTL be checked? */
	uint8_t tos;		/* outer DSCP and ECN: these bits, */
	uint8_t tos_mask;	/* plus these bits of the client's packet */
	uint8_t outer_len_max;	/* maximum over all routes */
	uint8_t listed_hops;	/* of all routes; 0: they differ */
	bool many_backends;	/* per-backend bytes exceed GLB_HOPS_NEAR_LEN */
	struct glb_hash_plan hash_plans[2];   /* for clients' packets of IPv4 and IPv6 */
	struct glb_hash_plan alt_plans[2];    /* the same for the alternative hash fields */
	struct glb_outer_plan outer_plans[2]; /* for IPv4 and IPv6 proxies */
	struct glb_binds *binds;
	struct glb_route *routes; /* indexed by table */
	struct glb_outer *outers; /* a template per backend, table by table */
	struct glb_tables tables; /* of which workers read rows only */
	struct glb_arena arena;	  /* memory of binds, routes and all they point to, except rows */
	unsigned int *refs;	  /* number of generations that share arena and tables; atomic */
};

/*
 * Makes a generation from settings and tables.
 *
 * On success *out, to be released with glb_generation_free(), owns the tables: *tables is emptied.
 * It takes a share of settings->deny and settings->meters; the caller's remain the caller's.
 * Otherwise *out and *tables are left alone:
 *   -ENOTSUP   the rows of a table have backends of both IP versions, or of one without an outer
 *              source address, or more IPv6 hops than GLB_OUTER_LEN_MAX has room for
 *   -ENOTSUP   this processor does not support the instruction set
 *   -E2BIG     more than GLB_TABLES_MAX tables, or than GLB_ALL_BINDS_MAX binds in them
 *   -EINVAL    no table
 *   -ENOMEM    out of memory
 */
GLB_NODISCARD int glb_generation_make(struct glb_generation **out, uint64_t number,
				      const struct glb_settings *settings,
				      struct glb_tables *tables, struct glb_diag *diag);

/* Bytes of the arena of a generation with these tables, and of each of its replicas. */
size_t glb_generation_len(const struct glb_tables *tables);

/* Bytes that a replica allocates: an arena, and copies of rows that do not exist yet. */
size_t glb_replica_len(const struct glb_tables *tables, unsigned int copy);

/*
 * Makes a successor that differs from `gen` in its GLB_PORTS_MAX ports only; its number is one
 * more. Everything else is shared; the two may be released in any order and by any thread.
 *
 * Returns 0 and sets *out, to be released with glb_generation_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_generation_with_ports(struct glb_generation **out,
					    const struct glb_generation *gen,
					    const struct glb_port *ports);

/*
 * Makes a replica: a generation that decides alike, with everything that workers read in separate
 * memory, for workers on another NUMA node. It shares the tables, whose rows get a further copy
 * that later generations share as well.
 *
 * gen   not read by other threads yet, unless its tables have this copy of their rows already
 * copy  1 to GLB_ROW_COPIES_MAX - 1, the same for all replicas on one node
 *
 * Returns 0 and sets *out, to be released with glb_generation_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_generation_replicate(struct glb_generation **out,
					   const struct glb_generation *gen, unsigned int copy);

/*
 * Releases a generation, and what it shares if it is the last one to do so. NULL is fine. No worker
 * may be reading it. Callable from any thread.
 */
void glb_generation_free(struct glb_generation *gen);

#endif
