/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the map of permitted GUE senders represent a range of addresses?
 */
#ifndef GLB_REDIRECT_SENDER_H
#define GLB_REDIRECT_SENDER_H

#include <glb/bytes.h>

/* A key of a BPF_MAP_TYPE_LPM_TRIE, which finds the longest range containing an address. */
struct sender {
	uint32_t bit_count; /* significant bits, counted from `version` on */
	uint8_t version;    /* 4 or 6 */
	uint8_t address[16];
	uint8_t zero[3];
};
_Static_assert(sizeof(struct sender) == 24, "no padding, which the map would compare");

enum {
	SENDER_VERSION_BITS = 8, /* bits of `version` */
	SENDERS_MAX = 256,
};

#endif
