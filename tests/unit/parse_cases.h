/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which frames do test_parse.c and test_parse_quotes.c read, and how?
 */
#ifndef UNIT_PARSE_CASES_H
#define UNIT_PARSE_CASES_H

#include <string.h>

#include <glb/parse.h>

#include "frame.h"
#include "suite.h"

#define CLIENT4 "198.51.100.7"
#define CLIENT6 "2001:db8:99::7"
#define VIP4	"192.0.2.10"
#define VIP6	"2001:db8:10::10"
#define ROUTER4 "203.0.113.1"
#define ROUTER6 "2001:db8:77::1"

#define REPLY4(number)                                                                             \
	.version = 4, .proto = (number), .src = VIP4, .dst = CLIENT4, .src_port = 443,             \
	.dst_port = 40001
#define REPLY6(number)                                                                             \
	.version = 6, .proto = (number), .src = VIP6, .dst = CLIENT6, .src_port = 443,             \
	.dst_port = 40001

/* What the VIP sent, for errors to quote. */
static const struct sample reply4 = {
	.version = 4, .proto = 6, .src = VIP4, .dst = CLIENT4, .src_port = 443, .dst_port = 40001};
static const struct sample reply4_options = {.version = 4,
					     .proto = 17,
					     .src = VIP4,
					     .dst = CLIENT4,
					     .src_port = 443,
					     .dst_port = 40001,
					     .option_words = 10};
static const struct sample reply4_later = {.version = 4,
					   .proto = 6,
					   .src = VIP4,
					   .dst = CLIENT4,
					   .src_port = 443,
					   .dst_port = 40001,
					   .fragment = 0x00b9};
static const struct sample reply6 = {
	.version = 6, .proto = 6, .src = VIP6, .dst = CLIENT6, .src_port = 443, .dst_port = 40001};

/* What is found behind the extension headers of a packet from port 40001 to 443. */
static const struct {
	const char *exts; /* see frame.h */
	uint8_t transport_at;
	enum glb_flow_kind kind;
	enum glb_fragment fragment;
	bool routed;
} walks[] = {
	{"", 40, GLB_FLOW_PORTS, GLB_WHOLE, false},
	{"h", 48, GLB_FLOW_PORTS, GLB_WHOLE, false},
	{"r", 48, GLB_FLOW_PORTS, GLB_WHOLE, false},
	{"R", 64, GLB_FLOW_PORTS, GLB_WHOLE, true},
	{"d", 48, GLB_FLOW_PORTS, GLB_WHOLE, false},
	{"D", 64, GLB_FLOW_PORTS, GLB_WHOLE, false},
	{"a", 48, GLB_FLOW_PORTS, GLB_WHOLE, false},
	{"f", 48, GLB_FLOW_PORTS, GLB_FIRST_FRAGMENT, false},
	{"l", 48, GLB_FLOW_FRAGMENT, GLB_LATER_FRAGMENT, false},
	{"hdRad", 96, GLB_FLOW_PORTS, GLB_WHOLE, true},
	{"hRl", 80, GLB_FLOW_FRAGMENT, GLB_LATER_FRAGMENT, true},
	{"fa", 56, GLB_FLOW_PORTS, GLB_FIRST_FRAGMENT, false},
	{"af", 56, GLB_FLOW_PORTS, GLB_FIRST_FRAGMENT, false},
	{"fl", 56, GLB_FLOW_FRAGMENT, GLB_LATER_FRAGMENT, false},
	{"ddddddd", 96, GLB_FLOW_PORTS, GLB_WHOLE, false},
	{"hdrdDdad", 120, GLB_FLOW_PORTS, GLB_WHOLE, false}, /* eight, as many as are read */
	{"dddddddl", 104, GLB_FLOW_FRAGMENT, GLB_LATER_FRAGMENT, false},
	/* behind a later fragment's header is payload, whatever it looks like */
	{"ld", 48, GLB_FLOW_FRAGMENT, GLB_LATER_FRAGMENT, false},
	{"dddddddld", 104, GLB_FLOW_FRAGMENT, GLB_LATER_FRAGMENT, false},
};

/* A packet as an ICMP error quotes it, and what the error's flow makes of it. */
static const struct {
	const char *what;
	struct sample quote;
	uint8_t header_len; /* of IP, with options and extension headers */
	enum glb_flow_kind kind;
} quotes[] = {
	{"TCP", {REPLY4(6)}, 20, GLB_FLOW_QUOTED},
	{"UDP behind options", {REPLY4(17), .option_words = 10}, 60, GLB_FLOW_QUOTED},
	{"SCTP", {REPLY4(132), .payload_len = 12}, 20, GLB_FLOW_QUOTED},
	{"a first fragment", {REPLY4(6), .fragment = 0x2000}, 20, GLB_FLOW_QUOTED},
	{"a later fragment", {REPLY4(6), .fragment = 0x00b9}, 20, GLB_FLOW_OTHER},
	{"TCP over IPv6", {REPLY6(6)}, 40, GLB_FLOW_QUOTED},
	{"UDP over IPv6", {REPLY6(17)}, 40, GLB_FLOW_QUOTED},
	{"extension headers", {REPLY6(6), .exts = "hDR"}, 96, GLB_FLOW_QUOTED},
	{"an atomic fragment", {REPLY6(6), .exts = "da"}, 56, GLB_FLOW_QUOTED},
	{"a first fragment of IPv6", {REPLY6(6), .exts = "f"}, 48, GLB_FLOW_QUOTED},
	{"a later fragment of IPv6", {REPLY6(6), .exts = "dl"}, 56, GLB_FLOW_OTHER},
	{"eight extension headers", {REPLY6(6), .exts = "dddddddd"}, 104, GLB_FLOW_QUOTED},
};

/* A frame of each kind and the flow it belongs to. */
static const struct {
	const char *what;
	struct sample frame;
	enum glb_flow_kind kind;
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t entropy;
	uint8_t proto;
	uint8_t tcp_flags;
} kinds[] = {
	{"TCP over IPv4",
	 {.version = 4,
	  .proto = 6,
	  .src = CLIENT4,
	  .dst = VIP4,
	  .src_port = 40001,
	  .dst_port = 443,
	  .entropy = 77,
	  .tcp_flags = 0x12,
	  .payload_len = 5},
	 GLB_FLOW_PORTS,
	 40001,
	 443,
	 40001,
	 6,
	 0x12},
	{"UDP over IPv4 without a payload",
	 {.version = 4, .proto = 17, .src = CLIENT4, .dst = VIP4, .src_port = 1, .dst_port = 65535},
	 GLB_FLOW_PORTS,
	 1,
	 65535,
	 1,
	 17,
	 0},
	{"TCP over IPv6",
	 {.version = 6,
	  .proto = 6,
	  .src = CLIENT6,
	  .dst = VIP6,
	  .src_port = 40001,
	  .dst_port = 443,
	  .entropy = 77,
	  .tcp_flags = 0x02},
	 GLB_FLOW_PORTS,
	 40001,
	 443,
	 40001,
	 6,
	 0x02},
	{"UDP over IPv6",
	 {.version = 6,
	  .proto = 17,
	  .src = CLIENT6,
	  .dst = VIP6,
	  .src_port = 9,
	  .dst_port = 53,
	  .payload_len = 3},
	 GLB_FLOW_PORTS,
	 9,
	 53,
	 9,
	 17,
	 0},
	{"IPv4 with the most options there can be",
	 {.version = 4,
	  .proto = 6,
	  .src = CLIENT4,
	  .dst = VIP4,
	  .src_port = 40001,
	  .dst_port = 443,
	  .option_words = 10},
	 GLB_FLOW_PORTS,
	 40001,
	 443,
	 40001,
	 6,
	 0},
	{"one VLAN tag",
	 {.version = 4,
	  .proto = 6,
	  .src = CLIENT4,
	  .dst = VIP4,
	  .src_port = 40001,
	  .dst_port = 443,
	  .vlan_count = 1},
	 GLB_FLOW_PORTS,
	 40001,
	 443,
	 40001,
	 6,
	 0},
	{"two VLAN tags",
	 {.version = 6,
	  .proto = 6,
	  .src = CLIENT6,
	  .dst = VIP6,
	  .src_port = 40001,
	  .dst_port = 443,
	  .vlan_count = 2},
	 GLB_FLOW_PORTS,
	 40001,
	 443,
	 40001,
	 6,
	 0},
	{"Ethernet padding behind the packet",
	 {.version = 4,
	  .proto = 17,
	  .src = CLIENT4,
	  .dst = VIP4,
	  .src_port = 5,
	  .dst_port = 6,
	  .padding_len = 18},
	 GLB_FLOW_PORTS,
	 5,
	 6,
	 5,
	 17,
	 0},
	{"the first of several fragments",
	 {.version = 4,
	  .proto = 17,
	  .src = CLIENT4,
	  .dst = VIP4,
	  .src_port = 5,
	  .dst_port = 6,
	  .fragment = 0x2000,
	  .payload_len = 8},
	 GLB_FLOW_PORTS,
	 5,
	 6,
	 5,
	 17,
	 0},
	{"a fragment in the middle",
	 {.version = 4,
	  .proto = 6,
	  .src = CLIENT4,
	  .dst = VIP4,
	  .src_port = 5,
	  .dst_port = 6,
	  .fragment = 0x2001,
	  .entropy = 77},
	 GLB_FLOW_FRAGMENT,
	 0,
	 0,
	 77,
	 6,
	 0},
	{"the last possible fragment",
	 {.version = 4, .proto = 1, .src = CLIENT4, .dst = VIP4, .type = 8, .fragment = 0x1fff},
	 GLB_FLOW_FRAGMENT,
	 0,
	 0,
	 0,
	 1,
	 0},
	{"an echo request",
	 {.version = 4, .proto = 1, .src = CLIENT4, .dst = VIP4, .type = 8, .entropy = 0x1234},
	 GLB_FLOW_ECHO,
	 0,
	 0,
	 0x1234,
	 1,
	 0},
	{"an ICMPv6 echo request",
	 {.version = 6, .proto = 58, .src = CLIENT6, .dst = VIP6, .type = 128, .entropy = 0x1234},
	 GLB_FLOW_ECHO,
	 0,
	 0,
	 0x1234,
	 58,
	 0},
	{"fragmentation needed",
	 {.version = 4,
	  .proto = 1,
	  .src = ROUTER4,
	  .dst = VIP4,
	  .type = 3,
	  .code = 4,
	  .quote = &reply4},
	 GLB_FLOW_QUOTED,
	 40001,
	 443,
	 40001,
	 6,
	 0},
	{"fragmentation needed that quotes 8 bytes of a packet with options",
	 {.version = 4,
	  .proto = 1,
	  .src = ROUTER4,
	  .dst = VIP4,
	  .type = 3,
	  .code = 4,
	  .quote = &reply4_options,
	  .quote_len = 20 + 40 + 8},
	 GLB_FLOW_QUOTED,
	 40001,
	 443,
	 40001,
	 17,
	 0},
	{"fragmentation needed that quotes just the ports",
	 {.version = 4,
	  .proto = 1,
	  .src = ROUTER4,
	  .dst = VIP4,
	  .type = 3,
	  .code = 4,
	  .quote = &reply4,
	  .quote_len = 20 + 4},
	 GLB_FLOW_QUOTED,
	 40001,
	 443,
	 40001,
	 6,
	 0},
	{"packet too big",
	 {.version = 6,
	  .proto = 58,
	  .src = ROUTER6,
	  .dst = VIP6,
	  .type = 2,
	  .quote = &reply6,
	  .quote_len = 48},
	 GLB_FLOW_QUOTED,
	 40001,
	 443,
	 40001,
	 6,
	 0},
};

/* Frames that are read to the end and belong to no flow that a bind could match. */
static const struct {
	const char *what;
	struct sample frame;
} others[] = {
	{"an echo reply", {.version = 4, .proto = 1, .src = CLIENT4, .dst = VIP4, .type = 0}},
	{"an echo request of code 1",
	 {.version = 4, .proto = 1, .src = CLIENT4, .dst = VIP4, .type = 8, .code = 1}},
	{"an ICMPv6 echo request of code 1",
	 {.version = 6, .proto = 58, .src = CLIENT6, .dst = VIP6, .type = 128, .code = 1}},
	{"the number of packet too big in ICMPv4",
	 {.version = 4, .proto = 1, .src = ROUTER4, .dst = VIP4, .type = 2, .quote = &reply4}},
	{"fragmentation needed that quotes a later fragment",
	 {.version = 4,
	  .proto = 1,
	  .src = ROUTER4,
	  .dst = VIP4,
	  .type = 3,
	  .code = 4,
	  .quote = &reply4_later}},
	{"ICMPv6 in IPv4", {.version = 4, .proto = 58, .src = CLIENT4, .dst = VIP4, .type = 128}},
	{"ICMPv4 in IPv6", {.version = 6, .proto = 1, .src = CLIENT6, .dst = VIP6, .type = 8}},
	{"SCTP", {.version = 4, .proto = 132, .src = CLIENT4, .dst = VIP4, .payload_len = 12}},
	{"an authentication header",
	 {.version = 6, .proto = 51, .src = CLIENT6, .dst = VIP6, .payload_len = 28}},
	{"an authentication header behind extension headers",
	 {.version = 6, .proto = 51, .src = CLIENT6, .dst = VIP6, .exts = "hd", .payload_len = 28}},
	{"no next header", {.version = 6, .proto = 59, .src = CLIENT6, .dst = VIP6, .exts = "h"}},
};

/* Sample 0 is TCP over IPv4, sample 2 TCP over IPv6. */
static const struct {
	const char *what;
	unsigned int kind;
	unsigned int at;
	uint8_t byte;
	enum glb_verdict want;
} damages[] = {
	{"IP version 5 behind the EtherType of IPv4", 0, 14, 0x55, GLB_DROP_BAD_LENGTH},
	{"IP version 6 behind the EtherType of IPv4", 0, 14, 0x65, GLB_DROP_BAD_LENGTH},
	{"IP version 4 behind the EtherType of IPv6", 2, 14, 0x40, GLB_DROP_BAD_LENGTH},
	{"a header of 16 bytes", 0, 14, 0x44, GLB_DROP_BAD_LENGTH},
	{"a header of 0 bytes", 0, 14, 0x40, GLB_DROP_BAD_LENGTH},
	{"a header longer than the frame", 0, 14, 0x4f, GLB_DROP_BAD_LENGTH},
	{"a length below that of the header", 0, 17, 19, GLB_DROP_BAD_LENGTH},
	{"a length of no more than the header", 0, 17, 20, GLB_DROP_TRUNCATED},
	{"a length that ends inside TCP", 0, 17, 39, GLB_DROP_TRUNCATED},
	{"a length that ends with TCP", 0, 17, 40, GLB_FORWARD},
	{"a length one above the frame's", 0, 17, 46, GLB_DROP_TRUNCATED},
	{"a payload that ends inside TCP", 2, 19, 19, GLB_DROP_TRUNCATED},
	{"a payload one above the frame's", 2, 19, 21, GLB_DROP_TRUNCATED},
	{"a payload that no outer packet could hold", 2, 18, 0xff, GLB_DROP_TOO_BIG},
	{"ARP", 0, 13, 0x06, GLB_PUNT_NOT_IP},
	{"an LLC frame", 0, 12, 0x00, GLB_PUNT_NOT_IP},
};

static inline void check_addresses(const struct glb_flow *flow, const char *what)
{
	uint8_t client[16];
	uint8_t vip[16];

	frame_addr(client, flow->version == 4 ? CLIENT4 : CLIENT6);
	frame_addr(vip, flow->version == 4 ? VIP4 : VIP6);
	ck_assert_msg(!memcmp(flow->src, client, 16), "%s: source", what);
	ck_assert_msg(!memcmp(flow->dst, vip, 16), "%s: destination", what);
}

#endif
