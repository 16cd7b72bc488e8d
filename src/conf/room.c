/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>

#include "conf/room.h"
#include "sys/memory.h"

enum {
	NOT_LOOKED_AT = 16 << 20,
	TO_SPARE = 32 << 20, /* for small allocations, which are not counted */
};

int room_check(uint64_t need, struct glb_diag *diag)
{
	if (need < NOT_LOOKED_AT)
		return 0;
	need += need / 8 + TO_SPARE; /* for fragmentation */

	struct memory_left left = memory_left();

	if (need <= left.bytes)
		return 0;
	glb_diag(diag, "needs about %" PRIu64 " MiB of memory, and %" PRIu64 " MiB are left %s",
		 need >> 20, left.bytes >> 20, left.limit);
	return -ENOMEM;
}

/* Bytes that the library and the locator allocate for the value or member that starts with a
 * character. */
static const uint16_t cost_of[256] = {
	['{'] = 300, ['['] = 200, [':'] = 100, [','] = 90, ['"'] = 45,
};

uint64_t room_of_json(const char *text, size_t len)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < len; i++)
		bytes += cost_of[(uint8_t)text[i]];
	return bytes + 2 * (uint64_t)len; /* and strings, in the library and here */
}
