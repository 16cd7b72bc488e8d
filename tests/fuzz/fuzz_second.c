/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is the payload of a datagram that came to the checker, over IPv4 or IPv6. */
#include <string.h>

#include <glb/gue.h>

#include "fuzz.h"
#include "healthcheck/second_packet.h"

static const struct second_token token = {0x01020304, 0x05060708, 50000};

static void check(const struct glb_addr *own, const struct glb_addr *dst, const uint8_t *input,
		  size_t len)
{
	const struct second_packet sent = second_packet_make(&token, own, dst);
	enum second_fate fate = second_packet_fate(&sent, input, len);

	PROMISE(sent.len <= SECOND_PACKET_LEN_MAX && sent.gue_len < sent.len);
	if (fate == SECOND_HANDED_ON) {
		PROMISE(len == sent.len && input[GLB_GUE_NEXT_HOP_AT] == 1);
		for (size_t i = 0; i < len; i++)
			PROMISE(i == GLB_GUE_NEXT_HOP_AT || input[i] == sent.bytes[i]);
	}
	if (fate != SECOND_OTHER)
		PROMISE(len >= (size_t)sent.len - sent.gue_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	const struct glb_addr own4 = {{10, 9, 0, 1}, 4}, dst4 = {{10, 9, 0, 11}, 4};
	const struct glb_addr own6 = {{0xfd, 9, [15] = 1}, 6}, dst6 = {{0xfd, 9, [15] = 0x11}, 6};

	check(&own4, &dst4, input, len);
	check(&own6, &dst6, input, len);
	return 0;
}
