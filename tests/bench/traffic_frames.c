/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/quic.h>

#include "traffic.h"

/* What stands behind the Ethernet header; all checksums are right. */
struct layout {
	uint32_t kind;	  /* enum traffic_kind */
	uint32_t flow;	  /* its number */
	uint16_t len;	  /* of the frame */
	uint16_t padding; /* bytes at its end that are not of the IP packet */
	uint16_t port;	  /* of the VIP */
	uint16_t vlan;	  /* 0: no tag */
	bool syn;	  /* with options */
	uint8_t vip[16];
};

enum { SYN_OPTIONS_LEN = 20, IP_OPTIONS_LEN = 4, ICMP_LEN = 8 };

static uint32_t scatter(uint32_t flow)
{
	return flow * 2654435761U;
}

static bool is_ipv6(uint32_t kind)
{
	return kind == TRAFFIC_IPV6 || kind == TRAFFIC_IPV6_ERROR;
}

static uint32_t head_len_of(uint32_t kind)
{
	if (is_ipv6(kind))
		return GLB_IPV6_LEN;
	return kind == TRAFFIC_OPTIONS ? GLB_IPV4_LEN + IP_OPTIONS_LEN : GLB_IPV4_LEN;
}

static uint32_t ip_at_of(const struct layout *layout)
{
	return GLB_ETHER_LEN + (layout->vlan ? GLB_VLAN_LEN : 0);
}

static uint16_t client_port(uint32_t flow)
{
	return (uint16_t)(1024 + flow * 40503U % 60000);
}

static void client_address(uint8_t *out, uint32_t flow, bool ipv6)
{
	if (!ipv6) {
		glb_store_be32(out, 0x62000000 + scatter(flow) % 0x10000000);
		return;
	}
	memset(out, 0, 16);
	glb_store_be32(out, 0x20010db8);
	out[5] = 1; /* not the network of the VIPs */
	glb_store_be32(out + 12, scatter(flow));
}

/* The header of a packet of `len` bytes between the client and the VIP; where its addresses are. */
static uint8_t *write_ip(uint8_t *ip, const struct layout *layout, uint16_t len, uint8_t proto)
{
	if (is_ipv6(layout->kind)) {
		ip[0] = 0x60;
		glb_store_be16(ip + 4, (uint16_t)(len - GLB_IPV6_LEN));
		ip[6] = proto;
		ip[7] = 64;
		return ip + 8;
	}
	ip[0] = (uint8_t)(0x40 + head_len_of(layout->kind) / 4);
	glb_store_be16(ip + 2, len);
	ip[8] = 64;
	ip[9] = proto;
	return ip + 12;
}

/* The sum of a transport header, with its pseudo header unless it is ICMP's of IPv4. */
static uint16_t check_of(const uint8_t *ip, const uint8_t *transport, const struct layout *layout)
{
	bool ipv6 = is_ipv6(layout->kind);
	uint32_t head_len = head_len_of(layout->kind);
	uint32_t ip_at = ip_at_of(layout);
	uint32_t len = layout->len - layout->padding - ip_at - head_len;
	uint32_t there = TRAFFIC_HEAD_LEN - ip_at - head_len; /* then zeros */
	uint8_t proto = ipv6 ? ip[6] : ip[9];
	uint64_t sum = 0;

	if (proto != GLB_PROTO_ICMP) {
		sum = GLB_BE16(proto) + (uint64_t)GLB_BE16((uint16_t)len);
		sum = ipv6 ? glb_sum(sum, ip + 8, 32) : glb_sum(sum, ip + 12, 8);
	}
	return glb_sum_check(glb_sum(sum, transport, len < there ? len : there));
}

static void write_tcp(uint8_t *tcp, const struct layout *layout)
{
	static const uint8_t options[SYN_OPTIONS_LEN] = {
		2, 4, 1460 >> 8, 1460 & 255, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};

	glb_store_be16(tcp, client_port(layout->flow));
	glb_store_be16(tcp + 2, layout->port);
	tcp[12] = (uint8_t)((GLB_TCP_LEN + (layout->syn ? SYN_OPTIONS_LEN : 0)) / 4 << 4);
	tcp[13] = layout->syn ? 0x02 : 0x10;
	glb_store_be16(tcp + 14, 512);
	if (layout->syn)
		memcpy(tcp + GLB_TCP_LEN, options, sizeof(options));
}

/* An error about a segment of the VIP that was too long for the way to the client. */
static void write_error(uint8_t *icmp, const struct layout *layout)
{
	bool ipv6 = is_ipv6(layout->kind);
	uint32_t addr_len = ipv6 ? 16 : 4;
	uint8_t *quote = icmp + ICMP_LEN;
	uint8_t *addrs = write_ip(quote, layout, 1500, GLB_PROTO_TCP);
	uint8_t *ports = addrs + 2 * addr_len;

	icmp[0] = ipv6 ? GLB_ICMPV6_PACKET_TOO_BIG : GLB_ICMP_UNREACHABLE;
	icmp[1] = ipv6 ? 0 : GLB_ICMP_FRAG_NEEDED;
	glb_store_be16(icmp + 6, 1400);
	memcpy(addrs, layout->vip, addr_len);
	client_address(addrs + addr_len, layout->flow, ipv6);
	if (!ipv6)
		glb_store16(quote + 10, glb_sum_check(glb_sum(0, quote, GLB_IPV4_LEN)));
	glb_store_be16(ports, layout->port);
	glb_store_be16(ports + 2, client_port(layout->flow));
}

/* The start of a QUIC packet (RFC 9000, section 17); what is encrypted is 0. */
static void write_quic(uint8_t *quic, const struct layout *layout)
{
	if (layout->kind == TRAFFIC_QUIC) {
		quic[0] = 0x40;
		glb_store_be16(quic + 2, subject_server_id(layout->flow % SUBJECT_BACKENDS));
		return;
	}
	quic[0] = 0xc0; /* long header, Initial; the client made up its connection ID of 8 bytes */
	glb_store_be32(quic + 1, GLB_QUIC_V1);
	quic[5] = 8;
	glb_store_be32(quic + 6, scatter(layout->flow));
}

static void write_udp(uint8_t *udp, const struct layout *layout)
{
	uint32_t headers = ip_at_of(layout) + head_len_of(layout->kind) + layout->padding;

	glb_store_be16(udp, client_port(layout->flow));
	glb_store_be16(udp + 2, layout->port);
	glb_store_be16(udp + 4, (uint16_t)(layout->len - headers));
	if (layout->kind != TRAFFIC_UDP)
		write_quic(udp + GLB_UDP_LEN, layout);
}

static void write_transport(uint8_t *ip, uint8_t *transport, const struct layout *layout)
{
	uint32_t check_at = 2; /* of ICMP */

	switch (layout->kind) {
	case TRAFFIC_ECHO:
		transport[0] = GLB_ICMP_ECHO;
		glb_store_be16(transport + 4, (uint16_t)layout->flow);
		break;
	case TRAFFIC_IPV4_ERROR:
	case TRAFFIC_IPV6_ERROR:
		write_error(transport, layout);
		break;
	case TRAFFIC_UDP:
	case TRAFFIC_QUIC:
	case TRAFFIC_QUIC_FIRST:
		write_udp(transport, layout);
		check_at = 6;
		break;
	default:
		write_tcp(transport, layout);
		check_at = 16;
	}
	glb_store16(transport + check_at, check_of(ip, transport, layout));
}

static uint8_t proto_of(uint32_t kind)
{
	switch (kind) {
	case TRAFFIC_ECHO:
	case TRAFFIC_IPV4_ERROR:
		return GLB_PROTO_ICMP;
	case TRAFFIC_IPV6_ERROR:
		return GLB_PROTO_ICMPV6;
	case TRAFFIC_UDP:
	case TRAFFIC_QUIC:
	case TRAFFIC_QUIC_FIRST:
		return GLB_PROTO_UDP;
	default:
		return GLB_PROTO_TCP;
	}
}

/* Returns the first byte behind it. */
static uint8_t *write_ether(uint8_t *ether, const struct layout *layout)
{
	memcpy(ether, "\2\2\0\0\0\0\2\3\0\0\0", 12);
	if (layout->vlan) {
		glb_store_be16(ether + 12, GLB_ETHERTYPE_VLAN);
		glb_store_be16(ether + 14, layout->vlan);
		ether += GLB_VLAN_LEN;
	}
	glb_store_be16(ether + 12, is_ipv6(layout->kind) ? GLB_ETHERTYPE_IPV6 : GLB_ETHERTYPE_IPV4);
	return ether + GLB_ETHER_LEN;
}

static void write_frame(struct frame *out, const struct layout *layout)
{
	bool ipv6 = is_ipv6(layout->kind);
	bool error = layout->kind == TRAFFIC_IPV4_ERROR || layout->kind == TRAFFIC_IPV6_ERROR;
	uint32_t addr_len = ipv6 ? 16 : 4;
	uint32_t head_len = head_len_of(layout->kind);
	uint8_t *addrs;

	memset(out->head, 0, sizeof(out->head));

	uint8_t *ip = write_ether(out->head, layout);

	addrs = write_ip(ip, layout, (uint16_t)(layout->len - layout->padding - ip_at_of(layout)),
			 proto_of(layout->kind));
	client_address(addrs, error ? ~layout->flow : layout->flow, ipv6); /* or of some router */
	memcpy(addrs + addr_len, layout->vip, addr_len);
	if (layout->kind == TRAFFIC_PUNT)
		addrs[addr_len] = 100;
	if (head_len > GLB_IPV4_LEN && !ipv6)
		memcpy(ip + GLB_IPV4_LEN, "\x94\4\0", IP_OPTIONS_LEN); /* router alert, RFC 2113 */
	if (!ipv6)
		glb_store16(ip + 10, glb_sum_check(glb_sum(0, ip, head_len)));
	write_transport(ip, ip + head_len, layout);
	out->len = layout->len;
}

/*
 * Of 100 frames: 80 TCP segments of different lengths, 10 SYN, 3 ICMP, 1 ICMPv6, 6 to be punted;
 * three of ten segments are IPv6. About what arrives at the front of a web site: much of it bare
 * acknowledgements.
 */
static void choose_of_mix(struct layout *layout)
{
	static const uint16_t lens[] = {66, 66, 66, 66, 66, 130, 130, 590, 1514, 1514};
	uint32_t chance = scatter(layout->flow) >> 8;
	uint32_t of_hundred = chance % 100;
	bool ipv6 = chance / 100 % 10 < 3;
	uint16_t len = lens[chance / 1000 % 10];

	layout->kind = ipv6 ? TRAFFIC_IPV6 : TRAFFIC_IPV4;
	layout->len = ipv6 && len < 1514 ? (uint16_t)(len + 20) : len;
	if (of_hundred < 6) {
		layout->kind = TRAFFIC_PUNT;
		layout->len = 66;
	} else if (of_hundred < 8) {
		layout->kind = TRAFFIC_ECHO;
		layout->len = 98;
	} else if (of_hundred < 9) {
		layout->kind = TRAFFIC_IPV4_ERROR;
		layout->len = 70;
	} else if (of_hundred < 10) {
		layout->kind = TRAFFIC_IPV6_ERROR;
		layout->len = 122;
	} else if (of_hundred < 20) {
		layout->syn = true;
		layout->len = ipv6 ? 94 : 74;
	}
}

/* Any address of a VIP's prefix, for binds of one. */
static void spread_vip(uint8_t *vip, uint8_t prefix, uint32_t flow)
{
	uint32_t host = prefix < 32 ? UINT32_MAX >> prefix : 0;

	glb_store_be32(vip, glb_load_be32(vip) | (scatter(flow) & host));
}

void traffic_frame(struct frame *out, const struct subject *subject, uint32_t flow)
{
	struct layout layout = {
		.kind = subject->kind,
		.flow = flow,
		.len = subject->frame_len,
		.padding = subject->padding,
		.port = SUBJECT_PORT,
		.vlan = subject->vlan,
		.syn = subject->kind == TRAFFIC_SYN,
	};

	if (subject->kind == TRAFFIC_MIX)
		choose_of_mix(&layout);
	if (subject->kind == TRAFFIC_HALF)
		layout.kind = flow % 2 ? TRAFFIC_OPTIONS : TRAFFIC_IPV4;
	if (subject->all_ports)
		layout.port = (uint16_t)(1 + scatter(flow) % UINT16_MAX);
	subject_vip(layout.vip, flow % subject->tables, flow / subject->tables % subject->binds,
		    is_ipv6(layout.kind));
	if (!is_ipv6(layout.kind))
		spread_vip(layout.vip, subject->prefix, flow);
	write_frame(out, &layout);
}
