/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The specification of the data path, of packets that are alone in their memory with their
 * headroom: of each kind of flow those of the first lengths that it can have, with any bytes,
 * settings, ports and binds where nothing is said here. That glb_parse() and glb_parse_ip() stay
 * within a packet and fill in its flow is what other targets prove; here flows are made by hand, of
 * packets without options. There is one table, of two backends and two rows that are alike.
 */
#include <stdint.h>

/*@ requires readable: len > 0 ==> \valid_read(bytes + (0 .. len - 1));
    requires there: len > 0 ==> \initialized(bytes + (0 .. len - 1));
    assigns \result \from sum, bytes[0 .. len - 1], len; */
static inline uint16_t plain_sum(uint32_t sum, const uint8_t *bytes, uint32_t len);

#include <string.h>

#include <glb/parse.h>

#include "proof.h"

/* That no bytes are equal to none is not in the contract that Frama-C has of it. */
static int compare_bytes(const void *a, const void *b, size_t n)
{
	return n ? memcmp(a, b, n) : 0;
}

/* What the parser finds. */
static enum glb_verdict the_verdict;
static struct glb_flow the_flow, the_quoted;

static enum glb_verdict any_parse(struct glb_flow *flow, const uint8_t *frame, uint32_t len)
{
	//@ check frame: \valid_read(frame + (0 .. len - 1));
	*flow = the_flow;
	return the_verdict;
}

static enum glb_verdict any_parse_ip(struct glb_flow *flow, struct glb_cursor *cur, uint8_t version)
{
	//@ check packet: \valid_read(cur->at + (0 .. cur->end - cur->at - 1));
	*flow = the_quoted;
	flow->version = version;
	return cur->end - cur->at >= (version == 4 ? 20 : 40) && ANY(0, 1) ? GLB_FORWARD
									   : GLB_DROP_TRUNCATED;
}

#define memcmp	     compare_bytes
#define glb_parse    any_parse
#define glb_parse_ip any_parse_ip

#include <forward.c>
#include <match.c>
#include <outer.c>
#include <relay.c>
#define write_l2 write_reply_l2
#include <icmp_reply.c>

static struct glb_generation gen;
static struct glb_table table;
static struct glb_table *list[1] = {&table};
static struct glb_row rows[GLB_ROWS];
static struct glb_backend backends[2];
static struct glb_bind binds[2];
static struct glb_deny_prefix denied;
static struct glb_deny deny = {.prefixes = &denied, .prefix_count = 1};

/* --- Any world --- */

static void any_port(struct glb_port *port, uint16_t vlan)
{
	ANY_BYTES(port->gateway_mac, 6);
	ANY_BYTES(port->mac, 6);
	ANY_BYTES(port->macs[0], 6);
	port->mac_count = (uint8_t)ANY(0, 1);
	port->any_mac = ANY(0, 1);
	port->mtu = (uint16_t)ANY(0, 65535);
	port->through = (uint16_t)ANY(0, 2);
	port->vlan = vlan;
}

static void any_settings(struct glb_settings *s)
{
	ANY_BYTES(s->src_addr.bytes, 16);
	ANY_BYTES(s->src_addr6.bytes, 16);
	s->src_addr.version = ANY(0, 1) ? 4 : 0;
	s->src_addr6.version = ANY(0, 1) ? 6 : 0;
	s->hash_fields = GLB_HASH_FIELDS_ALL;
	s->echo = (uint8_t)ANY(0, 3);
	s->too_big = (uint8_t)ANY(0, 2);
	s->udp_checksum = (uint8_t)ANY(0, 3);
	s->outer_dscp = (uint8_t)ANY(0, 64);
	s->min_ttl = (uint8_t)ANY(0, 255);
	s->copy_ecn = ANY(0, 1);
	s->all_icmp_errors = ANY(0, 1);
	s->forward_fragments = ANY(0, 1);
	s->relay_outer_errors = ANY(0, 1);
	s->verify_ip_checksum = ANY(0, 1);
	s->trim_padding = ANY(0, 1);
	s->clamp_mss = ANY(0, 1);
}

static void any_denied(void)
{
	ANY_BYTES(denied.addr.bytes, 16);
	denied.addr.version = ANY(0, 1) ? 4 : 6;
	denied.prefix_len = (uint8_t)ANY(0, denied.addr.version == 4 ? 32 : 128);
	gen.settings.deny = ANY(0, 1) ? &deny : NULL;
}

static void any_bind(struct glb_bind *bind, uint8_t version, uint8_t prefix_len)
{
	ANY_BYTES(bind->addr.bytes, 16);
	bind->addr.version = version;
	bind->prefix_len = prefix_len;
	bind->proto = ANY(0, 1) ? GLB_PROTO_TCP : GLB_PROTO_UDP;
	bind->port_first = (uint16_t)ANY(0, 65535);
	bind->port_last = (uint16_t)ANY(0, 65535);
	bind->quic = ANY(0, 1);
}

/* What is around a packet. */
struct around {
	uint8_t outer;	   /* version of the backends */
	bool alt, unique;  /* settings */
	bool servers;	   /* backends may have a server ID */
	uint8_t second;	   /* the second hop of rows; the first is 0 */
	uint16_t vlan;	   /* of ports */
	uint32_t short_of; /* bytes that the headroom is too small; ALL: there is none */
};

enum { ALL = 1000 };

static void any_world(const struct around *around, uint8_t version)
{
	const uint8_t whole = version == 4 ? 32 : 128;

	any_settings(&gen.settings);
	any_denied();
	gen.settings.alt_hash_fields = around->alt ? GLB_HASH_SRC_ADDR : 0;
	gen.settings.unique_hops = around->unique;
	any_port(&gen.settings.ports[0], around->vlan);
	any_port(&gen.settings.ports[1], around->vlan);
	any_bind(&binds[0], version, whole);
	any_bind(&binds[1], version, 0);
	for (uint32_t i = 0; i < 2; i++) {
		ANY_BYTES(backends[i].addr.bytes, 16);
		backends[i].addr.version = around->outer;
		backends[i].state = ANY(0, 3);
		backends[i].has_server_id = around->servers && ANY(0, 1);
		backends[i].server_id = (uint16_t)ANY(0, 65535);
	}
	for (uint32_t r = 0; r < GLB_ROWS; r++)
		rows[r].hops[1] = around->second;
	ANY_BYTES(table.spec.hash_key, GLB_SIPHASH_KEY_LEN);
	table.spec.backends = backends;
	table.spec.backend_count = 2;
	table.spec.binds = binds;
	table.spec.bind_count = 2;
	table.hop_count = 2;
	table.rows = rows;
	gen.tables = (struct glb_tables){list, 1};
}

/* --- Any packet --- */

/* The flow of a packet, whose transport header is of this length. */
static void any_flow(struct glb_flow *flow, uint8_t version, uint8_t kind, uint32_t len)
{
	const uint32_t head = version == 4 ? 20 : 40;

	ANY_BYTES(flow, sizeof(*flow));
	flow->version = version;
	flow->kind = kind;
	flow->ip_at = 14;
	flow->transport_at = (uint16_t)head;
	flow->ip_len = (uint16_t)(head + len);
	flow->tcp_flags = 0;
	flow->proto = kind == GLB_FLOW_PORTS ? 17 : (uint8_t)ANY(0, 255);
}

static struct glb_packet any_frame(uint32_t headroom, uint32_t len)
{
	uint8_t *room = malloc(headroom + len);

	ANY_BYTES(room + headroom, len);
	return (struct glb_packet){
		.data = room + headroom, .len = len, .headroom = (uint16_t)headroom, .port = 0};
}

static uint32_t headroom_of(const struct around *around, uint32_t ip_at)
{
	uint32_t outer = (around->outer == 4 ? 36 : 56) +
			 (around->alt ? 3 : 1) * (around->outer == 4 ? 4 : 16);
	uint32_t l2_len = around->vlan == GLB_VLAN_KEEP	  ? ip_at
			  : around->vlan == GLB_VLAN_NONE ? 14
							  : 18;

	return around->short_of == ALL ? 0 : outer + l2_len - ip_at - around->short_of;
}

/* --- What must hold --- */

static void check_decided(const struct glb_packet *pkt, const struct glb_packet *was)
{
	const uint8_t *room = was->data - was->headroom;

	//@ check verdict: pkt->verdict < GLB_VERDICT_COUNT;
	if (pkt->verdict == GLB_FORWARD) {
		//@ check backend: pkt->backend <= 1;
		//@ check data: pkt->data == room + pkt->headroom;
		//@ check end: pkt->data + pkt->len <= was->data + was->len;
		//@ check written: \initialized(pkt->data + (0 .. pkt->len - 1));
	} else {
		//@ check data_stays: pkt->data == was->data;
		//@ check len_stays: pkt->len == was->len;
		//@ check headroom_stays: pkt->headroom == was->headroom;
	}
}

static void check_replied(const struct glb_packet *pkt, const struct glb_packet *was)
{
	const uint8_t *room = was->data - was->headroom;

	//@ check reply_data: pkt->data == room + pkt->headroom;
	//@ check reply_end: pkt->data + pkt->len <= was->data + was->len;
	//@ check reply_written: \initialized(pkt->data + (0 .. pkt->len - 1));
}

/* --- What is gone through --- */

static const struct around usual = {
	.outer = 4, .servers = true, .second = 1, .vlan = GLB_VLAN_KEEP};

static uint8_t any_version(void)
{
	uint8_t version = ANY(0, 1) ? 4 : 6;
	//@ split version;
	;
	return version;
}

static void decide(const struct around *around)
{
	struct glb_packet pkt = any_frame(headroom_of(around, the_flow.ip_at),
					  (uint32_t)the_flow.ip_at + the_flow.ip_len + 1);
	const struct glb_packet was = pkt;

	any_world(around, the_flow.version);
	pkt.data[the_flow.ip_at] = the_flow.version == 4 ? 0x45 : 0x60;
	pkt.verdict = (uint8_t)forward_one(&gen, &pkt);
	check_decided(&pkt, &was);
}

/* Frames that are too short for anything, or whose parser finds nothing. */
static void short_frame(void)
{
	uint32_t len = ANY32(0, 24);
	//@ split len;
	;
	struct glb_packet pkt = any_frame(0, len);
	const struct glb_packet was = pkt;

	any_world(&usual, 4);
	the_verdict = GLB_DROP_TRUNCATED;
	spec_forward(&gen, &pkt, 1);
	check_decided(&pkt, &was);
}

/* Every kind of flow. */
static void kind(void)
{
	uint8_t version = any_version();
	uint8_t kind = (uint8_t)ANY(GLB_FLOW_OTHER, GLB_FLOW_FRAGMENT);
	//@ split kind;
	;
	any_flow(&the_flow, version, kind, kind == GLB_FLOW_QUOTED ? 8 + 20 + 4 : 17);
	decide(&usual);
}

/* Datagrams of every length at which another field is there. */
static void datagram(void)
{
	uint8_t version = any_version();
	uint32_t len = ANY32(8, 20);
	//@ split len;
	;
	any_flow(&the_flow, version, GLB_FLOW_PORTS, len);
	decide(&usual);
}

static void segment(void)
{
	uint8_t version = any_version();
	uint32_t len = ANY32(20, 26);
	//@ split len;
	;
	if (len == 26) /* an option may be at an odd place */
		len = 28;
	any_flow(&the_flow, version, GLB_FLOW_PORTS, len);
	the_flow.proto = 6;
	the_flow.tcp_flags = (uint8_t)ANY(0, 255);
	decide(&usual);
}

/* Headroom that is just enough, a byte too small, or none; tags that stay, change or go. */
static void room(void)
{
	static const uint16_t vlans[] = {GLB_VLAN_KEEP, 7, GLB_VLAN_NONE};
	struct around around = usual;
	uint8_t version = any_version();
	uint8_t outer = any_version();
	uint32_t short_of = ANY32(0, 2);
	//@ split short_of;
	;
	uint32_t how = ANY32(0, 2);
	//@ split how;
	;
	around.outer = outer;
	around.short_of = short_of < 2 ? short_of : ALL;
	around.vlan = vlans[how];
	any_flow(&the_flow, version, GLB_FLOW_PORTS, 9);
	decide(&around);
}

/* Two to four hops, some of which are the same. */
static void hops(void)
{
	struct around around = usual;
	uint8_t outer = any_version();
	bool alt = ANY(0, 1);
	//@ split alt;
	;
	bool unique = ANY(0, 1);
	//@ split unique;
	;
	uint8_t second = (uint8_t)ANY(0, 1);
	//@ split second;
	;
	around.outer = outer;
	around.alt = alt;
	around.unique = unique;
	around.servers = false; /* see ways() */
	around.second = second;
	any_flow(&the_flow, 4, GLB_FLOW_PORTS, 17);
	decide(&around);
}

/* As many hops as promised, also where the packet names its server. */
static void ways(void)
{
	const struct spec_match match = {.table = &table, .quic = true};
	struct around around = usual;
	bool alt = ANY(0, 1);
	//@ split alt;
	;
	bool unique = ANY(0, 1);
	//@ split unique;
	;
	uint8_t second = (uint8_t)ANY(0, 1);
	//@ split second;
	;
	uint8_t *ip = malloc(20 + 20);

	ANY_BYTES(ip, 20 + 20);
	around.alt = alt;
	around.unique = unique;
	around.second = second;
	any_flow(&the_flow, 4, GLB_FLOW_PORTS, 20);
	any_world(&around, 4);

	struct spec_way way = spec_way_of(&gen.settings, &match, &the_flow, ip, 20 + 20);

	//@ check hop_count: 1 <= way.hop_count <= (alt ? 4 : 2);
	//@ check primary: way.hops[0] <= 1;
}

/* Options of every length, in a segment that is as long or not. */
static void options(void)
{
	uint32_t words = ANY32(0, 15);
	//@ split words;
	;
	uint32_t len = ANY32(20, 28);
	//@ split len;
	;
	uint8_t *tcp = malloc(len);

	ANY_BYTES(tcp, len);
	tcp[12] = (uint8_t)(words << 4);

	uint32_t at = mss_at(tcp, len);

	//@ check mss: at == 0 || 20 <= at <= len - 4;
}

/* Every set of hash fields. */
static void fields(void)
{
	uint8_t version = any_version();
	uint8_t fields = (uint8_t)ANY(1, 15);
	//@ split fields;
	;
	uint8_t key[16];

	any_flow(&the_flow, version, GLB_FLOW_PORTS, 8);
	ANY_BYTES(key, sizeof(key));
	(void)hash_flow(key, fields, &the_flow);
}

/* Every prefix length. */
static void prefix(void)
{
	uint8_t version = any_version();
	uint8_t len = (uint8_t)ANY(0, 128);
	//@ split len;
	;
	uint8_t addr[16];

	if (version == 4 && len > 32)
		return;
	ANY_BYTES(addr, sizeof(addr));
	any_bind(&binds[0], version, len);
	(void)holds(&binds[0], addr, version);
}

/* --- Errors of routers --- */

/* Of which the quote is cut anywhere, and whose GUE header says that it has so many words: 2 and 5
 * are those with a hop. */
static void outer_error(void)
{
	uint8_t version = any_version();
	const uint32_t head = version == 4 ? 20 : 40;
	const uint32_t most = head + 16 + (version == 4 ? 7 : 19);
	uint32_t there = ANY32(head + 15, most + 1);
	//@ split there;
	;
	uint32_t words = ANY32(0, 5);
	//@ split words;
	;
	if (there > most)
		there = head + 16 + 16 + 48;
	any_flow(&the_flow, version, GLB_FLOW_QUOTED, 8 + there);
	any_flow(&the_quoted, version, GLB_FLOW_PORTS, 8);
	the_quoted.kind = (uint8_t)ANY(GLB_FLOW_OTHER, GLB_FLOW_FRAGMENT);
	the_quoted.ip_len = (uint16_t)ANY(28, 65535);

	struct around around = usual;
	uint32_t ip_len = head + 8 + there;
	struct glb_packet pkt = any_frame(0, 14 + ip_len);
	struct spec_packet packet;
	struct spec_complaint about;

	around.outer = version;
	any_world(&around, version);
	(void)spec_read_packet(&packet, &gen, &pkt);
	if (version == 4)
		pkt.data[14 + head + 5] = 0; /* RFC 4884: the quote ends where the error does */
	pkt.data[14 + head + 8 + head + 8] = (uint8_t)words;
	if (spec_read_outer_error(&about, &packet)) {
		//@ check quoted: about.ip + about.there <= pkt.data + pkt.len;
		//@ check mtu: about.mtu >= 68;
	}
	(void)spec_judge_outer_error(&packet);
}

/* --- Replies --- */

static void reply(void)
{
	uint8_t version = any_version();
	uint8_t verdict = ANY(0, 1) ? GLB_ANSWER_ECHO : GLB_ANSWER_TOO_BIG;
	//@ split verdict;
	;
	uint32_t len = ANY32(0, 3);
	//@ split len;
	;
	uint32_t cut = version == 4 ? 576 - 28 - 20 : 1280 - 48 - 40;

	any_flow(&the_flow, version, verdict == GLB_ANSWER_ECHO ? GLB_FLOW_ECHO : GLB_FLOW_PORTS,
		 len < 3 ? cut - 1 + len : 9);

	struct glb_packet pkt = any_frame(version == 4 ? 28 : 48, 14 + the_flow.ip_len + 1U);
	const struct glb_packet was = pkt;

	any_world(&usual, version);
	binds[0].proto = 17;
	the_flow.proto = 17;
	binds[1].port_first = 0;
	binds[1].port_last = 65535;
	binds[1].proto = 17;
	pkt.verdict = verdict;
	spec_icmp_reply(&gen, &pkt);
	check_replied(&pkt, &was);
}

int main(void)
{
	the_verdict = GLB_FORWARD;
	uint32_t part = ANY32(PART_LEAST, PART_MOST);
	//@ split part;
	;
	switch (part) {
	case 0:
		short_frame();
		break;
	case 1:
		kind();
		break;
	case 2:
		datagram();
		break;
	case 3:
		segment();
		break;
	case 4:
		room();
		break;
	case 5:
		hops();
		break;
	case 6:
		options();
		break;
	case 7:
		fields();
		break;
	case 8:
		prefix();
		break;
	case 9:
		outer_error();
		break;
	case 10:
		ways();
		break;
	default:
		reply();
		break;
	}
	return 0;
}
