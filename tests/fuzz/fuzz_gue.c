/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is what follows an outer UDP header, over IPv4 and over IPv6. */
#include <string.h>

#include <glb/gue.h>

#include "fuzz.h"

static bool check(const uint8_t *input, size_t len, uint32_t hop_len, uint32_t hops_max)
{
	struct glb_cursor cur = glb_cursor(input, len);
	uint8_t again[GLB_GUE_HOPS_AT + GLB_GUE_HOPS_MAX * GLB_GUE_HOP_LEN];
	struct glb_gue gue;

	if (!glb_gue_decode(&gue, &cur, hop_len))
		return false;
	PROMISE(gue.header == input);
	PROMISE(gue.hop_count <= hops_max && gue.hop_len == hop_len);
	PROMISE(gue.len == glb_gue_len(gue.hop_count, hop_len) && gue.len <= len);
	PROMISE(cur.at == input + gue.len && cur.end == input + len);

	/* What is taken is exactly what a director writes, whichever hop is next. */
	glb_gue_encode(again, gue.proto, gue.hop_count, hop_len);
	again[GLB_GUE_NEXT_HOP_AT] = gue.next_hop;
	memcpy(again + GLB_GUE_HOPS_AT, input + GLB_GUE_HOPS_AT, gue.len - GLB_GUE_HOPS_AT);
	PROMISE(!memcmp(again, input, gue.len));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	bool ipv4 = check(input, len, GLB_GUE_HOP_LEN, GLB_GUE_HOPS_MAX);
	bool ipv6 = check(input, len, GLB_GUE_HOP6_LEN, GLB_GUE_HOPS6_MAX);

	PROMISE(!ipv4 || !ipv6); /* one cannot be mistaken for the other */
	return 0;
}
