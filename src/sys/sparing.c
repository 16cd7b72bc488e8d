/* SPDX-License-Identifier: BSD-3-Clause */
#include "sparing.h"

bool sparing_allows(struct sparing *sparing, uint64_t now_ms)
{
	if (!sparing->window_ms)
		sparing->window_ms = now_ms;
	/* a new minute begins only after the lines withheld in the old one were reported */
	if (!sparing->withheld && now_ms - sparing->window_ms >= SPARING_WINDOW_MS)
		*sparing = (struct sparing){.window_ms = now_ms};
	if (sparing->lines >= SPARING_LINES) {
		sparing->withheld++;
		return false;
	}
	sparing->lines++;
	return true;
}

uint32_t sparing_take(struct sparing *sparing, uint64_t now_ms)
{
	uint32_t withheld = sparing->withheld;

	if (!withheld || now_ms - sparing->window_ms < SPARING_WINDOW_MS)
		return 0;
	*sparing = (struct sparing){.window_ms = now_ms};
	return withheld;
}
