/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any frame of up to LEN_MAX bytes, all lengths at once: its end is that of an array, and its start
 * is anywhere in it. So reads beyond the end are found, and those before its start are not: those
 * are asked about in parse.c.
 */
#include <glb/parse.h>

#include "proof.h"

static uint8_t room[LEN_MAX];

int main(void)
{
	uint32_t len = ANY32(0, LEN_MAX);
	struct glb_cursor cur = {room + (LEN_MAX - len), room + LEN_MAX};
	struct glb_flow flow;
	uint16_t type;

	ANY_BYTES(room, LEN_MAX);
	/* glb_parse(), without the comparison of lengths at its end */
	if (!glb_parse_ether(&type, &cur))
		return 0;
	if (type != GLB_ETHERTYPE_IPV4 && type != GLB_ETHERTYPE_IPV6)
		return 0;

	enum glb_verdict verdict = glb_parse_ip(&flow, &cur, type == GLB_ETHERTYPE_IPV4 ? 4 : 6);

	if (verdict == GLB_FORWARD) {
		//@ check initialised: \initialized(&flow);
		//@ check version: flow.version == 4 || flow.version == 6;
		//@ check kind: flow.kind <= GLB_FLOW_FRAGMENT;
	}
	return verdict;
}
