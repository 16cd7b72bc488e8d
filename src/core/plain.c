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
#include "sum.h"

enum { LANES = FORWARD_BURST };

/*
 * The outer headers of a plain packet with one hop behind the primary are five words,
 * little-endian:
 *
 *   0  version, header length | TOS | length | identification | do not fragment
 *   1  TTL | protocol | checksum | source address
 *   2  destination address | UDP ports
 *   3  UDP length | checksum | GUE words, protocol, flags
 *   4  GUE private type, next hop, hop count | the hop
 */
enum { OUTER_WORDS = 5, UDP_BARE_LEN = GLB_UDP_LEN + GLB_GUE_HOPS_AT /* without hops */ };
_Static_assert(GLB_OUTER_HOPS_AT + GLB_GUE_HOP_LEN == OUTER_WORDS * 8, "they end with the hop");

/* Plain packets of one IP version, or such as may be; all about one at the same index. */
struct plain {
	struct messages messages; /* and how many there are */
	struct glb_packet *pkts[LANES];
	uint64_t fields[LANES]; /* of the packets: see load_fields() */
	uint64_t types[LANES];	/* from the EtherType on, little-endian */
	uint64_t limits[LANES]; /* likewise, IPv4: from the fragment field on; IPv6: of protocol */
	uint64_t addrs[4][LANES]; /* likewise, source and destination */
	uint64_t ports[LANES];	  /* likewise, source and destination; */
				  /* of IPv4, at first with the destination address */
	uint64_t whats[LANES];	  /* key of the bind: see exact.h; 0: not plain */
	const struct glb_route *routes[LANES];
	const struct glb_row *rows[LANES];
	uint32_t ip_lens[LANES];    /* bytes of the client's IP packet */
	uint32_t listed[LANES];	    /* hops behind the primary */
	uint32_t firsts[LANES];	    /* addresses of the primary and of the hop behind it, */
	uint32_t seconds[LANES];    /* little-endian */
	uint32_t hop_sums[LANES];   /* of other hops' addresses */
	uint64_t inner_sums[LANES]; /* of the client's packet */
	uint32_t be_lens[LANES];    /* header fields of the outer IP */
	uint32_t ip_checks[LANES];
	uint32_t udp_ports[LANES];  /* and of UDP: the ports, little-endian, */
	uint32_t udp_rest[LANES];   /* length and checksum */
	uint64_t words01[LANES][2]; /* of the outer headers */
	uint64_t words23[LANES][2];
	uint64_t words4[LANES];
};

/* What is the same for all packets of a burst. */
struct burst {
	const struct glb_generation *gen;
	const struct exact_index *exact;
	const struct glb_egress *egress;
	struct glb_packet *pkts;
	uint64_t ip_len_max;	/* of packets that surely fit the port once encapsulated, */
	uint64_t outer_len_max; /* by so many bytes at most */
	struct message_plan plan;
	uint64_t word0, word1; /* of the outer headers, but for lengths and checksums */
	uint32_t ip_sum;       /* of these */
	uint32_t pseudo_sum;   /* of the pseudo header, but for length and destination */
	uint8_t version;       /* of the client's packets */
	uint64_t port;
};

/* Arithmetic on 16-bit numbers in wider lanes. */
GLB_INLINE uint64_t lane_swap64(uint64_t value)
{
	return (value & 0xff) << 8 | (value >> 8 & 0xff);
}

GLB_INLINE uint32_t lane_swap(uint32_t value)
{
	return (value << 8 | value >> 8) & 0xffff;
}

GLB_INLINE uint32_t lane_le16(uint32_t value)
{
	return GLB_LE16(1) == 1 ? value : lane_swap(value);
}

GLB_INLINE uint32_t lane_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/*
 * All of a packet but its address, as one word: len in 32 bits, then headroom in 16, port and
 * verdict in 8 each.
 */
GLB_INLINE uint64_t load_fields(const struct glb_packet *pkt)
{
	if (GLB_LE16(1) == 1)
		return glb_load64((const uint8_t *)pkt + offsetof(struct glb_packet, len));
	return pkt->len | (uint64_t)pkt->headroom << 32 | (uint64_t)pkt->port << 48 |
	       (uint64_t)pkt->verdict << 56;
}

GLB_INLINE void store_fields(struct glb_packet *pkt, uint64_t fields)
{
	if (GLB_LE16(1) == 1) {
		glb_store64((uint8_t *)pkt + offsetof(struct glb_packet, len), fields);
		return;
	}
	pkt->len = (uint32_t)fields;
	pkt->headroom = (uint16_t)(fields >> 32);
	pkt->verdict = (uint8_t)(fields >> 56);
}
_Static_assert(offsetof(struct glb_packet, headroom) == offsetof(struct glb_packet, len) + 4 &&
		       offsetof(struct glb_packet, port) == offsetof(struct glb_packet, len) + 6 &&
		       offsetof(struct glb_packet, verdict) == offsetof(struct glb_packet, len) + 7,
	       "the fields of a packet are one word");

enum {
	IPV4_LEAST = GLB_ETHER_LEN + GLB_IPV4_LEN + GLB_TCP_LEN, /* bytes of a plain frame */
	IPV6_LEAST = GLB_ETHER_LEN + GLB_IPV6_LEN + GLB_TCP_LEN,
};

/* Stands for frames too short to be looked at: no plain one begins like this. */
static const uint8_t no_frame[IPV6_LEAST];

GLB_INLINE void read_ipv4(struct plain *plain, unsigned int n, struct glb_packet *pkt)
{
	const uint8_t *frame = pkt->len < IPV4_LEAST ? no_frame : pkt->data;

	__builtin_prefetch(pkt->data - 40, 1);
	plain->pkts[n] = pkt;
	plain->fields[n] = load_fields(pkt);
	plain->types[n] = glb_load_le64(frame + 12);
	plain->limits[n] = glb_load_le64(frame + 20);
	plain->addrs[0][n] = glb_load_le64(frame + 26);
	plain->ports[n] = glb_load_le64(frame + 30);
}

GLB_INLINE void read_ipv6(struct plain *plain, unsigned int n, struct glb_packet *pkt)
{
	const uint8_t *frame = pkt->len < IPV6_LEAST ? no_frame : pkt->data;

	__builtin_prefetch(pkt->data - 40, 1);
	plain->pkts[n] = pkt;
	plain->fields[n] = load_fields(pkt);
	plain->types[n] = glb_load_le64(frame + 12);
	plain->limits[n] = frame[20];
	for (unsigned int w = 0; w < 4; w++)
		plain->addrs[w][n] = glb_load_le64(frame + 22 + 8 * w);
	plain->ports[n] = glb_load_le32(frame + 54);
}

/* Not 0 if a is less than b, both below 2^63. Cheaper in vectors than a comparison. */
GLB_INLINE uint64_t lane_less(uint64_t a, uint64_t b)
{
	return (a - b) >> 63;
}

/* 0 if a packet may leave where it came from, and has room around it. */
GLB_INLINE uint64_t lane_misfit(uint64_t fields, uint64_t ip_len, const struct burst *burst)
{
	uint64_t frame_len = fields & 0xffffffff;
	uint64_t headroom = fields >> 32 & 0xffff;
	uint64_t port = fields >> 48 & 0xff;

	return lane_less(frame_len, ip_len + GLB_ETHER_LEN) | lane_less(burst->ip_len_max, ip_len) |
	       lane_less(headroom, burst->outer_len_max) | (port ^ burst->port);
}

/* Which of n frames are plain, and what binds would they match? */
GLB_INLINE void judge_ipv4(struct plain *plain, const struct burst *burst, unsigned int n)
{
	const uint64_t least = GLB_IPV4_LEN + GLB_TCP_LEN;
	const struct burst by = *burst;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t ip_len = lane_swap64(plain->types[i] >> 32);
		uint64_t ports = plain->ports[i];
		uint64_t what = (ports & 0xffff0000ffffffff) |
				exact_what(4, plain->limits[i] >> 24 & 0xff, 0);
		uint64_t odd = ((plain->types[i] ^ 0x450008) & 0xffffff) |
			       (plain->limits[i] & 0xff3f) | lane_less(ip_len, least) |
			       lane_misfit(plain->fields[i], ip_len, &by);

		plain->whats[i] = odd ? 0 : what;
		plain->ip_lens[i] = (uint32_t)ip_len;
		plain->ports[i] = ports >> 32;
	}
}

GLB_INLINE void judge_ipv6(struct plain *plain, const struct burst *burst, unsigned int n)
{
	const uint64_t least = GLB_IPV6_LEN + GLB_TCP_LEN;
	const struct burst by = *burst;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t ip_len = lane_swap64(plain->types[i] >> 48) + GLB_IPV6_LEN;
		uint64_t what = exact_what(6, plain->limits[i], plain->ports[i] >> 16);
		uint64_t odd = ((plain->types[i] ^ 0x60dd86) & 0xf0ffff) |
			       lane_less(ip_len, least) |
			       lane_misfit(plain->fields[i], ip_len, &by);

		plain->whats[i] = odd ? 0 : what;
		plain->ip_lens[i] = (uint32_t)ip_len;
	}
}

/* Is there more to a packet with a plain frame that the settings want to have looked at? */
static bool is_special(const struct glb_generation *gen, const uint8_t *ip, uint8_t version)
{
	bool v4 = version == 4;
	const uint8_t *transport = ip + (v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);

	if (transport[13] & gen->rare_tcp_flags && ip[v4 ? 9 : 6] == GLB_PROTO_TCP)
		return true;
	return gen->strict_ip && (ip[v4 ? 8 : 7] < gen->settings.min_ttl ||
				  (v4 && gen->settings.verify_ip_checksum &&
				   glb_sum_check(glb_sum(0, ip, GLB_IPV4_LEN))));
}

/* The bind of packet i, unless its frame is not plain or it has none. */
GLB_INLINE const struct exact *find(const struct plain *plain, const struct exact_index *exact,
				    unsigned int i, uint8_t version)
{
	uint64_t what = plain->whats[i];
	const uint64_t vip[2] = {plain->addrs[2][i], plain->addrs[3][i]};

	if (!what)
		return NULL;
	return version == 4 ? exact_find4(exact, what) : exact_find6(exact, vip, what);
}

/* The route of packet i, or NULL if it is not plain. */
GLB_INLINE const struct glb_route *route_of(const struct plain *plain,
					    const struct glb_generation *gen,
					    const struct exact *found, unsigned int i,
					    uint8_t version)
{
	bool look_closer = gen->strict_ip || gen->rare_tcp_flags;
	const struct glb_route *route;

	if (!found || found->quic)
		return NULL;
	if (GLB_UNLIKELY(look_closer) &&
	    is_special(gen, plain->pkts[i]->data + GLB_ETHER_LEN, version))
		return NULL;
	route = &gen->routes[found->table];
	return route->traits & gen->rare_traits ? NULL : route;
}

/* Finds the routes of n packets; those of others than plain packets are NULL. True: none is. */
GLB_INLINE bool find_routes(struct plain *plain, const struct burst *burst, unsigned int n,
			    uint8_t version)
{
	const struct exact_index exact = *burst->exact;
	bool all = true;

	for (unsigned int i = 0; i < n; i++) {
		const struct glb_route *route =
			route_of(plain, burst->gen, find(plain, &exact, i, version), i, version);

		plain->routes[i] = route;
		if (GLB_UNLIKELY(!route)) {
			all = false;
			continue;
		}
		plain->messages.k0[i] = route->key[0];
		plain->messages.k1[i] = route->key[1];
	}
	return all;
}

/* Closes the gaps that other packets leave; returns how many these are. */
static unsigned int compact(struct plain *plain, unsigned int n, struct glb_packet **others)
{
	unsigned int other_count = 0;
	unsigned int to = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!plain->routes[i]) {
			others[other_count++] = plain->pkts[i];
			continue;
		}
		plain->pkts[to] = plain->pkts[i];
		plain->routes[to] = plain->routes[i];
		plain->messages.k0[to] = plain->messages.k0[i];
		plain->messages.k1[to] = plain->messages.k1[i];
		plain->ip_lens[to] = plain->ip_lens[i];
		plain->types[to] = plain->types[i];
		plain->fields[to] = plain->fields[i];
		plain->ports[to] = plain->ports[i];
		for (unsigned int w = 0; w < 4; w++)
			plain->addrs[w][to] = plain->addrs[w][i];
		to++;
	}
	plain->messages.count = to;
	return other_count;
}

/* Fills in the words to be hashed. */
static void write_messages(struct plain *plain, const struct burst *burst)
{
	const struct message_plan plan = burst->plan;
	struct messages *messages = &plain->messages;
	uint64_t *last = messages->words[plan.word_count - 1];
	const uint32_t count = messages->count;

	messages->word_count = plan.word_count;
	for (uint32_t n = 0; n < count && burst->version == 4; n++)
		messages->words[0][n] = (plain->addrs[0][n] >> plan.addr_at * 8 & plan.addr_mask) |
					(plain->ports[n] >> plan.port_shift & plan.port_mask_first)
						<< plan.port_at |
					plan.len_first;
	for (uint32_t w = 0; w < plan.addr_words && burst->version == 6; w++)
		memcpy(messages->words[w], plain->addrs[plan.addr_at / 8 + w],
		       sizeof(messages->words[w]));
	for (uint32_t n = 0; n < count && (plan.word_count > 1 || burst->version == 6); n++)
		last[n] =
			(plain->ports[n] >> plan.port_shift & plan.port_mask_last) | plan.len_last;
}

static void find_rows(struct plain *plain)
{
	const struct messages *messages = &plain->messages;

#pragma GCC unroll 4
	for (uint32_t n = 0; n < messages->count; n++) {
		plain->rows[n] = &plain->routes[n]->rows[glb_row_index(messages->hashes[n])];
		__builtin_prefetch(plain->rows[n]);
	}
}

/* The addresses of many backends may not be in a near cache. */
static void ask_for_hops(const struct plain *plain)
{
	for (uint32_t n = 0; n < plain->messages.count; n++) {
		const struct glb_row *row = plain->rows[n];

		for (unsigned int hop = 0; hop < plain->routes[n]->row_hops; hop++)
			__builtin_prefetch(&plain->routes[n]->addrs[row->hops[hop]]);
	}
}

static void find_hops(struct plain *plain)
{
	for (uint32_t n = 0; n < plain->messages.count; n++) {
		const struct glb_route *route = plain->routes[n];
		const struct glb_row *row = plain->rows[n];
		const uint32_t *addrs = route->addrs;

		plain->firsts[n] = GLB_LE32(addrs[row->hops[0]]);
		plain->seconds[n] = GLB_LE32(addrs[row->hops[1]]);
		plain->listed[n] = route->listed_hops;
		plain->pkts[n]->backend = route->first_backend + row->hops[0];
	}
}

/* Likewise, hops behind the second. */
static void sum_more_hops(struct plain *plain)
{
	for (uint32_t n = 0; n < plain->messages.count; n++) {
		const struct glb_route *route = plain->routes[n];

		plain->hop_sums[n] = 0;
		for (unsigned int hop = 2; hop < route->row_hops; hop++)
			plain->hop_sums[n] +=
				lane_fold(GLB_LE32(route->addrs[plain->rows[n]->hops[hop]]));
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

static void sum_inner(struct plain *plain, enum glb_udp_checksum how, uint8_t version)
{
	uint32_t least = version == 4 ? GLB_IPV4_LEN + GLB_TCP_LEN : GLB_IPV6_LEN + GLB_TCP_LEN;

	for (uint32_t n = 0; n < plain->messages.count; n++) {
		const uint8_t *ip = plain->pkts[n]->data + GLB_ETHER_LEN;
		uint32_t len = plain->ip_lens[n];

		plain->inner_sums[n] = how == GLB_UDP_FULL ? sum_packet(0, ip, least & ~7U, len)
							   : covered_sum(ip, version, len);
	}
}

static void sum_inners(struct plain *plain, const struct burst *burst)
{
	enum glb_udp_checksum how = burst->gen->settings.udp_checksum;

	/* the way and the version are constants in each of the loops this becomes */
	if (how == GLB_UDP_FULL && burst->version == 4)
		sum_inner(plain, GLB_UDP_FULL, 4);
	else if (how == GLB_UDP_FULL)
		sum_inner(plain, GLB_UDP_FULL, 6);
	else if (how == GLB_UDP_INNER && burst->version == 4)
		sum_inner(plain, GLB_UDP_INNER, 4);
	else if (how == GLB_UDP_INNER)
		sum_inner(plain, GLB_UDP_INNER, 6);
	else
		memset(plain->inner_sums, 0, sizeof(plain->inner_sums));
}

/* DSCP and ECN of the outer header. */
GLB_INLINE uint64_t lane_tos(uint64_t type, uint8_t version, const struct glb_generation *gen)
{
	uint64_t inner = version == 4 ? type >> 24 : (type >> 12 & 0xf0) | (type >> 28 & 0xf);

	return gen->tos | (inner & gen->tos_mask);
}

/* GUE up to the hops, as two little-endian words. */
GLB_INLINE uint32_t lane_gue_first(uint32_t listed, uint8_t version)
{
	return (1 + listed) | (uint32_t)(version == 4 ? GLB_PROTO_IPIP : GLB_PROTO_IPV6) << 8;
}

GLB_INLINE uint32_t lane_gue_second(uint32_t listed)
{
	return listed << 24;
}

/* Checksums, lengths and the outer source port. */
GLB_INLINE void make_fields(struct plain *plain, const struct burst *burst, uint8_t version)
{
	const struct glb_generation *gen = burst->gen;
	enum glb_udp_checksum how = gen->settings.udp_checksum;
	/* only a whole sum has more than the pseudo header in it, and is complemented */
	const bool whole = how == GLB_UDP_FULL || how == GLB_UDP_INNER;
	const uint32_t whole_mask = whole ? UINT32_MAX : 0;
	const uint32_t keep = how == GLB_UDP_ZERO ? 0 : 0xffff;
	const uint32_t ip_sum = burst->ip_sum;
	const uint32_t pseudo_sum = burst->pseudo_sum;
	const uint32_t gue_port = GLB_LE16(GLB_BE16(GLB_GUE_PORT));
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t listed = plain->listed[n];
		uint32_t udp_len = plain->ip_lens[n] + UDP_BARE_LEN + GLB_GUE_HOP_LEN * listed;
		uint32_t hash = (uint32_t)plain->messages.hashes[n] & 0xffff;
		uint32_t tos = (uint32_t)lane_tos(plain->types[n], version, gen) << 8;
		uint32_t be_len = lane_swap(udp_len + GLB_IPV4_LEN);
		uint32_t be_udp_len = lane_swap(udp_len);
		uint32_t be_port = ((lane_swap(hash) ^ (uint32_t)plain->ports[n]) & 0xff7f) | 0x80;
		uint32_t first = (plain->firsts[n] & 0xffff) + (plain->firsts[n] >> 16);
		uint32_t second = (plain->seconds[n] & 0xffff) + (plain->seconds[n] >> 16);
		uint64_t inner = (plain->inner_sums[n] & 0xffffffff) + (plain->inner_sums[n] >> 32);
		uint32_t inner_sum =
			lane_le16(lane_fold((uint32_t)((inner & 0xffff) + (inner >> 16))));
		uint32_t sum = inner_sum + second + plain->hop_sums[n] + be_udp_len + be_port +
			       gue_port + lane_gue_first(listed, version) +
			       (lane_gue_second(listed) >> 16);
		uint32_t udp_check =
			lane_fold((sum & whole_mask) + pseudo_sum + first + be_udp_len) ^
			(whole_mask & 0xffff);

		udp_check = (udp_check ? udp_check : 0xffff) & keep; /* 0: none, RFC 768 */
		plain->be_lens[n] = be_len << 16 | tos;
		plain->ip_checks[n] = (lane_fold(ip_sum + first + be_len + tos) ^ 0xffff) << 16;
		plain->udp_ports[n] = be_port | gue_port << 16;
		plain->udp_rest[n] = be_udp_len | udp_check << 16;
	}
}

GLB_INLINE void make_words(struct plain *plain, const struct burst *burst, uint8_t version)
{
	const uint64_t word0 = burst->word0;
	const uint64_t word1 = burst->word1;
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t listed = plain->listed[n];

		plain->words01[n][0] = word0 | plain->be_lens[n];
		plain->words01[n][1] = word1 | plain->ip_checks[n];
		plain->words23[n][0] = plain->firsts[n] | (uint64_t)plain->udp_ports[n] << 32;
		plain->words23[n][1] =
			plain->udp_rest[n] | (uint64_t)lane_gue_first(listed, version) << 32;
		plain->words4[n] = lane_gue_second(listed) | (uint64_t)plain->seconds[n] << 32;
	}
}

/* What becomes of the packets themselves. */
static void make_packets(struct plain *plain, bool trim)
{
	const uint32_t count = plain->messages.count;
	const uint64_t port_mask = 0xffULL << 48;
	const uint64_t verdict = (uint64_t)GLB_FORWARD << 56;

	for (uint32_t n = 0; n < count; n++) {
		uint64_t fields = plain->fields[n];
		uint64_t outer_len =
			GLB_OUTER_HOPS_AT + GLB_GUE_HOP_LEN * (uint64_t)plain->listed[n];
		uint64_t headroom = (fields >> 32 & 0xffff) - outer_len;
		uint64_t len =
			trim ? plain->ip_lens[n] + (uint64_t)GLB_ETHER_LEN : fields & 0xffffffff;

		plain->fields[n] =
			(len + outer_len) | headroom << 32 | (fields & port_mask) | verdict;
	}
}

GLB_INLINE void store_words(uint8_t *out, const uint64_t *words, unsigned int count)
{
	uint64_t le[2];

	for (unsigned int w = 0; w < count; w++)
		le[w] = GLB_LE64(words[w]);
	memcpy(out, le, count * sizeof(*le));
}

/* Hops behind the second. */
static void write_more_hops(uint8_t *out, const struct glb_route *route, const struct glb_row *row)
{
	for (unsigned int hop = 2; hop < route->row_hops; hop++)
		glb_store32(out + (hop - 2) * GLB_GUE_HOP_LEN, route->addrs[row->hops[hop]]);
}

static void write_frames(const struct plain *plain, const struct burst *burst)
{
	const struct glb_egress *egress = burst->egress;
	const bool more = burst->gen->many_hops;
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		struct glb_packet *pkt = plain->pkts[n];
		uint8_t *frame = pkt->data - plain->routes[n]->outer_len;
		uint8_t *ip = frame + GLB_ETHER_LEN;

		memcpy(frame, egress->l2, sizeof(egress->l2)); /* and 2 bytes of what comes next */
		store_words(ip, plain->words01[n], 2);
		store_words(ip + 16, plain->words23[n], 2);
		store_words(ip + 32, &plain->words4[n], 1);
		if (more)
			write_more_hops(ip + 8 * OUTER_WORDS, plain->routes[n], plain->rows[n]);
		pkt->data = frame;
		store_fields(pkt, plain->fields[n]);
	}
}

static void forward_plain(struct plain *plain, const struct burst *burst)
{
	write_messages(plain, burst);
	messages_hash(&plain->messages);
	find_rows(plain);
	if (burst->gen->many_backends)
		ask_for_hops(plain);
	find_hops(plain);
	if (burst->gen->many_hops)
		sum_more_hops(plain);
	else
		memset(plain->hop_sums, 0, sizeof(plain->hop_sums));
	sum_inners(plain, burst);
	if (burst->version == 4) {
		make_fields(plain, burst, 4);
		make_words(plain, burst, 4);
	} else {
		make_fields(plain, burst, 6);
		make_words(plain, burst, 6);
	}
	make_packets(plain, burst->gen->settings.trim_padding);
	write_frames(plain, burst);
}

/* Works out what is the same for all packets of a version. */
static void start(struct burst *burst)
{
	const struct glb_generation *gen = burst->gen;
	const uint8_t *src = gen->settings.src_addr.bytes;
	uint8_t ip[16] = {[0] = 4 << 4 | GLB_IPV4_LEN / 4,
			  [6] = 0x40, /* do not fragment */
			  [8] = GLB_OUTER_TTL,
			  [9] = GLB_PROTO_UDP};

	memcpy(ip + 12, src, 4);
	burst->plan = message_plan(burst->version, gen->settings.hash_fields);
	burst->word0 = glb_load_le64(ip);
	burst->word1 = glb_load_le64(ip + 8);
	burst->ip_sum = GLB_LE16(glb_sum_fold(glb_sum(0, ip, sizeof(ip))));
	burst->pseudo_sum = GLB_LE16(glb_sum_fold(glb_sum(GLB_BE16(GLB_PROTO_UDP), src, 4)));
}

/* Forwards the plain ones of n packets that were read; returns how many are not, and which. */
GLB_INLINE unsigned int forward_read(struct plain *plain, struct burst *burst, unsigned int n,
				     struct glb_packet **others)
{
	const uint8_t version = burst->version;
	unsigned int other_count = 0;

	if (version == 4)
		judge_ipv4(plain, burst, n);
	else
		judge_ipv6(plain, burst, n);
	plain->messages.count = n;
	if (!find_routes(plain, burst, n, version))
		other_count = compact(plain, n, others);
	if (other_count < n) {
		start(burst);
		forward_plain(plain, burst);
	}
	return other_count;
}

/* Of a whole burst. The version is a constant where this is inlined, and below. */
GLB_INLINE unsigned int forward_all(struct plain *plain, struct burst *burst, unsigned int n,
				    struct glb_packet **others, uint8_t version)
{
	burst->version = version;
	for (unsigned int i = 0; i < n; i++) {
		if (version == 4)
			read_ipv4(plain, i, &burst->pkts[i]);
		else
			read_ipv6(plain, i, &burst->pkts[i]);
	}
	return forward_read(plain, burst, n, others);
}

/* Of the n packets that the other version left over. */
GLB_INLINE unsigned int forward_others(struct plain *plain, struct burst *burst, unsigned int n,
				       struct glb_packet **others, uint8_t version)
{
	burst->version = version;
	for (unsigned int i = 0; i < n; i++) {
		if (version == 4)
			read_ipv4(plain, i, others[i]);
		else
			read_ipv6(plain, i, others[i]);
	}
	return n ? forward_read(plain, burst, n, others) : 0;
}

unsigned int FORWARD_ISA_NAME(plain)(const struct glb_generation *gen, struct glb_packet *pkts,
				     unsigned int n, struct glb_packet **others)
{
	struct burst burst = {
		.gen = gen,
		.exact = binds_exact(gen->binds),
		.egress = &gen->egress[pkts->port],
		.pkts = pkts,
		.outer_len_max = gen->outer_len_max,
		.port = pkts->port,
	};
	struct plain plain;
	unsigned int left;

	if (burst.egress->outer_max < gen->outer_len_max) { /* nothing may leave unseen */
		for (unsigned int i = 0; i < n; i++)
			others[i] = &pkts[i];
		return n;
	}
	burst.ip_len_max = burst.egress->outer_max - gen->outer_len_max;

	/* most bursts are of one version; it goes first */
	if (pkts->len > GLB_ETHER_LEN && pkts->data[GLB_ETHER_LEN] >> 4 == 6) {
		left = forward_all(&plain, &burst, n, others, 6);
		return forward_others(&plain, &burst, left, others, 4);
	}
	left = forward_all(&plain, &burst, n, others, 4);
	return forward_others(&plain, &burst, left, others, 6);
}
