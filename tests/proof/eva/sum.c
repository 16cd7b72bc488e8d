/* SPDX-License-Identifier: BSD-3-Clause */
/* glb_sum() of any bytes, alone in their memory: reads all, and none beyond. */
#include <glb/net.h>

#include "proof.h"

int main(void)
{
	uint32_t len = ANY32(0, LEN_MAX);
	//@ split len;
	;
	uint8_t *bytes = malloc(len);

	ANY_BYTES(bytes, len);

	uint64_t sum = glb_sum(0, bytes, len);

	//@ check bound: sum < 0x200000000;
	if (len >= 40 && len < 60) { /* with steps that are unrolled */
		uint64_t unrolled = glb_sum_least(0, bytes, 40, len);

		//@ check bound_unrolled: unrolled < 0x200000000;
	}
	return glb_sum_check(sum);
}
