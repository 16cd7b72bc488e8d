/* SPDX-License-Identifier: BSD-3-Clause */
#include "index.h"

const struct exact_index *binds_exact(const struct glb_binds *binds)
{
	return &binds->exact;
}

/* A rule, and where it was found; without one all are NULL. */
struct found {
	const struct rule *rule;
	const struct level *level;
	const struct entry *entry;
	const struct segment *segment;
};

static const struct found nothing;

static struct found match_key(const struct glb_binds *binds, const struct level *level,
			      const struct key *key, uint16_t port)
{
	const struct entry *entry = find_entry(binds, key);
	const struct segment *segment;

	if (!entry)
		return nothing;
	segment = segments_find(&binds->segments[entry->segments], entry->segment_count, port);
	return segment ? (struct found){&binds->rules[entry->rules + segment->rule], level, entry,
					segment}
		       : nothing;
}

/*
 * The best rule of a protocol for a 16-byte address and a port. `also`: another address that must
 * match the bind as well, or NULL.
 */
static struct found match_levels(const struct glb_binds *binds, uint8_t version, const uint8_t *dst,
				 uint16_t proto, uint16_t port, const uint8_t *also)
{
	for (uint32_t i = 0; i < binds->level_count; i++) {
		const struct level *level = &binds->levels[i];

		if (level->version != version || (proto <= UINT8_MAX && !level->inexact))
			continue;

		struct key key = key_of(level, dst, proto);
		const struct found found = match_key(binds, level, &key, port);

		if (!found.rule)
			continue;
		if (!also)
			return found;

		struct key other = key_of(level, also, proto);

		return key_equal(&key, &other) ? found : nothing;
	}
	return nothing;
}

static const struct rule *bind_match(const struct glb_binds *binds, const struct glb_flow *flow,
				     uint16_t proto, const uint8_t *also)
{
	return match_levels(binds, flow->version, flow->dst, proto, flow->dst_port, also).rule;
}

static const struct exact *find_exact_bind(const struct glb_binds *binds,
					   const struct glb_flow *flow)
{
	uint64_t what = exact_what(flow->version, flow->proto, exact_port(flow->dst_port));
	uint64_t vip[2] = {glb_load_le64(flow->dst), glb_load_le64(flow->dst + 8)};

	return flow->version == 4 ? exact_find4(&binds->exact, what | vip[0])
				  : exact_find6(&binds->exact, vip, what);
}

/* For the flow's own protocol; nothing is more specific than an exact bind. */
static const struct rule *match_proto(const struct glb_binds *binds, const struct glb_flow *flow,
				      const uint8_t *also)
{
	const struct exact *exact = find_exact_bind(binds, flow);

	if (!exact)
		return bind_match(binds, flow, flow->proto, also);
	return also && memcmp(also, flow->dst, 16) != 0 ? NULL : &binds->rules[exact->rule];
}

static const struct rule *match_quoted(const struct glb_binds *binds, const struct glb_flow *flow,
				       const uint8_t *outer_dst)
{
	uint8_t also[16] = {0};
	const struct rule *rule;

	memcpy(also, outer_dst, flow->version == 4 ? 4 : 16);
	rule = match_proto(binds, flow, also);
	return rule ? rule : bind_match(binds, flow, PROTO_EITHER, also);
}

static const struct rule *match_flow(const struct glb_binds *binds, const struct glb_flow *flow,
				     const uint8_t *outer_dst)
{
	switch ((enum glb_flow_kind)flow->kind) {
	case GLB_FLOW_PORTS:
		return match_proto(binds, flow, NULL);
	case GLB_FLOW_QUOTED:
		return match_quoted(binds, flow, outer_dst);
	case GLB_FLOW_ECHO:
	case GLB_FLOW_FRAGMENT:
	case GLB_FLOW_BAD_QUOTE:
		return bind_match(binds, flow, PROTO_NONE, NULL);
	case GLB_FLOW_OTHER:
		break;
	}
	return NULL;
}

struct glb_match glb_binds_match(const struct glb_binds *binds, const struct glb_flow *flow,
				 const uint8_t *outer_dst)
{
	const struct rule *rule = match_flow(binds, flow, outer_dst);

	return rule ? (struct glb_match){(int32_t)rule->table, rule->quic}
		    : (struct glb_match){-1, false};
}

/* Which packets the answer to one to a port holds for. */
static struct bind_scope scope_of(const struct found *found, uint16_t port)
{
	const struct level *level = found->level;

	if (!found->rule || !found->entry->alone)
		return bind_scope_one(port);
	return (struct bind_scope){{GLB_LE64(level->mask[0]), GLB_LE64(level->mask[1])},
				   found->segment->first,
				   found->segment->last};
}

struct glb_match binds_match_ports(struct bind_scope *scope, const struct glb_binds *binds,
				   uint8_t version, uint64_t vip_low, uint64_t vip_high,
				   uint64_t what)
{
	const uint16_t port = GLB_BE16(GLB_LE16((uint16_t)(what >> 48)));
	struct found found;
	uint8_t dst[16];

	glb_store_le64(dst, vip_low);
	glb_store_le64(dst + 8, vip_high);
	found = match_levels(binds, version, dst, (uint8_t)(what >> 32), port, NULL);
	if (scope)
		*scope = scope_of(&found, port);
	return found.rule ? (struct glb_match){(int32_t)found.rule->table, found.rule->quic}
			  : (struct glb_match){-1, false};
}

bool glb_binds_lead_to_one_table(const struct glb_binds *binds, const struct glb_flow *flow)
{
	const struct rule *first = NULL;

	for (uint32_t i = 0; i < binds->level_count; i++) {
		const struct level *level = &binds->levels[i];
		struct key key = key_of(level, flow->dst, PROTO_NONE);
		const struct entry *entry =
			level->version == flow->version ? find_entry(binds, &key) : NULL;

		if (!entry)
			continue;
		if (entry->mixed || (first && first->table != binds->rules[entry->rules].table))
			return false;
		first = &binds->rules[entry->rules];
	}
	return first;
}

int glb_binds_find(unsigned int *bind, const struct glb_binds *binds, const struct glb_flow *flow,
		   const uint8_t *outer_dst)
{
	const struct rule *rule = match_flow(binds, flow, outer_dst);

	if (!rule)
		return -1;
	*bind = rule->bind;
	return (int)rule->table;
}
