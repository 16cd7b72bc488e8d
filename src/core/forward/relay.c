/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/hash.h>
#include <glb/icmp_reply.h>

#include "hop_list.h"
#include "relay.h"

/* With as many hops as the wire can list, though IPv6 ones are fewer: GLB_OUTER_LEN_MAX. */
enum {
	HEADERS_LEN_MAX =
		GLB_IPV6_LEN + GLB_UDP_LEN + GLB_GUE_HOPS_AT + GLB_WIRE_HOPS_MAX * GLB_GUE_HOP6_LEN,
};

/* The client's packet that an ICMP error is about, and what is to be said about it. */
struct complaint {
	struct glb_flow flow; /* its ip_at is where in the frame that packet begins */
	uint32_t table;	      /* of the flow */
	uint32_t quote_len;   /* bytes of that packet that are there */
	uint16_t mtu;	      /* the largest packet of the client's that fits */
};

/* The outer headers of a packet, as a router quotes them. */
struct quoted {
	struct glb_ip ip;
	const uint8_t *bytes; /* of its IP header */
	struct glb_gue gue;
	bool quic; /* is the client's packet for a QUIC bind? */
};

/* Is it about a packet from this director to a proxy's GUE port? */
static bool is_about_ours(const struct glb_generation *gen, const struct glb_packet *pkt,
			  const struct glb_flow *flow)
{
	bool v4 = flow->version == 4;
	const struct glb_addr *own = v4 ? &gen->settings.src_addr : &gen->settings.src_addr6;
	const uint8_t *dst = pkt->data + flow->ip_at + (v4 ? 16 : 24);

	return flow->proto == GLB_PROTO_UDP && flow->src_port == GLB_GUE_PORT && own->version &&
	       !memcmp(flow->dst, own->bytes, sizeof(flow->dst)) &&
	       !memcmp(dst, own->bytes, v4 ? 4 : 16);
}

/* RFC 4443, 3.2: the code of a packet too big is ignored. */
static bool is_too_big(const uint8_t *icmp, uint8_t version)
{
	return version == 4 ? icmp[0] == GLB_ICMP_UNREACHABLE && icmp[1] == GLB_ICMP_FRAG_NEEDED
			    : icmp[0] == GLB_ICMPV6_PACKET_TOO_BIG;
}

/* Is the error all there, and is its checksum right? The one that is made of it will be. */
static bool is_intact(const uint8_t *ip, const struct glb_flow *flow)
{
	uint32_t len = (uint32_t)flow->ip_len - flow->transport_at;
	uint64_t pseudo = 0;

	if (flow->version == 6)
		pseudo = glb_sum(GLB_BE16((uint16_t)len) + (uint64_t)GLB_BE16(GLB_PROTO_ICMPV6),
				 ip + 8, 32);
	return flow->fragment == GLB_WHOLE &&
	       !glb_sum_check(glb_sum(pseudo, ip + flow->transport_at, len));
}

/* The packet that an error quotes, without the extensions of RFC 4884 behind it. */
static struct glb_cursor quote_of(const uint8_t *icmp, const struct glb_flow *flow)
{
	uint32_t len = (uint32_t)flow->ip_len - flow->transport_at - GLB_ICMP_LEN;
	uint32_t announced = flow->version == 4 ? icmp[5] * 4U : 0;

	return glb_cursor(icmp + GLB_ICMP_LEN, announced && announced < len ? announced : len);
}

/* Reads outer headers; leaves the cursor on the client's packet. */
static bool read_outer(struct quoted *out, struct glb_cursor *cur, uint8_t version)
{
	bool v4 = version == 4;

	out->bytes = cur->at;
	return glb_parse_ip_header(&out->ip, cur, version, false) == GLB_FORWARD &&
	       out->ip.header_len == (v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) &&
	       out->ip.fragment == GLB_WHOLE && out->ip.proto == GLB_PROTO_UDP &&
	       glb_take(cur, GLB_UDP_LEN) &&
	       glb_gue_decode(&out->gue, cur, v4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN);
}

/* Reads the client's packet at the cursor, as far as its transport header; is it one we forward? */
static bool read_inner(struct complaint *out, const struct glb_generation *gen,
		       const struct glb_packet *pkt, struct glb_cursor cur, uint8_t version)
{
	struct glb_flow *flow = &out->flow;
	uint16_t ip_at = (uint16_t)(cur.at - pkt->data);
	uint32_t there = (uint32_t)(cur.end - cur.at);

	if (glb_parse_ip(flow, &cur, version) != GLB_FORWARD)
		return false;
	flow->ip_at = ip_at;
	out->quote_len = there < flow->ip_len ? there : flow->ip_len;
	return (flow->kind == GLB_FLOW_PORTS ||
		(flow->kind == GLB_FLOW_ECHO && gen->settings.echo == GLB_ECHO_FORWARD)) &&
	       glb_may_reply(pkt, flow);
}

static uint64_t hash_flow(const struct glb_route *route, uint8_t fields,
			  const struct glb_flow *flow)
{
	uint8_t key[GLB_SIPHASH_KEY_LEN];

	glb_store_le64(key, route->key[0]);
	glb_store_le64(key + 8, route->key[1]);
	return glb_flow_hash(key, fields, flow);
}

/*
 * Writes the outer headers that the client's packet gets here, without a UDP checksum, in front of
 * `end`, where HEADERS_LEN_MAX bytes are writable. Returns their length.
 */
static uint32_t write_headers(uint8_t *end, const struct glb_generation *gen,
			      const struct quoted *quoted, const struct complaint *about)
{
	const struct glb_route *route = &gen->routes[about->table];
	const struct glb_flow *flow = &about->flow;
	const uint8_t *inner = quoted->gue.header + quoted->gue.len;
	const bool asks =
		quoted->quic && flow->kind == GLB_FLOW_PORTS && flow->fragment == GLB_WHOLE;
	uint8_t alt = gen->settings.alt_hash_fields;
	uint64_t hash = hash_flow(route, gen->settings.hash_fields, flow);
	const struct choice choice = {
		.row = &route->rows[glb_row_index(hash)],
		.alt_row = alt ? &route->rows[glb_row_index(hash_flow(route, alt, flow))] : NULL,
		.server = asks ? find_server(route, inner, about->quote_len, flow->transport_at,
					     flow->ip_len)
			       : GLB_NO_BACKEND,
	};
	struct glb_encap encap = {
		.inner_len = flow->ip_len,
		.src_port = glb_outer_src_port(hash, flow),
		.inner_version = flow->version,
		.outer_version = route->version,
		.udp_checksum = GLB_UDP_ZERO,
	};
	uint16_t hops[GLB_WIRE_HOPS_MAX];
	unsigned int count = list_hops(hops, route, &choice, gen->settings.unique_hops);

	encap.hop_count = (uint8_t)(count - 1);
	for (unsigned int i = 1; i < count; i++)
		encap.hops[i - 1] = &route->outers[hops[i]];
	return (uint32_t)(end - glb_encap(end, &route->outers[hops[0]], &encap));
}

/*
 * Are the outer headers those that the client's packet gets here? Compared are lengths, addresses,
 * ports and the GUE header; routers may change the rest, or NICs fill it in.
 */
static bool is_what_we_send(const struct glb_generation *gen, const struct quoted *quoted,
			    const struct complaint *about)
{
	uint8_t headers[HEADERS_LEN_MAX];
	uint8_t *end = headers + sizeof(headers);
	const uint8_t *was = quoted->bytes;
	const uint8_t *sent = end - write_headers(end, gen, quoted, about);
	bool v4 = quoted->ip.version == 4;
	uint32_t len_at = v4 ? 2 : 4;
	uint32_t addrs_at = v4 ? 12 : 8;
	uint32_t udp_at = v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	uint32_t gue_at = udp_at + GLB_UDP_LEN;
	const uint32_t check_len = 2; /* the last field of UDP */

	return gen->routes[about->table].version == quoted->ip.version &&
	       end - sent == gue_at + quoted->gue.len && !memcmp(was + len_at, sent + len_at, 2) &&
	       !memcmp(was + addrs_at, sent + addrs_at, gue_at - check_len - addrs_at) &&
	       !memcmp(was + gue_at, sent + gue_at, quoted->gue.len);
}

/* RFC 1191, 7.1: what probably fits where a router does not say so, for a packet of len bytes. */
static uint32_t plateau_below(uint32_t len)
{
	static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};

	for (unsigned int i = 0; i < sizeof(plateaus) / sizeof(*plateaus); i++)
		if (plateaus[i] < len)
			return plateaus[i];
	return GLB_IPV4_MTU_MIN;
}

/*
 * What the client may send, of the bytes that fit the way to the proxy. False if that is no news:
 * the packet should have fitted, or the client cannot send less.
 */
static bool find_mtu(struct complaint *out, const uint8_t *icmp, const struct quoted *quoted,
		     uint32_t outer_len)
{
	uint32_t mtu = quoted->ip.version == 4 ? glb_load_be16(icmp + 6) : glb_load_be32(icmp + 4);
	uint32_t least = out->flow.version == 4 ? GLB_IPV4_MTU_MIN : GLB_IPV6_MTU_MIN;

	if (!mtu && quoted->ip.version == 4)
		mtu = plateau_below(quoted->ip.len);
	if (mtu >= quoted->ip.len)
		return false;
	out->mtu = (uint16_t)(mtu < least + outer_len ? least : mtu - outer_len);
	return out->mtu < out->flow.ip_len;
}

/* Reads an error that is about a packet of ours; false if it must not be relayed. */
static bool read_complaint(struct complaint *out, const struct glb_generation *gen,
			   const struct glb_packet *pkt, const struct glb_flow *flow)
{
	const uint8_t *ip = pkt->data + flow->ip_at;
	const uint8_t *icmp = ip + flow->transport_at;
	struct glb_cursor cur = quote_of(icmp, flow);
	struct quoted quoted;
	struct glb_match match;

	if (!read_outer(&quoted, &cur, flow->version) ||
	    !read_inner(out, gen, pkt, cur, quoted.gue.proto == GLB_PROTO_IPIP ? 4 : 6))
		return false;
	match = glb_binds_match(gen->binds, &out->flow, NULL);
	if (match.table < 0)
		return false;
	quoted.quic = match.quic;
	out->table = (uint32_t)match.table;
	return is_what_we_send(gen, &quoted, out) &&
	       find_mtu(out, icmp, &quoted, gen->routes[out->table].outer_len) &&
	       is_intact(ip, flow);
}

enum glb_verdict relay_judge(struct glb_reply *reply, const struct glb_generation *gen,
			     const struct glb_packet *pkt, const struct glb_flow *flow)
{
	struct complaint complaint;

	if (!is_about_ours(gen, pkt, flow))
		return GLB_PUNT_NO_BIND;
	if (!is_too_big(pkt->data + flow->ip_at + flow->transport_at, flow->version))
		return GLB_PUNT_OUTER_ERROR;
	if (!gen->settings.relay_outer_errors)
		return GLB_PUNT_OUTER_TOO_BIG;
	if (!read_complaint(&complaint, gen, pkt, flow))
		return GLB_PUNT_OUTER_QUOTE;
	*reply = (struct glb_reply){
		.table = (uint16_t)complaint.table,
		.quote_at = complaint.flow.ip_at,
		.quote_len = (uint16_t)complaint.quote_len,
		.mtu = complaint.mtu,
	};
	return GLB_ANSWER_OUTER_TOO_BIG;
}
