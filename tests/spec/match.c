/* SPDX-License-Identifier: BSD-3-Clause */
/* Every bind is looked at: of those that match, the longest prefix wins, then the narrowest range,
 * then the first in the file. */
#include <string.h>

#include "parts.h"

/* Whose protocol and ports a bind must have. */
enum want {
	ITS_OWN,    /* the flow's */
	ANY_PROTO,  /* its port, whatever the protocol: errors that quote something odd */
	ADDR_ALONE, /* flows without ports */
};

static bool holds(const struct glb_bind *bind, const uint8_t *addr, uint8_t version)
{
	unsigned int whole = bind->prefix_len / 8;
	unsigned int rest = bind->prefix_len % 8;

	if (bind->addr.version != version || memcmp(bind->addr.bytes, addr, whole) != 0)
		return false;
	return !rest || !((bind->addr.bytes[whole] ^ addr[whole]) >> (8 - rest));
}

static bool matches(const struct glb_bind *bind, const struct glb_flow *flow, enum want want)
{
	if (want == ITS_OWN && bind->proto != flow->proto)
		return false;
	if (want != ADDR_ALONE &&
	    (flow->dst_port < bind->port_first || flow->dst_port > bind->port_last))
		return false;
	return holds(bind, flow->dst, flow->version);
}

static bool is_better(const struct glb_bind *bind, const struct glb_bind *best, enum want want)
{
	if (!best || bind->prefix_len != best->prefix_len)
		return !best || bind->prefix_len > best->prefix_len;
	return want != ADDR_ALONE &&
	       bind->port_last - bind->port_first < best->port_last - best->port_first;
}

static const struct glb_bind *find(struct spec_match *match, const struct glb_tables *tables,
				   const struct glb_flow *flow, enum want want)
{
	const struct glb_bind *best = NULL;
	uint32_t first_backend = 0;

	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;

		for (unsigned int b = 0; b < spec->bind_count; b++) {
			const struct glb_bind *bind = &spec->binds[b];

			if (!matches(bind, flow, want) || !is_better(bind, best, want))
				continue;
			best = bind;
			*match = (struct spec_match){tables->tables[t], first_backend, bind->quic};
		}
		first_backend += spec->backend_count;
	}
	return best;
}

struct spec_match spec_match(const struct glb_tables *tables, const struct glb_flow *flow,
			     const uint8_t *outer_dst)
{
	struct spec_match match = {.table = NULL};
	const struct glb_bind *bind = NULL;

	if (flow->kind == GLB_FLOW_OTHER)
		return match;
	if (flow->kind == GLB_FLOW_PORTS || flow->kind == GLB_FLOW_QUOTED)
		bind = find(&match, tables, flow, ITS_OWN);
	else
		bind = find(&match, tables, flow, ADDR_ALONE);
	if (!bind && flow->kind == GLB_FLOW_QUOTED)
		bind = find(&match, tables, flow, ANY_PROTO);
	/* an error about one VIP that comes to another is not about a flow of either */
	if (bind && flow->kind == GLB_FLOW_QUOTED && !holds(bind, outer_dst, flow->version))
		match.table = NULL;
	return match;
}

bool spec_one_table(const struct glb_tables *tables, const struct glb_flow *flow)
{
	unsigned int count = 0;

	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;
		bool any = false;

		for (unsigned int b = 0; b < spec->bind_count; b++)
			any |= holds(&spec->binds[b], flow->dst, flow->version);
		count += any;
	}
	return count == 1;
}
