/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a frame. */
#include <glb/parse.h>

#include "fuzz.h"

static void check_flow(const struct glb_flow *flow, size_t len)
{
	static const uint8_t zero[12];

	PROMISE(flow->version == 4 || flow->version == 6);
	PROMISE(flow->ip_at >= GLB_ETHER_LEN);
	PROMISE(flow->ip_at <= GLB_ETHER_LEN + GLB_VLAN_MAX * GLB_VLAN_LEN);
	PROMISE(flow->ip_len >= (flow->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN));
	PROMISE((size_t)flow->ip_at + flow->ip_len <= len);
	PROMISE(flow->kind <= GLB_FLOW_FRAGMENT);
	PROMISE(flow->transport_at >= (flow->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN));
	PROMISE(flow->transport_at <= flow->ip_len);
	PROMISE((flow->kind == GLB_FLOW_FRAGMENT) == (flow->fragment == GLB_LATER_FRAGMENT));
	PROMISE(!flow->extra_error || flow->kind == GLB_FLOW_QUOTED ||
		flow->kind == GLB_FLOW_BAD_QUOTE || flow->kind == GLB_FLOW_OTHER);
	PROMISE(!flow->routed || flow->version == 6);
	PROMISE(flow->tcp_flags == 0 ||
		(flow->kind == GLB_FLOW_PORTS && flow->proto == GLB_PROTO_TCP));
	if (flow->kind != GLB_FLOW_PORTS && flow->kind != GLB_FLOW_QUOTED)
		PROMISE(flow->src_port == 0 && flow->dst_port == 0);
	else
		PROMISE(flow->entropy == flow->src_port);
	if (flow->version == 4)
		PROMISE(!__builtin_memcmp(flow->src + 4, zero, 12) &&
			!__builtin_memcmp(flow->dst + 4, zero, 12));
}

/* Parsing must depend on nothing but the frame, and not on what lies behind it. */
static void check_cut(const uint8_t *frame, const struct glb_flow *flow)
{
	uint32_t end = (uint32_t)flow->ip_at + flow->ip_len;
	struct glb_flow again;

	PROMISE(glb_parse(&again, frame, end) == GLB_FORWARD);
	PROMISE(!__builtin_memcmp(&again, flow, sizeof(again)));
	PROMISE(glb_parse(&again, frame, end - 1) == GLB_DROP_TRUNCATED);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct glb_flow flow;
	enum glb_verdict verdict = glb_parse(&flow, input, (uint32_t)len);

	PROMISE(verdict == GLB_FORWARD || verdict == GLB_PUNT_NOT_IP ||
		verdict == GLB_DROP_TRUNCATED || verdict == GLB_DROP_BAD_LENGTH ||
		verdict == GLB_DROP_TOO_BIG || verdict == GLB_DROP_EXT_HEADERS);
	if (verdict == GLB_FORWARD) {
		check_flow(&flow, len);
		check_cut(input, &flow);
	}
	return 0;
}
