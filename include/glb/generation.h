/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a worker read to decide about a packet?
 *
 * A generation is one consistent state of the configuration, worked out to the last template. It
 * never changes once made; a reload makes another one and swaps a pointer.
 */
#ifndef GLB_GENERATION_H
#define GLB_GENERATION_H

#include <glb/area.h>
#include <glb/bind.h>
#include <glb/encap.h>
#include <glb/table.h>

enum {
	GLB_PORTS_MAX = 16,
	GLB_PORT_MACS_MAX = 18,	   /* addresses of a port besides its own */
	GLB_DSCP_COPY = 64,	   /* for glb_settings.outer_dscp: as the client's packet has it */
	GLB_VLAN_KEEP = 0,	   /* for glb_port.vlan: the tags a frame came with */
	GLB_VLAN_NONE = 0xffff,	   /* likewise: no tag */
	GLB_HOPS_NEAR_LEN = 16384, /* bytes about backends that stay in the cache next to a core */
};

/* What becomes of an echo request to a VIP? */
enum glb_echo { GLB_ECHO_FORWARD, GLB_ECHO_ANSWER, GLB_ECHO_PUNT, GLB_ECHO_DROP };

/* What becomes of a packet that does not fit the MTU of its port once encapsulated? */
enum glb_too_big { GLB_TOO_BIG_FORWARD, GLB_TOO_BIG_ANSWER, GLB_TOO_BIG_DROP };

/* A port: which frames it takes, and what the outer frame needs to know of it. */
struct glb_port {
	uint8_t gateway_mac[GLB_MAC_LEN]; /* all 0: not known yet, nothing can be sent */
	uint8_t mac[GLB_MAC_LEN];	  /* its own */
	uint16_t vlan;			  /* ID of the outer frame's tag, or one of the above */
	uint16_t mtu;			  /* bytes of the largest IP packet it sends */
	uint16_t through; /* 1 + that which packets forwarded from here leave through; 0: itself */
	uint8_t macs[GLB_PORT_MACS_MAX][GLB_MAC_LEN]; /* further unicast ones it takes frames to */
	uint8_t mac_count;			      /* of these */
	bool any_mac; /* takes frames to any unicast address: which are its own is not known */
};

/* What director.json and the ports contribute to the data path. Zero is the original's way. */
struct glb_settings {
	struct glb_addr src_addr;  /* outer source address; version 0: none */
	struct glb_addr src_addr6; /* likewise, towards IPv6 backends */
	uint8_t hash_fields;	   /* set of enum glb_hash_field */
	uint8_t alt_hash_fields;   /* a second set whose hops are appended, or 0 */
	uint8_t echo;		   /* enum glb_echo */
	uint8_t too_big;	   /* enum glb_too_big */
	uint8_t udp_checksum;	   /* enum glb_udp_checksum */
	uint8_t outer_dscp;	   /* 0 to 63, or GLB_DSCP_COPY */
	uint8_t min_ttl;	   /* smaller ones are dropped */
	bool copy_ecn;		   /* RFC 6040: normal mode; else compatibility mode */
	bool all_icmp_errors;	   /* follow every quoted flow, not only where the original does */
	bool forward_fragments;	   /* later ones, by address; hash_fields must have no ports */
	bool relay_outer_errors;   /* tell clients what routers say about encapsulated packets */
	bool verify_ip_checksum;
	bool trim_padding; /* cut what is behind the client's packet */
	bool clamp_mss;
	bool unique_hops;	     /* list no hop twice */
	uint8_t isa;		     /* enum glb_isa */
	uint32_t answers_per_second; /* echo replies of a worker, at most */
	uint32_t errors_per_second;  /* likewise, ICMP errors */
	uint32_t punt_interval_ns;   /* a second, divided by the punts of a port in it; 0: any */
	struct glb_port ports[GLB_PORTS_MAX]; /* by glb_packet.port */
};

/* Which frames does a port take? Its listed addresses aside, which are in the settings. */
struct glb_ingress {
	uint64_t mac;  /* destination of such a frame, in 48 bits, little-endian: */
	uint64_t mask; /* these bits of it must be the same */
};

/* The port through which packets leave that came in here and are forwarded. Answers go back. */
static inline uint8_t glb_way_out(const struct glb_settings *settings, uint8_t port)
{
	uint16_t through = settings->ports[port].through;

	return through ? (uint8_t)(through - 1) : port;
}

/* What packets that came in through a port need to know of that which they leave by. */
struct glb_egress {
	uint8_t l2[16];	    /* the addresses of their frames; 0 behind */
	uint32_t outer_max; /* outer packets up to here need no look at the settings */
} __attribute__((aligned(32)));

/*
 * How addresses and ports become the words that SipHash absorbs: the same for all packets of an IP
 * version. Fields that are not hashed are shifted out or masked. All as little-endian loads of the
 * packet's bytes have them: the source is in the low bits.
 */
struct glb_hash_plan {
	uint32_t addr_shift; /* bits from the source address to the first one that is hashed */
	uint32_t addr_words; /* of IPv6 addresses, from there */
	uint64_t addr_mask;  /* of IPv4 addresses, from there */
	uint32_t port_shift; /* bits below the ports that are hashed */
	uint32_t port_at;    /* bits below them in the first word of IPv4 */
	uint64_t port_mask_first, port_mask_last; /* which of them are in the first and last word */
	uint64_t len_first, len_last;		  /* the length of all fields, on top of these */
	bool two_words;				  /* of IPv4: is the last word not the first? */
};

/* What is the same in all outer headers of a version, little-endian. */
struct glb_outer_plan {
	uint64_t words[2];   /* of outer IPv4: up to the source address, but for lengths and sums */
	uint64_t ip_sum;     /* of these */
	uint64_t pseudo_sum; /* of the pseudo header, but for length and destination */
};

/* What a table is to the data path. */
struct glb_route {
	const struct glb_row *rows; /* the table's, or the copy of them near to those who read */
	uint64_t key[2];	    /* halves of the table's hash_key, little-endian */
	struct glb_outer *outers;   /* template per backend, within those of the generation */
	uint32_t *addrs;	    /* of IPv4 backends, in network order */
	uint16_t *servers;	    /* backend by server ID: glb_server_ids(); NULL: none */
	uint32_t first_backend;	    /* the index of its first one in glb_generation.outers */
	uint8_t row_hops;	    /* per row */
	uint8_t listed_hops; /* in the GUE header: those of the row but the primary, then alt's */
	uint8_t version;     /* of the outer IP header: 4 or 6 */
	uint8_t outer_len;   /* bytes of outer headers with so many hops */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct glb_route) == 64, "one cache line");

struct glb_generation;
struct glb_packet;

typedef void glb_forward_fn(const struct glb_generation *gen, struct glb_packet *packets,
			    unsigned int n);

struct glb_generation {
	uint64_t number;	 /* counts up from 1 in the life of a process */
	glb_forward_fn *forward; /* what settings.isa stands for */
	struct glb_settings settings;
	struct glb_egress egress[GLB_PORTS_MAX];
	struct glb_ingress ingress[GLB_PORTS_MAX];
	uint8_t rare_tcp_flags; /* segments that have one of these need a look at the settings */
	uint8_t outer_version;	/* of the first table's backends: 4 or 6 */
	bool mixed_versions;	/* are there tables with backends of the other one? */
	bool hops_vary;		/* are the hops of some packets not just those of a row? */
	bool strict_ip;		/* checksum or TTL are looked at */
	uint8_t tos;		/* outer DSCP and ECN: these bits, */
	uint8_t tos_mask;	/* and these of the client's packet */
	uint8_t outer_len_max;	/* of all routes */
	uint8_t listed_hops;	/* of all routes; 0: not the same for all */
	bool many_backends;	/* what is read about all of them is above GLB_HOPS_NEAR_LEN */
	struct glb_hash_plan hash_plans[2];   /* of client's packets of IPv4 and IPv6 */
	struct glb_hash_plan alt_plans[2];    /* the same of the alternative hash fields */
	struct glb_outer_plan outer_plans[2]; /* of IPv4 and IPv6 proxies */
	struct glb_binds *binds;
	struct glb_route *routes; /* by table */
	struct glb_outer *outers; /* template per backend, table by table */
	struct glb_tables tables; /* of which workers read rows only */
	struct glb_area area;	  /* has binds, routes and all that these name, but for rows */
	unsigned int *users;	  /* generations that share area and tables; atomic */
};

/*
 * Makes a generation out of settings and tables.
 *
 * On success *out is to be released with glb_generation_free(), and owns the tables: *tables is
 * emptied. Otherwise *out and *tables are left alone:
 *   -ENOTSUP   the rows of a table name backends of both families, or of a family for which there
 *              is no outer source address, or more IPv6 hops than GLB_OUTER_LEN_MAX has room for
 *   -ENOTSUP   this processor lacks the instruction set
 *   -E2BIG     more than GLB_TABLES_MAX tables
 *   -ENOMEM    out of memory
 */
GLB_NODISCARD int glb_generation_make(struct glb_generation **out, uint64_t number,
				      const struct glb_settings *settings,
				      struct glb_tables *tables, struct glb_diag *diag);

/* Bytes of the area that a generation of these tables has, and each of its replicas. */
size_t glb_generation_len(const struct glb_tables *tables);

/* Bytes that a replica takes: an area, and copies of the rows that are not there yet. */
size_t glb_replica_len(const struct glb_tables *tables, unsigned int copy);

/*
 * Makes the successor of a generation that differs in its ports only: there are GLB_PORTS_MAX. It
 * shares everything else with it; they are freed in any order and by any thread.
 *
 * 0 and *out, or -ENOMEM.
 */
GLB_NODISCARD int glb_generation_with_ports(struct glb_generation **out,
					    const struct glb_generation *gen,
					    const struct glb_port *ports);

/*
 * Makes a replica: a generation that decides alike and has all that workers read in memory of its
 * own, for workers that another memory node is nearer to. It shares the tables, whose rows have a
 * further copy from now on: later generations share that as well.
 *
 * gen   read by no other thread yet, unless its tables have this copy of their rows
 * copy  1 to GLB_ROW_COPIES_MAX - 1, the same for all replicas of one node
 *
 * 0 and *out, to be released with glb_generation_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_generation_replicate(struct glb_generation **out,
					   const struct glb_generation *gen, unsigned int copy);

void glb_generation_free(struct glb_generation *gen);

#endif
