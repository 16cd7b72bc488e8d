/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/forward.h>
#include <glb/parse.h>

#include "cut.h"

enum {
	TRANSPORT_LEN = 8,	   /* bytes of a transport header that matter, without options */
	QUIC_LEN = 1 + 4 + 1 + 20, /* after UDP, up to the end of the longest connection ID */
	NETWORK_LEN = GLB_ETHER_LEN + 2 * GLB_VLAN_LEN + GLB_IPV6_LEN,
};

/* The outcome for a frame whose missing bytes are filled with one value. */
struct trial {
	enum glb_verdict parsed;
	struct glb_flow flow;
	uint8_t verdict;
	uint32_t backend;
};

static struct trial try_frame(const struct glb_generation *gen, uint8_t *room,
			      const struct frame *frame, uint8_t fill)
{
	struct glb_packet pkt = {
		.data = room + CUT_HEADROOM,
		.len = frame->len,
		.headroom = CUT_HEADROOM,
	};
	struct trial trial = {.parsed = GLB_FORWARD};

	memcpy(pkt.data, frame->bytes, frame->captured);
	memset(pkt.data + frame->captured, fill, frame->len - frame->captured);
	trial.parsed = glb_parse(&trial.flow, pkt.data, pkt.len);
	glb_forward(gen, &pkt, 1);
	trial.verdict = pkt.verdict;
	trial.backend = pkt.verdict == GLB_FORWARD ? pkt.backend : 0;
	return trial;
}

/* Bytes of a transport header that affect the outcome; `there` of them were captured. */
static uint32_t least_of_transport(const struct glb_generation *gen, const struct glb_flow *flow,
				   const uint8_t *header, uint32_t there)
{
	if (flow->kind == GLB_FLOW_PORTS && flow->proto == GLB_PROTO_UDP)
		return TRANSPORT_LEN + QUIC_LEN;
	if (flow->tcp_flags & GLB_TCP_SYN && gen->settings.clamp_mss) /* an option */
		return there < GLB_TCP_LEN ? GLB_TCP_LEN : (header[12] >> 4) * 4U;
	return TRANSPORT_LEN;
}

/* Bytes of a frame of this flow that must be present, apart from quoted packets and extensions. */
static uint32_t least_captured(const struct glb_generation *gen, const struct frame *frame,
			       const struct trial *trial)
{
	const struct glb_flow *flow = &trial->flow;
	uint32_t at = (uint32_t)flow->ip_at + flow->transport_at;

	if (trial->parsed != GLB_FORWARD)
		return NETWORK_LEN;
	return frame->captured < at ? at
				    : at + least_of_transport(gen, flow, frame->bytes + at,
							      frame->captured - at);
}

bool cut_is_decided(const struct glb_generation *gen, uint8_t *room, const struct frame *frame)
{
	struct trial zeros = try_frame(gen, room, frame, 0);
	struct trial ones = try_frame(gen, room, frame, 0xff);
	uint32_t least = least_captured(gen, frame, &zeros);

	return zeros.parsed == ones.parsed && zeros.verdict == ones.verdict &&
	       zeros.backend == ones.backend &&
	       !memcmp(&zeros.flow, &ones.flow, sizeof(zeros.flow)) &&
	       zeros.flow.kind != GLB_FLOW_BAD_QUOTE &&
	       frame->captured >= (least < frame->len ? least : frame->len);
}
