/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What src/core/forward/relay.h promises about ICMP errors that routers send: each alone in its
 * memory, with any bytes where none are written here. Its quote is cut anywhere: from the first
 * length that an error has with ports in it, to a client's packet of which some bytes are there.
 * The parts that other targets prove are taken by what these say: the error was parsed, and so is
 * the client's packet. The table has two rows.
 */
#include "sum_contract.h"

#include <glb/parse.h>
#include <glb/quic.h>

#include "proof.h"

/* Of a packet within the cursor, what the target parse_transport says, and more: any flow. */
static enum glb_verdict any_parse_ip(struct glb_flow *flow, struct glb_cursor *cur, uint8_t version)
{
	//@ check packet: \valid_read(cur->at + (0 .. cur->end - cur->at - 1));
	ANY_BYTES(flow, sizeof(*flow));
	flow->version = version;
	return ANY(0, 1) ? GLB_FORWARD : GLB_DROP_TRUNCATED;
}

/* Of a datagram within the cursor, what the target quic says. That the cursor has not passed its
 * end is proven by the target cursor. */
static bool any_quoted_id(uint16_t *server_id, struct glb_cursor *cur, size_t len)
{
	//@ check datagram: \valid_read(cur->end - 1);
	(void)len;
	*server_id = (uint16_t)ANY(0, UINT16_MAX);
	return ANY(0, 1);
}

#define glb_parse_ip	   any_parse_ip
#define glb_quic_quoted_id any_quoted_id

#include "core/forward/relay.c"

enum { BACKENDS = GLB_NO_BACKEND };

static struct glb_generation gen;
static struct glb_route route;
static struct glb_row rows[GLB_ROWS];
static struct glb_outer outers[BACKENDS];
static uint16_t servers[GLB_SERVER_IDS];

struct glb_match glb_binds_match(const struct glb_binds *binds, const struct glb_flow *flow,
				 const uint8_t *outer_dst)
{
	(void)binds;
	(void)outer_dst; /* of no quoted flow is asked here */
	//@ check flow: flow->kind == GLB_FLOW_PORTS || flow->kind == GLB_FLOW_ECHO;
	return (struct glb_match){.table = ANY(-1, 0), .quic = ANY(0, 1)};
}

bool glb_may_reply(const struct glb_packet *pkt, const struct glb_flow *flow)
{
	(void)pkt;
	(void)flow;
	return ANY(0, 1);
}

static void any_world(bool alt, uint8_t row_hops)
{
	struct glb_settings *s = &gen.settings;

	ANY_BYTES(outers, sizeof(outers));
	for (uint32_t r = 0; r < GLB_ROWS; r++)
		for (uint32_t i = 0; i < GLB_HOPS_MAX; i++)
			rows[r].hops[i] = (uint16_t)ANY(0, BACKENDS - 1);
	ANY_BYTES(servers, sizeof(servers));
	ANY_BYTES(s->src_addr.bytes, 16);
	ANY_BYTES(s->src_addr6.bytes, 16);
	s->src_addr.version = ANY(0, 1) ? 4 : 0;
	s->src_addr6.version = ANY(0, 1) ? 6 : 0;
	s->hash_fields = GLB_HASH_FIELDS_ALL;
	s->alt_hash_fields = alt ? GLB_HASH_SRC_ADDR : 0;
	s->echo = (uint8_t)ANY(0, 3);
	s->relay_outer_errors = ANY(0, 1);
	s->unique_hops = ANY(0, 1);
	gen.routes = &route;
	route.rows = rows;
	route.key[0] = ANY64(0, UINT64_MAX);
	route.key[1] = ANY64(0, UINT64_MAX);
	route.outers = outers;
	route.servers = ANY(0, 1) ? servers : NULL;
	route.row_hops = row_hops;
	route.listed_hops = (uint8_t)(row_hops * (alt ? 2 : 1) - 1);
	route.version = VERSION;
	route.outer_len = (uint8_t)glb_outer_len(VERSION, route.listed_hops);
}

/* Of both headers that are not the client's, without options. */
enum { HEAD = VERSION == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN, QUOTE_AT = HEAD + GLB_ICMP_LEN };
enum { GUE_AT = QUOTE_AT + HEAD + GLB_UDP_LEN, INNER_AT = GUE_AT + GLB_GUE_HOPS_AT };
enum { HOP_LEN = VERSION == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN };

/* What is known of the error from glb_parse(). */
static struct glb_flow any_error(uint32_t ip_len)
{
	struct glb_flow flow;

	ANY_BYTES(&flow, sizeof(flow));
	flow.version = VERSION;
	flow.ip_at = GLB_ETHER_LEN;
	flow.ip_len = (uint16_t)ip_len;
	flow.transport_at = HEAD;
	flow.kind = GLB_FLOW_QUOTED;
	return flow;
}

static void judge(const struct glb_packet *pkt, const struct glb_flow *flow)
{
	struct glb_reply reply;
	enum glb_verdict verdict = relay_judge(&reply, &gen, pkt, flow);

	/*@ check verdict: verdict == GLB_PUNT_NO_BIND || verdict == GLB_PUNT_OUTER_ERROR ||
	    verdict == GLB_PUNT_OUTER_TOO_BIG || verdict == GLB_PUNT_OUTER_QUOTE ||
	    verdict == GLB_ANSWER_OUTER_TOO_BIG; */
	if (verdict == GLB_ANSWER_OUTER_TOO_BIG) {
		//@ check set: \initialized(&reply);
		//@ check table: reply.table == 0;
		//@ check quote: reply.quote_at + reply.quote_len <= pkt->len;
		//@ check mtu: reply.mtu >= GLB_IPV4_MTU_MIN;
	} else {
		//@ check untouched: !\initialized(&reply.quote_at);
	}
}

enum { MANY_HOPS = 9 };

/* What is written of an error. */
struct error {
	uint32_t ip_len;
	uint32_t words; /* of the quote: RFC 4884; 0: all */
	uint8_t first; /* of the outer headers in the quote: the byte that says how long they are */
	uint8_t hops;  /* or any number from MANY_HOPS */
};

/* The byte of an IP header that says whether anything is between it and UDP. */
enum { PLAIN_AT = VERSION == 4 ? 0 : 6, PLAIN = VERSION == 4 ? 0x45 : GLB_PROTO_UDP };

static void put_quote(uint8_t *ip, const struct error *error)
{
	uint8_t *gue = ip + GUE_AT;

	ip[QUOTE_AT] = VERSION == 4 ? 0x45 : 0x60;
	ip[QUOTE_AT + PLAIN_AT] = error->first;
	if (VERSION == 4)
		ip[HEAD + 5] = (uint8_t)error->words;
	if (INNER_AT <= error->ip_len)
		gue[GLB_GUE_HOPS_AT - 1] =
			error->hops < MANY_HOPS ? error->hops : (uint8_t)ANY(MANY_HOPS, 255);
}

static void judge_error(const struct error *error)
{
	uint32_t len = GLB_ETHER_LEN + error->ip_len;
	uint8_t *frame = malloc(len);
	struct glb_packet pkt = {.data = frame, .len = len};
	struct glb_flow flow = any_error(error->ip_len);

	ANY_BYTES(frame, len);
	put_quote(frame + GLB_ETHER_LEN, error);
	judge(&pkt, &flow);
}

/* Most quotes have no room for two hops, and none for as many as a header could list. */
enum { LEAST = QUOTE_AT + HEAD + GLB_PORTS_LEN, MOST = INNER_AT + 2 * HOP_LEN - 1 };

static void any_length(void)
{
	struct error error = {.first = PLAIN};
	uint32_t ip_len = ANY32(LEAST, MOST);
	//@ split ip_len;
	;
	uint32_t hops = ANY32(0, 2);
	//@ split hops;
	;
	error.ip_len = ip_len;
	error.hops = (uint8_t)(hops < 2 ? hops : MANY_HOPS);
	any_world(false, 2);
	judge_error(&error);
}

/* Less than there is, or more. */
static void any_words(void)
{
	struct error error = {.ip_len = MOST, .first = PLAIN};
	uint32_t words = ANY32(1, (MOST - QUOTE_AT) / 4 + 1);
	//@ split words;
	;
	error.words = words;
	error.hops = 1;
	any_world(false, 2);
	judge_error(&error);
}

/* Options, extensions, or anything. */
static void any_first(void)
{
	struct error error = {.ip_len = MOST, .hops = 1};
	uint32_t first = ANY32(0, 255);
	//@ split first;
	;
	error.first = (uint8_t)first;
	any_world(false, 2);
	judge_error(&error);
}

/* Each number of hops in a row, with alternative ones and without. */
static void any_table(void)
{
	struct error error = {.first = PLAIN};
	bool alt = ANY(0, 1);
	//@ split alt;
	;
	uint8_t row_hops = (uint8_t)ANY(2, GLB_HOPS_MAX);
	//@ split row_hops;
	;
	error.hops = (uint8_t)(row_hops * (alt ? 2 : 1) - 1);
	error.ip_len = INNER_AT + error.hops * HOP_LEN + GLB_IPV6_LEN + GLB_UDP_LEN;
	any_world(alt, row_hops);
	judge_error(&error);
}

int main(void)
{
	uint32_t part = ANY32(0, VERSION == 4 ? 3 : 2);
	//@ split part;
	;
	if (part == 0)
		any_length();
	else if (part == 1)
		any_table();
	else if (part == 2)
		any_first();
	else
		any_words();
	return 0;
}
