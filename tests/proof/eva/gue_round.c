/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GUE headers are what they say: decode(encode(x)) == x for every x, and encode(decode(bytes)) ==
 * bytes for all bytes that are accepted. Hops are any bytes.
 */
#include <glb/gue.h>

#include "proof.h"

/* Any hop count of any kind of hop. */
static void encoded_is_decoded(uint32_t hop_len)
{
	uint32_t count =
		ANY32(0, hop_len == GLB_GUE_HOP_LEN ? GLB_GUE_HOPS_MAX : GLB_GUE_HOPS6_MAX);
	//@ split count;
	;
	enum glb_proto proto = ANY(0, 1) ? GLB_PROTO_IPIP : GLB_PROTO_IPV6;
	//@ split proto;
	;
	uint32_t len = glb_gue_len(count, hop_len);
	uint8_t *bytes = malloc(len);
	struct glb_cursor cur = glb_cursor(bytes, len);
	struct glb_gue gue;

	glb_gue_encode(bytes, proto, count, hop_len);
	//@ check written: \initialized(bytes + (0 .. 7));
	ANY_BYTES(bytes + GLB_GUE_HOPS_AT, len - GLB_GUE_HOPS_AT);

	bool accepted = glb_gue_decode(&gue, &cur, hop_len);

	//@ check accepted: accepted == 1;
	//@ check header: gue.header == bytes && gue.len == len;
	//@ check proto: gue.proto == proto;
	//@ check count: gue.hop_count == count && gue.hop_len == hop_len;
	//@ check next: gue.next_hop == 0;
	//@ check consumed: cur.at == cur.end && cur.end == bytes + len;
}

/* The first byte of a header with so many words: the right one, or any that is wrong. */
static uint8_t any_first(uint32_t words)
{
	uint8_t kind = (uint8_t)ANY(0, 3);
	//@ split kind;
	;
	if (kind == 0)
		return (uint8_t)ANY(32, 255);
	if (words > 31)
		return (uint8_t)ANY(0, 31);
	if (kind == 1)
		return (uint8_t)words;
	if (kind == 2 || words == 31)
		return (uint8_t)ANY(0, (int)words - 1);
	return (uint8_t)ANY((int)words + 1, 31);
}

/* Any header. */
static void decoded_is_encoded(uint32_t hop_len)
{
	bool many = ANY(0, 1);
	//@ split many;
	;
	uint8_t count = (uint8_t)(many ? ANY(31, 255) : ANY(0, 30));

	if (!many) {
		//@ split count;
		;
	}

	uint8_t bytes[128];
	uint8_t out[GLB_GUE_HOPS_AT];
	struct glb_cursor cur = glb_cursor(bytes, sizeof(bytes));
	struct glb_gue gue;

	ANY_BYTES(bytes, sizeof(bytes));
	if (!many)
		bytes[0] = any_first(1 + count * hop_len / 4);
	bytes[GLB_GUE_HOPS_AT - 1] = count;
	if (glb_gue_decode(&gue, &cur, hop_len)) {
		glb_gue_encode(out, (enum glb_proto)gue.proto, gue.hop_count, hop_len);
		//@ check few: many == 0;
		//@ check words: out[0] == bytes[0];
		//@ check proto: gue.proto == 4 || gue.proto == 41;
		//@ check flags: out[2] == 0 && out[3] == 0;
		//@ check kind: out[4] == 0 && out[5] == (hop_len == 16 ? 1 : 0);
		//@ check count: out[7] == bytes[7];
		//@ check len: gue.len == 8 + gue.hop_count * hop_len;
	}
}

int main(void)
{
	uint32_t hop_len = ANY(0, 1) ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
	//@ split hop_len;
	;
	if (ANY(0, 1))
		encoded_is_decoded(hop_len);
	else
		decoded_is_encoded(hop_len);
	return 0;
}
