/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which addresses of a generation are the director's, and what distinguishes two such sets?
 */
#ifndef DIRECTOR_XDP_VIPS_H
#define DIRECTOR_XDP_VIPS_H

#include <glb/diag.h>
#include <glb/generation.h>

#include "director/xdp/key.h"

/* An entry of the program's maps. */
struct xdp_entry {
	struct xdp_key key;
	uint8_t roles; /* a set of enum xdp_role */
};

/* Entries in the order of their keys, each key once. All zeros: none. */
struct xdp_vips {
	struct xdp_entry *list;
	uint32_t count;
};

/*
 * Lists the addresses and prefixes of all binds, and the source addresses of outer packets if
 * errors about these are relayed.
 *
 * Returns 0 and sets *out, to be released with xdp_vips_free(); -E2BIG with a diag if there are
 * more than XDP_VIPS_MAX addresses, or as many prefixes; or -ENOMEM with a diag.
 */
GLB_NODISCARD int xdp_vips_list(struct xdp_vips *out, const struct glb_tables *tables,
				const struct glb_settings *settings, struct glb_diag *diag);

/* The entries of both, each with the roles it has in either. Returns 0 and sets *out, or -ENOMEM.
 */
GLB_NODISCARD int xdp_vips_join(struct xdp_vips *out, const struct xdp_vips *a,
				const struct xdp_vips *b);

void xdp_vips_free(struct xdp_vips *vips);

/* Does the entry stand for one address, not for a range? */
static inline bool xdp_is_whole(const struct xdp_key *key)
{
	return key->bit_count == XDP_VERSION_BITS + (key->version == 4 ? 32U : 128U);
}

/*
 * What turns the first set into the second one: calls `set` for each entry of `to` that is not in
 * `from` with the same roles, and `unset` for each key of `from` that is not in `to`. Returns 0; or
 * the first error of a call, without making more.
 */
struct xdp_changes {
	int (*set)(void *arg, const struct xdp_entry *entry);
	int (*unset)(void *arg, const struct xdp_entry *entry);
	void *arg;
};
GLB_NODISCARD int xdp_vips_change(const struct xdp_vips *from, const struct xdp_vips *to,
				  const struct xdp_changes *changes);

#endif
