/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packets that nearly all are: untagged, TCP or UDP, whole, without IPv4 options or IPv6
 * extension headers, to an exact bind, towards IPv4 backends. forward.c would make the same of
 * them in several times as many steps.
 *
 * The packets of a burst lie side by side in arrays, and pass through one stage after the other:
 * what a stage reads from memory was asked for a stage before, and arithmetic is done in loops that
 * compilers make vectors of.
 */
#include <string.h>

#include <glb/tcp.h>

#include "exact.h"
#include "messages.h"

/* Plain packets of one IP version, those of array index n about the same one. */
struct plain {
	struct messages messages;      /* and which packets these are, and how many */
	uint64_t addrs[FORWARD_BURST]; /* IPv4 source and destination, little-endian */
	uint64_t ports[FORWARD_BURST]; /* source and destination, little-endian */
	uint64_t lens[FORWARD_BURST];  /* bytes of the outer IP packet */
	const struct glb_route *routes[FORWARD_BURST];
	const struct glb_row *rows[FORWARD_BURST];
	uint8_t *outers[FORWARD_BURST];	  /* where the outer IP header begins */
	uint64_t ip_sums[FORWARD_BURST];  /* of the outer IP header, but for its length */
	uint64_t udp_sums[FORWARD_BURST]; /* of what fill_fields() adds nothing to */
	uint64_t udp_headers[FORWARD_BURST];
	uint64_t ip_fields[FORWARD_BURST]; /* length and checksum of the outer IP header */
};

/* What is the same for all packets of a burst. */
struct burst {
	const struct glb_generation *gen;
	const struct exact_index *exact;
	struct glb_packet *pkts;
	struct message_plan plan;
	uint8_t version; /* of the client's packets */
};

/* May a packet that looks plain leave without a closer look at the settings? */
GLB_INLINE bool may_go(const struct glb_generation *gen, const struct glb_packet *pkt,
		       const struct exact *found, uint32_t ip_len)
{
	const struct glb_route *route = &gen->routes[found->table];

	return !(route->traits & gen->rare_traits) && !found->quic &&
	       route->outer_len + ip_len <= gen->egress[pkt->port].outer_max &&
	       pkt->headroom >= route->outer_len;
}

/* Has a transport header a flag that makes its packet special? */
GLB_INLINE bool has_rare_flags(const struct glb_generation *gen, const uint8_t *transport,
			       uint8_t proto)
{
	return proto == GLB_PROTO_TCP && transport[13] & gen->rare_tcp_flags;
}

GLB_INLINE uint32_t add(struct plain *plain, const struct burst *burst, const struct exact *found,
			unsigned int i)
{
	const struct glb_route *route = &burst->gen->routes[found->table];
	struct messages *messages = &plain->messages;
	uint32_t n = messages->count++;

	messages->of[n] = (uint8_t)i;
	messages->k0[n] = route->key[0];
	messages->k1[n] = route->key[1];
	plain->routes[n] = route;
	return n;
}

/* Adds packet i to the plain ones, if it is one; of it at least TCP's header is there. */
GLB_INLINE bool take_ipv4(struct plain *plain, const struct burst *burst, unsigned int i)
{
	const struct glb_generation *gen = burst->gen;
	const struct glb_packet *pkt = &burst->pkts[i];
	const uint8_t *ip = pkt->data + GLB_ETHER_LEN;
	const uint8_t *transport = ip + GLB_IPV4_LEN;
	const struct exact *found;

	if (pkt->len < GLB_ETHER_LEN + GLB_IPV4_LEN + GLB_TCP_LEN ||
	    glb_load_be16(ip - 2) != GLB_ETHERTYPE_IPV4 || ip[0] != (4 << 4 | GLB_IPV4_LEN / 4) ||
	    glb_load16(ip + 6) & GLB_BE16(0x3fff))
		return false;

	uint32_t ip_len = glb_load_be16(ip + 2);

	if (ip_len < GLB_IPV4_LEN + GLB_TCP_LEN || ip_len > pkt->len - GLB_ETHER_LEN)
		return false;
	found = exact_find4(burst->exact, glb_load32(ip + 16),
			    exact_what(4, ip[9], glb_load16(transport + 2)));
	if (!found || !may_go(gen, pkt, found, ip_len) || ip[8] < gen->settings.min_ttl ||
	    has_rare_flags(gen, transport, ip[9]) ||
	    (gen->settings.verify_ip_checksum && glb_sum_check(glb_sum(0, ip, GLB_IPV4_LEN))))
		return false;

	uint32_t n = add(plain, burst, found, i);

	plain->addrs[n] = glb_load_le64(ip + 12);
	plain->ports[n] = glb_load_le32(transport);
	plain->lens[n] = plain->routes[n]->outer_len + ip_len;
	return true;
}

GLB_INLINE bool take_ipv6(struct plain *plain, const struct burst *burst, unsigned int i)
{
	const struct glb_generation *gen = burst->gen;
	const struct glb_packet *pkt = &burst->pkts[i];
	const uint8_t *ip = pkt->data + GLB_ETHER_LEN;
	const uint8_t *transport = ip + GLB_IPV6_LEN;
	const struct message_plan *plan = &burst->plan;

	if (glb_load_be16(ip - 2) != GLB_ETHERTYPE_IPV6 || ip[0] >> 4 != 6 ||
	    pkt->len < GLB_ETHER_LEN + GLB_IPV6_LEN + GLB_TCP_LEN)
		return false;

	uint32_t ip_len = (uint32_t)GLB_IPV6_LEN + glb_load_be16(ip + 4);
	const uint64_t vip[2] = {glb_load64(ip + 24), glb_load64(ip + 32)};
	const struct exact *found;

	if (ip_len < GLB_IPV6_LEN + GLB_TCP_LEN || ip_len > pkt->len - GLB_ETHER_LEN)
		return false;
	found = exact_find6(burst->exact, vip, exact_what(6, ip[6], glb_load16(transport + 2)));
	if (!found || !may_go(gen, pkt, found, ip_len) || ip[7] < gen->settings.min_ttl ||
	    has_rare_flags(gen, transport, ip[6]))
		return false;

	uint32_t n = add(plain, burst, found, i);

	for (uint32_t w = 0; w < plan->addr_words; w++)
		plain->messages.words[w][n] = glb_load_le64(ip + 8 + plan->addr_at + 8 * w);
	plain->ports[n] = glb_load_le32(transport);
	plain->lens[n] = plain->routes[n]->outer_len + ip_len;
	return true;
}

/* Fills in the words to be hashed, as far as that is not done. */
static void write_messages(struct plain *plain, const struct burst *burst)
{
	const struct message_plan plan = burst->plan;
	struct messages *messages = &plain->messages;
	uint64_t *last = messages->words[plan.word_count - 1];

	messages->word_count = plan.word_count;
	if (burst->version == 4)
		for (uint32_t n = 0; n < messages->count; n++)
			messages->words[0][n] =
				(plain->addrs[n] >> plan.addr_at * 8 & plan.addr_mask) |
				(plain->ports[n] >> plan.port_shift & plan.port_mask_first)
					<< plan.port_at |
				plan.len_first;
	if (plan.word_count > 1 || burst->version == 6)
		for (uint32_t n = 0; n < messages->count; n++)
			last[n] = (plain->ports[n] >> plan.port_shift & plan.port_mask_last) |
				  plan.len_last;
}

/* Finds the rows, and then the hops they name. */
static void select_hops(struct plain *plain)
{
	const struct messages *messages = &plain->messages;

	for (uint32_t n = 0; n < messages->count; n++) {
		plain->rows[n] = &plain->routes[n]->rows[glb_row_index(messages->hashes[n])];
		__builtin_prefetch(plain->rows[n]);
	}
	for (uint32_t n = 0; n < messages->count; n++) {
		const struct glb_route *route = plain->routes[n];
		const struct glb_row *row = plain->rows[n];

		__builtin_prefetch(&route->outers[row->hops[0]], 0);
		for (unsigned int hop = 1; hop <= route->listed_hops; hop++)
			__builtin_prefetch(&route->addrs[row->hops[hop]]);
	}
}

/*
 * What glb_inner_sum() says of a plain packet. Its addresses are in the IP header and, taken away,
 * in the pseudo header, so that neither need be summed.
 */
GLB_INLINE uint64_t covered_sum(const uint8_t *ip, uint8_t version, uint32_t ip_len)
{
	uint32_t head_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	uint8_t proto = ip[version == 4 ? 9 : 6];
	uint16_t len = (uint16_t)(ip_len - head_len);
	uint64_t pseudo = (uint64_t)GLB_BE16(len) + GLB_BE16(proto);

	if (proto == GLB_PROTO_UDP &&
	    (!glb_load16(ip + head_len + 6) || glb_load_be16(ip + head_len + 4) != len))
		return glb_sum(0, ip, ip_len);
	return glb_sum(0, ip, version == 4 ? 12 : 8) + glb_sum_check(pseudo);
}

/* Writes everything but the fields that fill_fields() works out, and the sums these need. */
GLB_INLINE void write_outer(struct plain *plain, const struct burst *burst, uint32_t n,
			    enum glb_udp_checksum how, uint8_t version)
{
	const struct glb_generation *gen = burst->gen;
	struct glb_packet *pkt = &burst->pkts[plain->messages.of[n]];
	const struct glb_route *route = plain->routes[n];
	const struct glb_row *row = plain->rows[n];
	const struct glb_outer *outer = &route->outers[row->hops[0]];
	uint8_t *inner = pkt->data + GLB_ETHER_LEN;
	uint8_t *ip = inner - route->outer_len;
	uint32_t ip_len = (uint32_t)plain->lens[n] - route->outer_len;
	uint8_t inner_tos = (uint8_t)(version == 4 ? inner[1] : glb_load_be16(inner) >> 4);
	uint8_t tos = (uint8_t)(gen->tos | (inner_tos & gen->tos_mask));
	uint64_t sum = how == GLB_UDP_OFFLOAD ? (uint64_t)route->pseudo_sum + outer->dst_sum
					      : (uint64_t)route->udp_sum + outer->udp_sum;

	if (how == GLB_UDP_FULL)
		sum += glb_sum(0, inner, ip_len);
	else if (how == GLB_UDP_INNER)
		sum += covered_sum(inner, version, ip_len);

	memcpy(ip - GLB_ETHER_LEN, gen->egress[pkt->port].l2, sizeof(gen->egress->l2));
	memcpy(ip, outer->bytes, GLB_OUTER_HOPS_AT);
	ip[1] = tos;
	if (version == 6) {
		ip[GLB_OUTER_GUE_AT + 1] = GLB_PROTO_IPV6;
		sum += how == GLB_UDP_OFFLOAD ? 0 : GLB_BE16(GLB_PROTO_IPV6 - GLB_PROTO_IPIP);
	}
	for (unsigned int hop = 1; hop <= route->listed_hops; hop++) {
		uint32_t addr = route->addrs[row->hops[hop]];

		glb_store32(ip + GLB_OUTER_HOPS_AT + (hop - 1) * GLB_GUE_HOP_LEN, addr);
		sum += how == GLB_UDP_OFFLOAD ? 0 : addr;
	}
	plain->outers[n] = ip;
	plain->ip_sums[n] = (uint64_t)glb_load16(outer->bytes + 10) + GLB_BE16(tos);
	plain->udp_sums[n] = sum;

	pkt->verdict = GLB_FORWARD;
	pkt->backend = (uint32_t)(outer - gen->outers);
	pkt->headroom = (uint16_t)(pkt->headroom - route->outer_len);
	pkt->len = gen->settings.trim_padding ? (uint32_t)plain->lens[n] + GLB_ETHER_LEN
					      : pkt->len + route->outer_len;
	pkt->data -= route->outer_len;
}

/* The way and the version are constants in each of the loops this becomes. */
GLB_INLINE void write_all(struct plain *plain, const struct burst *burst, enum glb_udp_checksum how)
{
	for (uint32_t n = 0; n < plain->messages.count && burst->version == 4; n++)
		write_outer(plain, burst, n, how, 4);
	for (uint32_t n = 0; n < plain->messages.count && burst->version == 6; n++)
		write_outer(plain, burst, n, how, 6);
}

static void write_outers(struct plain *plain, const struct burst *burst)
{
	switch ((enum glb_udp_checksum)burst->gen->settings.udp_checksum) {
	case GLB_UDP_FULL:
		write_all(plain, burst, GLB_UDP_FULL);
		break;
	case GLB_UDP_INNER:
		write_all(plain, burst, GLB_UDP_INNER);
		break;
	case GLB_UDP_OFFLOAD:
		write_all(plain, burst, GLB_UDP_OFFLOAD);
		break;
	case GLB_UDP_ZERO:
		write_all(plain, burst, GLB_UDP_ZERO);
		break;
	}
}

/* Arithmetic on 16-bit numbers in lanes of 64 bits. */
GLB_INLINE uint64_t lane_swap(uint64_t value)
{
	return (value & 0xff) << 8 | (value >> 8 & 0xff);
}

GLB_INLINE uint64_t lane_be16(uint64_t value)
{
	return GLB_BE16(1) == 1 ? value : lane_swap(value);
}

GLB_INLINE uint64_t lane_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* Four numbers as they lie one behind the other in memory. */
GLB_INLINE uint64_t lane_join(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return GLB_LE16(1) == 1 ? a | b << 16 | c << 32 | d << 48 : a << 48 | b << 32 | c << 16 | d;
}

/* Lengths, checksums and the outer source port, of all packets at once. */
static void fill_fields(struct plain *plain, const struct burst *burst)
{
	enum glb_udp_checksum how = burst->gen->settings.udp_checksum;
	bool whole = how == GLB_UDP_FULL || how == GLB_UDP_INNER;
	uint64_t flip = whole ? 0xffff : 0;		  /* only a whole sum is complemented, */
	uint64_t port_mask = whole ? 0xffff : 0;	  /* has the port in it, */
	uint64_t len_shift = whole ? 1 : 0;		  /* and the length twice: UDP's own */
	uint64_t keep = how == GLB_UDP_ZERO ? 0 : 0xffff; /* and that of the pseudo header */

	for (uint32_t n = 0; n < plain->messages.count; n++) {
		uint64_t src_port = lane_swap(plain->ports[n]);
		uint64_t be_len = lane_be16(plain->lens[n]);
		uint64_t be_udp_len = lane_be16(plain->lens[n] - GLB_IPV4_LEN);
		uint64_t be_port =
			lane_be16(0x8000 | ((plain->messages.hashes[n] ^ src_port) & 0x7fff));
		uint64_t ip_check = lane_fold(plain->ip_sums[n] + be_len) ^ 0xffff;
		uint64_t udp_check = lane_fold(plain->udp_sums[n] + (be_udp_len << len_shift) +
					       (be_port & port_mask)) ^
				     flip;

		udp_check = (udp_check ? udp_check : 0xffff) & keep; /* 0: none, RFC 768 */
		plain->ip_fields[n] = be_len | ip_check << 16;
		plain->udp_headers[n] =
			lane_join(be_port, GLB_BE16(GLB_GUE_PORT), be_udp_len, udp_check);
	}
}

static void store_fields(const struct plain *plain)
{
	for (uint32_t n = 0; n < plain->messages.count; n++) {
		uint8_t *ip = plain->outers[n];

		glb_store16(ip + 2, (uint16_t)plain->ip_fields[n]);
		glb_store16(ip + 10, (uint16_t)(plain->ip_fields[n] >> 16));
		glb_store64(ip + GLB_OUTER_UDP_AT, plain->udp_headers[n]);
	}
}

static void forward_plain(struct plain *plain, const struct burst *burst)
{
	write_messages(plain, burst);
	messages_hash(&plain->messages);
	select_hops(plain);
	write_outers(plain, burst);
	fill_fields(plain, burst);
	store_fields(plain);
}

/* Takes those of a set of packets that are plain ones of a version; returns the others. */
GLB_INLINE uint32_t take(struct plain *plain, const struct burst *burst, uint32_t set)
{
	uint32_t others = set;

	plain->messages.count = 0;
	for (uint32_t left = set; left; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(left);

		if (burst->version == 4 ? take_ipv4(plain, burst, i) : take_ipv6(plain, burst, i))
			others &= ~(1U << i);
	}
	return others;
}

uint32_t FORWARD_ISA_NAME(plain)(const struct glb_generation *gen, struct glb_packet *pkts,
				 unsigned int n)
{
	struct burst burst = {
		.gen = gen,
		.exact = binds_exact(gen->binds),
		.pkts = pkts,
	};
	uint32_t set = (uint32_t)((1ULL << n) - 1);
	struct plain plain;

	for (unsigned int v = 4; v <= 6 && set; v += 2) {
		burst.version = (uint8_t)v;
		burst.plan = message_plan((uint8_t)v, gen->settings.hash_fields);
		set = take(&plain, &burst, set);
		if (plain.messages.count)
			forward_plain(&plain, &burst);
	}
	return set;
}
