/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is what a raw socket of ICMP has received, behind a byte whose lowest bit says by which
 * version: 0, IPv4.
 */
#include <string.h>

#include "fuzz.h"
#include "healthcheck/echo.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct echo_id id;

	memset(&id, 0, sizeof(id));
	if (!len)
		return 0;

	const uint8_t *bytes = input + 1;
	uint8_t version = input[0] & 1 ? 6 : 4;

	len--;
	if (!echo_reply_read(&id, version, bytes, len)) {
		for (unsigned int i = 0; i < ECHO_ID_LEN; i++)
			PROMISE(!id.text[i]);
		return 0;
	}

	/* It is what the packet ends with; of IPv4, padding may follow. */
	size_t end = version == 4 ? glb_load_be16(bytes + 2) : len;

	PROMISE(end <= len && end >= ECHO_ID_LEN + GLB_ICMP_LEN);
	PROMISE(!memcmp(id.text, bytes + end - ECHO_ID_LEN, ECHO_ID_LEN));
	PROMISE(!memcmp(id.text, "glbhc_", ECHO_PREFIX_LEN));
	PROMISE(version == 4 || end == ECHO_ID_LEN + GLB_ICMP_LEN);
	return 0;
}
