/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which 64-bit number stands for a flow?
 *
 * SipHash-2-4 under the table's hash_key of the configured fields, always in the order source
 * address, destination address, source port, destination port, as network-order bytes. Echo
 * requests have no ports: enabled ports count as zero.
 */
#ifndef GLB_HASH_H
#define GLB_HASH_H

#include <glb/parse.h>
#include <glb/siphash.h>

enum glb_hash_field {
	GLB_HASH_SRC_ADDR = 1,
	GLB_HASH_DST_ADDR = 2,
	GLB_HASH_SRC_PORT = 4,
	GLB_HASH_DST_PORT = 8,
	GLB_HASH_FIELDS_ALL = 15,
};

/* The hash of a flow over a set of enum glb_hash_field, not empty. */
GLB_INLINE uint64_t glb_flow_hash(const uint8_t *hash_key, uint8_t fields,
				  const struct glb_flow *flow)
{
	uint32_t addr_len = flow->version == 4 ? 4 : 16;
	uint8_t input[16 + 16 + 2 + 2];
	uint32_t len = 0;

	if (fields & GLB_HASH_SRC_ADDR) {
		__builtin_memcpy(input, flow->src, 16);
		len += addr_len;
	}
	if (fields & GLB_HASH_DST_ADDR) {
		__builtin_memcpy(input + len, flow->dst, 16);
		len += addr_len;
	}
	if (fields & GLB_HASH_SRC_PORT) {
		glb_store_be16(input + len, flow->src_port);
		len += 2;
	}
	if (fields & GLB_HASH_DST_PORT) {
		glb_store_be16(input + len, flow->dst_port);
		len += 2;
	}
	return glb_siphash(hash_key, input, len);
}

/* The outer UDP source port, which spreads flows over links and queues. Never below 32768. */
GLB_INLINE uint16_t glb_outer_src_port(uint64_t hash, const struct glb_flow *flow)
{
	return (uint16_t)(0x8000 | ((hash ^ flow->hint) & 0x7fff));
}

#endif
