/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is wrong with tables, where, and in which words?
 *
 * A finding is a rule of glb/check.h that is broken: its kind, its place, and the numbers it is
 * about. It has no text. Words are put to it where it is known what a table comes from: src/conf
 * names file, line and JSON path, an image the entry, and the core itself the JSON path.
 */
#ifndef GLB_FINDING_H
#define GLB_FINDING_H

#include <glb/diag.h>

/* What a finding is about, and what its value and other value are. */
enum glb_finding_kind {
	/* all tables */
	GLB_FOUND_NO_TABLES,
	GLB_FOUND_MANY_TABLES, /* their number; the most */
	GLB_FOUND_ALL_BINDS,   /* too many in all tables: their number; the most */
	/* a table */
	GLB_FOUND_NO_BINDS,
	GLB_FOUND_MANY_BINDS,	 /* their number; the most */
	GLB_FOUND_MANY_BACKENDS, /* their number; the most */
	GLB_FOUND_NONE_USABLE,	 /* how many are listed */
	GLB_FOUND_HOPS,		 /* neither 0 nor 2 to GLB_HOPS_MAX: the hops */
	GLB_FOUND_MAX_LOAD,	 /* not within its limits: the percentage */
	GLB_FOUND_MAX_LOAD_HOPS, /* needs more hops than there are */
	GLB_FOUND_MAX_LOAD_ZONES,
	GLB_FOUND_LONG_LIST, /* an IPv6 hop list that has no room: its hops; the most */
	/* a bind */
	GLB_FOUND_BIND_FAMILY, /* neither IPv4 nor IPv6: the version */
	GLB_FOUND_BIND_PREFIX, /* longer than an address: its bits; the most */
	GLB_FOUND_BIND_PROTO,  /* neither TCP nor UDP: the protocol */
	GLB_FOUND_BIND_PORTS,  /* reversed: the first; the last */
	GLB_FOUND_BIND_QUIC,   /* QUIC, but not UDP */
	/* a backend */
	GLB_FOUND_FAMILY,	/* neither IPv4 nor IPv6: the version */
	GLB_FOUND_MIXED,	/* of another version than those before: it; theirs */
	GLB_FOUND_NO_SOURCE,	/* the settings lack an outer source for it: the version */
	GLB_FOUND_SAME_ADDRESS, /* as one before: its index */
	GLB_FOUND_SAME_SERVER,	/* the server ID of one before: its index; the ID */
	GLB_FOUND_ZONE_MISSING, /* while others of the table have one */
	GLB_FOUND_ZONE_HOPS,	/* zones need more hops than there are */
	GLB_FOUND_COUNT,
};

enum glb_finding_place {
	GLB_PLACE_TABLES,
	GLB_PLACE_TABLE,
	GLB_PLACE_BIND,
	GLB_PLACE_BACKEND,
};

struct glb_finding {
	enum glb_finding_kind kind;
	unsigned int table; /* its index; 0 if it is about all */
	unsigned int index; /* of the bind or backend; else 0 */
	uint32_t value;
	uint32_t other;
};

/* A callback that receives findings, with its own argument; the finding is valid during the call.
 */
typedef void glb_finding_fn(void *arg, const struct glb_finding *finding);

/*
 * The first of some findings, for sources whose first fault is enough: as an all-zero struct it is
 * the arg of glb_keep_first(), which is a glb_finding_fn.
 */
struct glb_first_finding {
	bool found;
	struct glb_finding finding;
};

void glb_keep_first(void *arg, const struct glb_finding *finding);

/* What is a finding about, and which member of that is it: "ip"; "" is the whole. */
enum glb_finding_place glb_finding_place(enum glb_finding_kind kind);
const char *glb_finding_member(enum glb_finding_kind kind);

/* Writes why it may not be, without the place. */
void glb_finding_reason(struct glb_diag *out, const struct glb_finding *finding);

/*
 * Writes place and reason, as in `$.tables[0].binds: empty, no packet would ever match`. Returns
 * the -errno of its kind: -EINVAL, -E2BIG or -ENOTSUP. `diag` may be NULL.
 */
GLB_NODISCARD int glb_finding_refuse(const struct glb_finding *finding, struct glb_diag *diag);

/* Writes place and reason of the first finding and returns the -errno of its kind; or returns 0,
 * with `diag` untouched, if there is none. */
GLB_NODISCARD int glb_refuse_first(const struct glb_first_finding *first, struct glb_diag *diag);

#endif
