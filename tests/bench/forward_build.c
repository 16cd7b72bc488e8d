/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>

#include "core/forward/forward_isa.h"
#include "forward_build.h"
#include "generation.h"

_Static_assert(sizeof(struct glb_packet) <= FORWARD_BUILD_PACKET_LEN, "callers have the room");

static struct glb_bind bind_of(const struct subject *subject, unsigned int table, unsigned int bind,
			       bool ipv6)
{
	struct glb_bind out = {
		.addr.version = ipv6 ? 6 : 4,
		.prefix_len = ipv6 ? 128 : subject->prefix,
		.proto = subject_is_udp(subject) ? GLB_PROTO_UDP : GLB_PROTO_TCP,
		.port_first = SUBJECT_PORT,
		.port_last = SUBJECT_PORT,
		.quic = subject_is_quic(subject),
	};

	subject_vip(out.addr.bytes, table, bind, ipv6);
	if (subject->all_ports) {
		out.port_first = 1;
		out.port_last = UINT16_MAX;
	}
	return out;
}

static void fill_binds(struct glb_table_spec *table, unsigned int t, const struct subject *subject)
{
	table->binds = calloc(2 * (size_t)subject->binds, sizeof(*table->binds));
	if (!table->binds)
		abort();
	for (unsigned int b = 0; b < subject->binds; b++) {
		if (subject_has_ipv4(subject))
			table->binds[table->bind_count++] = bind_of(subject, t, b, false);
		if (subject_has_ipv6(subject))
			table->binds[table->bind_count++] = bind_of(subject, t, b, true);
	}
}

static void fill_backends(struct glb_table_spec *table, unsigned int t,
			  const struct subject *subject)
{
	table->backend_count = SUBJECT_BACKENDS;
	table->backends = calloc(SUBJECT_BACKENDS, sizeof(*table->backends));
	if (!table->backends)
		abort();
	for (uint8_t b = 0; b < SUBJECT_BACKENDS; b++) {
		struct glb_addr addr = {{10, (uint8_t)t, 0, b}, 4};

		if (subject->underlay6)
			addr = (struct glb_addr){{0xfd, [14] = (uint8_t)t, b}, 6};
		table->backends[b] =
			(struct glb_backend){.addr = addr, .state = GLB_ACTIVE, .healthy = true};
		if (subject_is_quic(subject)) {
			table->backends[b].has_server_id = true;
			table->backends[b].server_id = subject_server_id(b);
		}
	}
}

static void fill_tables(struct glb_spec *spec, const struct subject *subject)
{
	spec->table_count = subject->tables;
	spec->tables = calloc(spec->table_count, sizeof(*spec->tables));
	if (!spec->tables)
		abort();
	for (unsigned int t = 0; t < spec->table_count; t++) {
		struct glb_table_spec *table = &spec->tables[t];

		table->hops = subject->hops;
		memset(table->hash_key, (int)t + 1, sizeof(table->hash_key));
		memset(table->seed, (int)t + 7, sizeof(table->seed));
		fill_binds(table, t, subject);
		fill_backends(table, t, subject);
	}
}

/* Networks scattered over what clients are not from. NULL: none are wanted. */
static struct glb_deny *deny_of(const struct subject *subject)
{
	struct glb_deny_prefix *prefixes = calloc(subject->denied + 1U, sizeof(*prefixes));
	struct glb_deny *deny = NULL;

	if (!prefixes)
		abort();
	for (uint32_t i = 0; i < subject->denied; i++) {
		const uint32_t any = i * 2654435761U;

		prefixes[i].addr = (struct glb_addr){.version = i % 2 ? 4 : 6};
		prefixes[i].prefix_len = i % 2 ? 24 : 48;
		glb_store_be32(prefixes[i].addr.bytes, i % 2 ? any % 0x60000000 : 0x26000000);
		if (i % 2 == 0)
			glb_store_be32(prefixes[i].addr.bytes + 2, any);
	}
	if (subject->denied && glb_deny_make(&deny, prefixes, subject->denied))
		abort();
	free(prefixes);
	return deny;
}

struct glb_generation *bench_generation_of(const struct subject *subject, enum glb_isa isa)
{
	const struct glb_settings settings = {
		.src_addr = {{10, 255, 0, 1}, 4},
		.src_addr6 = {{0xfd, [15] = 1}, 6},
		.hash_fields = subject->all_fields ? GLB_HASH_FIELDS_ALL : GLB_HASH_SRC_ADDR,
		.alt_hash_fields = subject->alt_fields ? GLB_HASH_SRC_ADDR | GLB_HASH_SRC_PORT : 0,
		.udp_checksum = subject->udp_checksum,
		.clamp_mss = subject->clamp_mss,
		.isa = (uint8_t)isa,
		.deny = deny_of(subject),
		.ports = {{.gateway_mac = {2, 1},
			   .mac = {2, 2},
			   .mtu = 1500,
			   .vlan = subject->vlan_out ? subject->vlan_out : GLB_VLAN_KEEP}},
	};
	struct glb_spec spec = {0};
	struct glb_generation *gen;
	struct glb_tables tables;

	fill_tables(&spec, subject);
	if (glb_tables_build(&tables, &spec, NULL, NULL) ||
	    glb_generation_make(&gen, 1, &settings, &tables, NULL))
		abort();
	glb_spec_free(&spec);
	glb_deny_free(settings.deny);
	return gen;
}

static bool has(unsigned int isa)
{
	return glb_forward_of((enum glb_isa)isa) != NULL;
}

static void *make(const struct subject *subject)
{
	return bench_generation_of(subject, GLB_ISA_BEST);
}

static void release(void *gen)
{
	glb_generation_free(gen);
}

static void describe(void *packets, const struct frame_at *frames, unsigned int n)
{
	packets_describe(packets, frames, n);
}

static void forward(const void *gen, unsigned int isa, void *packets, unsigned int n,
		    unsigned int burst)
{
	glb_forward_fn *of_isa = glb_forward_of((enum glb_isa)isa);
	struct glb_packet *all = packets;

	for (unsigned int i = 0; i < n; i += burst)
		of_isa(gen, all + i, burst, 0);
}

static struct fate fate(const void *packets, unsigned int i)
{
	const struct glb_packet *pkt = (const struct glb_packet *)packets + i;

	return (struct fate){pkt->data, pkt->len, glb_verdict_label(pkt->verdict)};
}

const struct forward_build *forward_build(void)
{
	static const struct forward_build build = {
		.version = FORWARD_BUILD_VERSION,
		.subject_len = sizeof(struct subject),
		.kind_count = TRAFFIC_KIND_COUNT,
		.has = has,
		.make = make,
		.free = release,
		.describe = describe,
		.forward = forward,
		.fate = fate,
	};

	return &build;
}
