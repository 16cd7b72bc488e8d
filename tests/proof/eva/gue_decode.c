/* SPDX-License-Identifier: BSD-3-Clause */
/* glb_gue_decode() of any bytes, alone in their memory. */
#include <glb/gue.h>

#include "proof.h"

int main(void)
{
	uint32_t len = ANY32(0, LEN_MAX);
	//@ split len;
	;
	uint32_t hop_len = ANY(0, 1) ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
	//@ split hop_len;
	;
	uint8_t *bytes = malloc(len);
	struct glb_cursor cur = glb_cursor(bytes, len);
	struct glb_gue gue;
	int few = -1; /* the hops, if that many */

	ANY_BYTES(bytes, len);
	if (len >= GLB_GUE_HOPS_AT && ANY(0, 1)) {
		uint8_t count = (uint8_t)ANY(0, 2);
		//@ split count;
		;
		bytes[GLB_GUE_HOPS_AT - 1] = count;
		few = count;
	}
	if (glb_gue_decode(&gue, &cur, hop_len)) {
		//@ check header: gue.header == bytes;
		/*@ check initialised: \initialized(&gue.len) && \initialized(&gue.proto) &&
		    \initialized(&gue.hop_count) && \initialized(&gue.next_hop) &&
		    \initialized(&gue.hop_len); */
		//@ check proto: gue.proto == GLB_PROTO_IPIP || gue.proto == GLB_PROTO_IPV6;
		//@ check hops: gue.hop_count <= (hop_len == 4 ? 30 : 7);
		//@ check len: gue.len <= 128;
		//@ check consumed: few >= 0 ==> cur.at == bytes + (8 + few * hop_len);
	} else {
		//@ check untouched: !\initialized(&gue.len) && !\initialized(&gue.header);
	}
	//@ check within: bytes <= cur.at <= cur.end && cur.end == bytes + len;
	return 0;
}
