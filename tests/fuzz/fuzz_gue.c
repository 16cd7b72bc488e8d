/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is what follows an outer UDP header. */
#include <string.h>

#include <glb/gue.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct glb_cursor cur = glb_cursor(input, len);
	uint8_t again[GLB_GUE_HOPS_AT + GLB_GUE_HOPS_MAX * GLB_GUE_HOP_LEN];
	struct glb_gue gue;

	if (!glb_gue_decode(&gue, &cur, GLB_GUE_HOP_LEN))
		return 0;
	PROMISE(gue.header == input);
	PROMISE(gue.hop_count <= GLB_GUE_HOPS_MAX);
	PROMISE(gue.len == glb_gue_len(gue.hop_count, GLB_GUE_HOP_LEN) && gue.len <= len);
	PROMISE(cur.at == input + gue.len && cur.end == input + len);

	/* What is taken is exactly what a director writes, whichever hop is next. */
	glb_gue_encode(again, gue.proto, gue.hop_count, GLB_GUE_HOP_LEN);
	again[GLB_GUE_NEXT_HOP_AT] = gue.next_hop;
	memcpy(again + GLB_GUE_HOPS_AT, input + GLB_GUE_HOPS_AT, gue.len - GLB_GUE_HOPS_AT);
	PROMISE(!memcmp(again, input, gue.len));
	return 0;
}
