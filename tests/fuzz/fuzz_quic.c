/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a UDP datagram as it stands in its IP packet: header, payload, what is behind. */
#include <string.h>

#include <glb/quic.h>

#include "fuzz.h"

/* Where the connection ID of a payload with a server ID would begin. */
static size_t id_at(const uint8_t *payload)
{
	return payload[0] & 0x80 ? 6 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct glb_cursor cur = glb_cursor(input, len);
	struct glb_cursor opening = cur;
	uint16_t server_id = 0xbeef;
	uint16_t again = 0;
	bool opens = glb_quic_may_open(&opening);

	PROMISE(!opens || (len >= 13 && input[8] & 0x80));
	if (!glb_quic_server_id(&server_id, &cur)) {
		PROMISE(server_id == 0xbeef);
		return 0;
	}
	PROMISE(len >= 8 && !opens);

	size_t end = (size_t)input[4] << 8 | input[5];
	const uint8_t *payload = input + 8;
	const uint8_t *id = payload + id_at(payload);

	PROMISE(end <= len && id + 3 <= input + end);
	PROMISE(server_id == (id[1] << 8 | id[2]));
	PROMISE(id[0] < 0xe0);

	/* Nothing behind the server ID, nor the ports and the checksum, has a say. */
	uint8_t *copy = malloc(len);

	PROMISE(copy);
	memset(copy, 0xff, len);
	memcpy(copy + 4, input + 4, 2);
	memcpy(copy + 8, payload, (size_t)(id + 3 - payload));
	cur = glb_cursor(copy, len);
	PROMISE(glb_quic_server_id(&again, &cur) && again == server_id);
	free(copy);
	return 0;
}
