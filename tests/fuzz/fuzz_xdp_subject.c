/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is a frame. What the XDP program goes by must be what the director finds: a packet that
 * it would forward for a VIP, or an error that it would relay, must not be left to the kernel.
 */
#include <string.h>

#include "director/xdp/subject.h"
#include "fuzz.h"

static bool is_key_of(const struct xdp_key *key, const uint8_t *address, uint8_t version)
{
	static const uint8_t zero[12];
	uint32_t len = version == 4 ? 4 : 16;

	return key->version == version && key->bit_count == XDP_VERSION_BITS + 8 * len &&
	       !memcmp(key->address, address, len) && !memcmp(key->address + len, zero, 16 - len) &&
	       !memcmp(key->zero, zero, sizeof(key->zero));
}

/* The flow that the director finds in the frame. */
static void check_subject_of(const struct glb_flow *flow, const uint8_t *frame,
			     const struct glb_cursor *cur, uint8_t version)
{
	const uint8_t *to = frame + flow->ip_at + (version == 4 ? 16 : 24);
	struct xdp_key key;
	bool is_gue;

	PROMISE(flow->version == version);
	PROMISE(cur->at == frame + flow->ip_at);
	PROMISE(subject_destination(&key, *cur, version));
	PROMISE(is_key_of(&key, to, version));
	PROMISE(subject_quoted(&key, &is_gue, *cur, version) == (flow->kind == GLB_FLOW_QUOTED));
	if (flow->kind != GLB_FLOW_QUOTED) {
		PROMISE(!memcmp(flow->dst, to, version == 4 ? 4 : 16));
		return;
	}
	PROMISE(is_key_of(&key, flow->dst, version));
	PROMISE(is_gue == (flow->proto == GLB_PROTO_UDP && flow->src_port == GLB_GUE_PORT));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct glb_cursor cur = glb_cursor(input, len);
	uint8_t version = subject_version(&cur);
	struct glb_flow flow;
	struct xdp_key key;
	bool is_gue;

	PROMISE(version == 0 || version == 4 || version == 6);
	if (glb_parse(&flow, input, (uint32_t)len) == GLB_FORWARD) {
		check_subject_of(&flow, input, &cur, version);
	} else if (version) {
		if (subject_destination(&key, cur, version))
			PROMISE(key.version == version);
		else
			PROMISE(!subject_quoted(&key, &is_gue, cur, version));
	}
	return 0;
}
