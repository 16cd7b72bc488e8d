/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <glb/encap.h>
#include <glb/finding.h>
#include <glb/spec.h>

static const struct {
	int err;
	enum glb_finding_place place;
	const char *member;
} kinds[GLB_FOUND_COUNT] = {
	[GLB_FOUND_NO_TABLES] = {-EINVAL, GLB_PLACE_TABLES, ""},
	[GLB_FOUND_MANY_TABLES] = {-E2BIG, GLB_PLACE_TABLES, ""},
	[GLB_FOUND_ALL_BINDS] = {-E2BIG, GLB_PLACE_TABLES, ""},
	[GLB_FOUND_NO_BINDS] = {-EINVAL, GLB_PLACE_TABLE, "binds"},
	[GLB_FOUND_MANY_BINDS] = {-E2BIG, GLB_PLACE_TABLE, "binds"},
	[GLB_FOUND_MANY_BACKENDS] = {-E2BIG, GLB_PLACE_TABLE, "backends"},
	[GLB_FOUND_NONE_USABLE] = {-EINVAL, GLB_PLACE_TABLE, "backends"},
	[GLB_FOUND_HOPS] = {-EINVAL, GLB_PLACE_TABLE, "hops"},
	[GLB_FOUND_MAX_LOAD] = {-EINVAL, GLB_PLACE_TABLE, "max_load"},
	[GLB_FOUND_MAX_LOAD_HOPS] = {-EINVAL, GLB_PLACE_TABLE, "max_load"},
	[GLB_FOUND_MAX_LOAD_ZONES] = {-EINVAL, GLB_PLACE_TABLE, "max_load"},
	[GLB_FOUND_LONG_LIST] = {-ENOTSUP, GLB_PLACE_TABLE, "hops"},
	[GLB_FOUND_BIND_FAMILY] = {-EINVAL, GLB_PLACE_BIND, "ip"},
	[GLB_FOUND_BIND_PREFIX] = {-EINVAL, GLB_PLACE_BIND, "ip"},
	[GLB_FOUND_BIND_PROTO] = {-EINVAL, GLB_PLACE_BIND, "proto"},
	[GLB_FOUND_BIND_PORTS] = {-EINVAL, GLB_PLACE_BIND, ""},
	[GLB_FOUND_BIND_QUIC] = {-EINVAL, GLB_PLACE_BIND, "quic"},
	[GLB_FOUND_FAMILY] = {-EINVAL, GLB_PLACE_BACKEND, "ip"},
	[GLB_FOUND_MIXED] = {-ENOTSUP, GLB_PLACE_BACKEND, "ip"},
	[GLB_FOUND_NO_SOURCE] = {-ENOTSUP, GLB_PLACE_BACKEND, "ip"},
	[GLB_FOUND_SAME_ADDRESS] = {-EINVAL, GLB_PLACE_BACKEND, "ip"},
	[GLB_FOUND_SAME_SERVER] = {-EINVAL, GLB_PLACE_BACKEND, "server_id"},
	[GLB_FOUND_ZONE_MISSING] = {-EINVAL, GLB_PLACE_BACKEND, "zone"},
	[GLB_FOUND_ZONE_HOPS] = {-EINVAL, GLB_PLACE_BACKEND, "zone"},
};

enum glb_finding_place glb_finding_place(enum glb_finding_kind kind)
{
	return kinds[kind].place;
}

const char *glb_finding_member(enum glb_finding_kind kind)
{
	return kinds[kind].member;
}

static void reason_of_tables(struct glb_diag *out, const struct glb_finding *f)
{
	switch (f->kind) {
	case GLB_FOUND_NO_TABLES:
		glb_diag(out, "empty, there is nothing to serve");
		break;
	case GLB_FOUND_MANY_TABLES:
		glb_diag(out, "%u tables, at most %u can be served", f->value, f->other);
		break;
	case GLB_FOUND_ALL_BINDS:
		glb_diag(out, "%u binds in all, at most %u can be served", f->value, f->other);
		break;
	default:
		break;
	}
}

static void reason_of_table(struct glb_diag *out, const struct glb_finding *f)
{
	switch (f->kind) {
	case GLB_FOUND_NO_BINDS:
		glb_diag(out, "empty, no packet would ever match");
		break;
	case GLB_FOUND_MANY_BINDS:
		glb_diag(out, "%u binds, at most %u fit a table", f->value, f->other);
		break;
	case GLB_FOUND_MANY_BACKENDS:
		glb_diag(out, "%u backends, at most %u fit a table", f->value, f->other);
		break;
	case GLB_FOUND_NONE_USABLE:
		glb_diag(out, "not one usable (%u listed, all inactive)", f->value);
		break;
	case GLB_FOUND_HOPS:
		glb_diag(out, "%u is not from 2 to %d", f->value, GLB_HOPS_MAX);
		break;
	case GLB_FOUND_MAX_LOAD:
		glb_diag(out, "%u is not from %d to %d", f->value, GLB_MAX_LOAD_LEAST,
			 GLB_MAX_LOAD_MOST);
		break;
	case GLB_FOUND_MAX_LOAD_HOPS:
		glb_diag(out, "needs \"hops\": 3 or 4 in its table");
		break;
	case GLB_FOUND_MAX_LOAD_ZONES:
		glb_diag(out, "cannot be had together with the zones of backends");
		break;
	case GLB_FOUND_LONG_LIST:
		glb_diag(out,
			 "with IPv6 backends a packet can list %u hops behind the primary, not %u "
			 "(alt_hash_fields doubles the hops)",
			 f->other, f->value);
		break;
	default:
		break;
	}
}

static void reason_of_bind(struct glb_diag *out, const struct glb_finding *f)
{
	switch (f->kind) {
	case GLB_FOUND_BIND_FAMILY:
		glb_diag(out, "IPv%u is neither IPv4 nor IPv6", f->value);
		break;
	case GLB_FOUND_BIND_PREFIX:
		glb_diag(out, "a prefix of %u bits, an address has %u", f->value, f->other);
		break;
	case GLB_FOUND_BIND_PROTO:
		glb_diag(out, "protocol %u is neither TCP nor UDP", f->value);
		break;
	case GLB_FOUND_BIND_PORTS:
		glb_diag(out, "port_start %u is above port_end %u", f->value, f->other);
		break;
	case GLB_FOUND_BIND_QUIC:
		glb_diag(out, "needs \"proto\": \"udp\"");
		break;
	default:
		break;
	}
}

static void reason_of_backend(struct glb_diag *out, const struct glb_finding *f)
{
	switch (f->kind) {
	case GLB_FOUND_FAMILY:
		glb_diag(out, "IPv%u is neither IPv4 nor IPv6", f->value);
		break;
	case GLB_FOUND_MIXED:
		glb_diag(out,
			 "an IPv%u backend in a table whose others are IPv%u: one hop list cannot "
			 "have both",
			 f->value, f->other);
		break;
	case GLB_FOUND_NO_SOURCE:
		glb_diag(out,
			 "an IPv%u backend cannot be reached without %s in the director's "
			 "configuration",
			 f->value, f->value == 4 ? "outbound_src_ip" : "outbound_src_ip6");
		break;
	case GLB_FOUND_SAME_ADDRESS:
		glb_diag(out, "duplicate backend, first listed as backends[%u]", f->value);
		break;
	case GLB_FOUND_SAME_SERVER:
		glb_diag(out, "duplicate server_id %u, first given to backends[%u]", f->other,
			 f->value);
		break;
	case GLB_FOUND_ZONE_MISSING:
		glb_diag(out, "is missing, but other backends of the table have one");
		break;
	case GLB_FOUND_ZONE_HOPS:
		glb_diag(out, "needs \"hops\": 3 or 4 in its table");
		break;
	default:
		break;
	}
}

void glb_finding_reason(struct glb_diag *out, const struct glb_finding *finding)
{
	static void (*const writers[])(struct glb_diag * out, const struct glb_finding *f) = {
		[GLB_PLACE_TABLES] = reason_of_tables,
		[GLB_PLACE_TABLE] = reason_of_table,
		[GLB_PLACE_BIND] = reason_of_bind,
		[GLB_PLACE_BACKEND] = reason_of_backend,
	};

	writers[glb_finding_place(finding->kind)](out, finding);
}

int glb_finding_refuse(const struct glb_finding *finding, struct glb_diag *diag)
{
	const char *member = glb_finding_member(finding->kind);
	const char *dot = *member ? "." : "";
	struct glb_diag reason = {{0}};

	glb_finding_reason(&reason, finding);
	switch (glb_finding_place(finding->kind)) {
	case GLB_PLACE_TABLES:
		glb_diag(diag, "$.tables: %s", reason.text);
		break;
	case GLB_PLACE_TABLE:
		glb_diag(diag, "$.tables[%u]%s%s: %.300s", finding->table, dot, member,
			 reason.text);
		break;
	case GLB_PLACE_BIND:
		glb_diag(diag, "$.tables[%u].binds[%u]%s%s: %.300s", finding->table, finding->index,
			 dot, member, reason.text);
		break;
	case GLB_PLACE_BACKEND:
		glb_diag(diag, "$.tables[%u].backends[%u]%s%s: %.300s", finding->table,
			 finding->index, dot, member, reason.text);
		break;
	}
	return kinds[finding->kind].err;
}

void glb_keep_first(void *arg, const struct glb_finding *finding)
{
	struct glb_first_finding *first = arg;

	if (!first->found)
		*first = (struct glb_first_finding){true, *finding};
}

int glb_refuse_first(const struct glb_first_finding *first, struct glb_diag *diag)
{
	return first->found ? glb_finding_refuse(&first->finding, diag) : 0;
}
