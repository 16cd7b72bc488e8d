/* SPDX-License-Identifier: BSD-3-Clause */
/* What include/glb/parse.h promises of any frame of up to LEN_MAX bytes, alone in its memory. */
#include <glb/parse.h>

#include "proof.h"

int main(void)
{
	uint32_t len = ANY32(0, LEN_MAX);
	//@ split len;
	;
	uint8_t *frame = malloc(len);
	struct glb_flow flow;

	ANY_BYTES(frame, len);

	enum glb_verdict verdict = glb_parse(&flow, frame, len);

	/*@ check verdict: verdict == GLB_FORWARD || verdict == GLB_PUNT_NOT_IP ||
	    verdict == GLB_DROP_TRUNCATED || verdict == GLB_DROP_BAD_LENGTH ||
	    verdict == GLB_DROP_EXT_HEADERS || verdict == GLB_DROP_TOO_BIG; */
	if (verdict == GLB_FORWARD) {
		uint32_t transport_at = flow.transport_at;
		uint32_t ip_len = flow.ip_len;

		//@ check initialised: \initialized(&flow);
		//@ check ip_at: flow.ip_at == 14 || flow.ip_at == 18 || flow.ip_at == 22;
		//@ check there: flow.ip_at + ip_len <= len;
		//@ check version: flow.version == 4 || flow.version == 6;
		//@ check kind: flow.kind <= GLB_FLOW_FRAGMENT;
		//@ check padding: flow.zero == 0;
		/*@ check ipv6: flow.version == 6 ==>
		    transport_at >= 40 && flow.ip_at + transport_at <= len; */
		/*@ check ipv6_ports: flow.version == 6 && flow.kind == GLB_FLOW_PORTS ==>
		    flow.ip_at + transport_at + 8 <= len; */
	}
	return verdict;
}
