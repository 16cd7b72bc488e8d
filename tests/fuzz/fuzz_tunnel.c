/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a frame, as a proxy sees it, with outer headers of IPv4 or IPv6. */
#include "fuzz.h"
#include "redirect/tunnel.h"

static void check(const uint8_t *frame, uint32_t len, uint8_t version)
{
	struct glb_cursor cur = glb_cursor(frame, len);
	struct tunnel tunnel;
	bool read = version == 4 ? read_tunnel(&tunnel, &cur, len, 4)
				 : read_tunnel(&tunnel, &cur, len, 6);

	if (!read)
		return;

	/* Headers and client's packet are in the frame, one behind the other. */
	PROMISE(cur.at == frame + IP_AT + tunnel.len && cur.end == frame + len);
	PROMISE(IP_AT + (uint32_t)tunnel.len + tunnel.payload_len <= len);
	PROMISE(tunnel.len >= gue_at(version) - IP_AT + glb_gue_len(0, GLB_GUE_HOP_LEN));
	PROMISE(tunnel.len ==
		gue_at(version) - IP_AT + glb_gue_len(tunnel.hop_count, address_len(version)));
	PROMISE(tunnel.client_version == 4 || tunnel.client_version == 6);

	uint8_t second = frame[IP_AT + 1];

	PROMISE(tunnel.ecn <= ECN_CE && ecn_replace(second, version, tunnel.ecn) == second);
	if (peek_at_client(&tunnel, cur))
		PROMISE(tunnel.client_second == cur.at[1] && tunnel.client_next == cur.at[6]);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	if (len > 0x10000)
		return 0;
	check(input, (uint32_t)len, 4);
	check(input, (uint32_t)len, 6);
	return 0;
}
