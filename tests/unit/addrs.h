/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a test write an address as a number?
 */
#ifndef UNIT_ADDRS_H
#define UNIT_ADDRS_H

#include <glb/spec.h>

static inline struct glb_addr addr4(uint32_t number)
{
	struct glb_addr addr = {.version = 4};

	glb_store_be32(addr.bytes, number);
	return addr;
}

static inline struct glb_addr addr6(uint64_t high, uint64_t low)
{
	struct glb_addr addr = {.version = 6};

	glb_store64(addr.bytes, GLB_BE64(high));
	glb_store64(addr.bytes + 8, GLB_BE64(low));
	return addr;
}

#endif
