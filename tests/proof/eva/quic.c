/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is read of any UDP datagram, alone in its memory: the server ID, also of a quote that was
 * cut, and whether it may open a connection.
 */
#include <glb/quic.h>

#include "proof.h"

int main(void)
{
	uint32_t len = ANY32(0, LEN_MAX);
	//@ split len;
	;
	uint8_t *udp = malloc(len);
	uint16_t id;
	struct glb_cursor whole = glb_cursor(udp, len);
	struct glb_cursor cut = whole;
	struct glb_cursor opening = whole;

	ANY_BYTES(udp, len);

	bool broken = len >= GLB_UDP_LEN && ANY(0, 1); /* shorter than its own header */

	if (broken)
		glb_store_be16(udp + 4, (uint16_t)ANY(0, 7));
	if (glb_quic_server_id(&id, &whole)) {
		//@ check initialised: \initialized(&id);
		//@ check least: len >= 8 + 4;
		//@ check sound: broken == 0;
	} else {
		//@ check untouched: !\initialized(&id);
	}

	uint16_t quoted;

	if (glb_quic_quoted_id(&quoted, &cut, ANY32(0, 65535))) {
		//@ check quoted: \initialized(&quoted) && len >= 8 + 4;
	}
	if (glb_quic_may_open(&opening)) {
		//@ check opens: len >= 8 + 5 && broken == 0;
	}
	return 0;
}
