/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "director/xdp/vips.h"

static int compare_xdp_entries(const void *left, const void *right)
{
	const struct xdp_entry *a = left;
	const struct xdp_entry *b = right;

	return memcmp(&a->key, &b->key, sizeof(a->key));
}

static struct xdp_entry make_entry(const struct glb_addr *addr, unsigned int prefix_len,
				   enum xdp_role role)
{
	const struct glb_addr network = addr_network(addr, prefix_len);
	struct xdp_entry entry = {
		.key = {.bit_count = XDP_VERSION_BITS + prefix_len, .version = addr->version},
		.roles = (uint8_t)role,
	};

	memcpy(entry.key.address, network.bytes, sizeof(entry.key.address));
	return entry;
}

/* Appends an entry. Binds of one VIP usually follow each other: it is not repeated. */
static void append_entry(struct xdp_vips *vips, const struct xdp_entry *entry)
{
	if (!vips->count || compare_xdp_entries(&vips->list[vips->count - 1], entry) ||
	    vips->list[vips->count - 1].roles != entry->roles)
		vips->list[vips->count++] = *entry;
}

static void append_binds(struct xdp_vips *vips, const struct glb_tables *tables)
{
	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;

		for (unsigned int i = 0; i < spec->bind_count; i++) {
			const struct glb_bind *bind = &spec->binds[i];
			struct xdp_entry entry =
				make_entry(&bind->addr, bind->prefix_len, XDP_ROLE_VIP);

			append_entry(vips, &entry);
		}
	}
}

static void append_source(struct xdp_vips *vips, const struct glb_addr *addr)
{
	struct xdp_entry entry;

	if (!addr->version)
		return;
	entry = make_entry(addr, addr->version == 4 ? 32 : 128, XDP_ROLE_SOURCE);
	append_entry(vips, &entry);
}

/* Sorts the entries, and merges those of one key. */
static void sort_entries(struct xdp_vips *vips)
{
	uint32_t kept = 0;

	qsort(vips->list, vips->count, sizeof(*vips->list), compare_xdp_entries);
	for (uint32_t i = 0; i < vips->count; i++) {
		if (kept && !compare_xdp_entries(&vips->list[kept - 1], &vips->list[i]))
			vips->list[kept - 1].roles |= vips->list[i].roles;
		else
			vips->list[kept++] = vips->list[i];
	}
	vips->count = kept;
}

/* Is there room for them in the maps? Returns 0, or -E2BIG with a diag. */
static int check_map_room(const struct xdp_vips *vips, struct glb_diag *diag)
{
	uint32_t addresses = 0;

	for (uint32_t i = 0; i < vips->count; i++)
		addresses += xdp_is_whole(&vips->list[i].key);
	if (addresses <= XDP_VIPS_MAX && vips->count - addresses <= XDP_VIPS_MAX)
		return 0;
	glb_diag(diag,
		 "bifurcate: the tables have %u addresses and %u prefixes; there is room for %d of "
		 "each",
		 addresses, vips->count - addresses, XDP_VIPS_MAX);
	return -E2BIG;
}

int xdp_vips_list(struct xdp_vips *out, const struct glb_tables *tables,
		  const struct glb_settings *settings, struct glb_diag *diag)
{
	struct xdp_vips vips = {.count = 0};
	size_t most = 2; /* sources */
	int err;

	for (unsigned int t = 0; t < tables->count; t++)
		most += tables->tables[t]->spec.bind_count;
	vips.list = calloc(most, sizeof(*vips.list));
	if (!vips.list) {
		glb_diag(diag, "out of memory");
		return -ENOMEM;
	}
	append_binds(&vips, tables);
	if (settings->relay_outer_errors) {
		append_source(&vips, &settings->src_addr);
		append_source(&vips, &settings->src_addr6);
	}
	sort_entries(&vips);
	err = check_map_room(&vips, diag);
	if (err)
		xdp_vips_free(&vips);
	else
		*out = vips;
	return err;
}

int xdp_vips_join(struct xdp_vips *out, const struct xdp_vips *a, const struct xdp_vips *b)
{
	struct xdp_vips both = {calloc((size_t)a->count + b->count + 1, sizeof(*both.list)),
				a->count + b->count};

	if (!both.list)
		return -ENOMEM;
	if (a->count)
		memcpy(both.list, a->list, a->count * sizeof(*a->list));
	if (b->count)
		memcpy(both.list + a->count, b->list, b->count * sizeof(*b->list));
	sort_entries(&both);
	*out = both;
	return 0;
}

void xdp_vips_free(struct xdp_vips *vips)
{
	free(vips->list);
	*vips = (struct xdp_vips){.count = 0};
}

int xdp_vips_change(const struct xdp_vips *from, const struct xdp_vips *to,
		    const struct xdp_changes *changes)
{
	uint32_t f = 0;
	uint32_t t = 0;
	int err = 0;

	while (!err && (f < from->count || t < to->count)) {
		const struct xdp_entry *old = f < from->count ? &from->list[f] : NULL;
		const struct xdp_entry *new = t < to->count ? &to->list[t] : NULL;
		int order = !old ? 1 : !new ? -1 : compare_xdp_entries(old, new);

		if (order < 0)
			err = changes->unset(changes->arg, old);
		else if (order > 0 || old->roles != new->roles)
			err = changes->set(changes->arg, new);
		f += order <= 0;
		t += order >= 0;
	}
	return err;
}
