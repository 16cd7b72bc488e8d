/* SPDX-License-Identifier: BSD-3-Clause */
/* glb_tcp_clamp_mss() of any SYN with any options, alone in its memory. */
#include <glb/tcp.h>

#include "proof.h"

int main(void)
{
	uint32_t len = ANY32(20, LEN_MAX);
	//@ split len;
	;
	uint8_t words = (uint8_t)ANY(0, 15);
	//@ split words;
	;
	uint8_t *tcp = malloc(len);

	ANY_BYTES(tcp, len);
	tcp[12] = (uint8_t)(words << 4 | ANY(0, 15));
	glb_tcp_clamp_mss(tcp, len, (uint16_t)ANY(0, 65535));
	//@ check initialised: \initialized(tcp + (0 .. len - 1));
	return 0;
}
