/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is congestion inside the tunnel passed on to the client's packet?
 *
 * Explicit Congestion Notification (RFC 3168) is two bits of the IP header. A congested router
 * marks the outer header; the inner packet has to carry the mark on, or be dropped if its sender
 * does not support ECN.
 */
#ifndef GLB_REDIRECT_ECN_H
#define GLB_REDIRECT_ECN_H

#include <glb/bytes.h>

enum ecn {
	ECN_NOT_ECT = 0, /* the sender does not support ECN */
	ECN_ECT_1 = 1,
	ECN_ECT_0 = 2,
	ECN_CE = 3, /* congestion experienced */
	ECN_DROP,   /* not a wire value: drop the packet */
};

/*
 * The ECN field of a decapsulated packet: RFC 6040 section 4.2. An outer header without ECN, which
 * is what directors write by default, changes nothing.
 */
GLB_INLINE enum ecn ecn_behind_tunnel(enum ecn outer, enum ecn inner)
{
	if (outer == ECN_CE)
		return inner == ECN_NOT_ECT ? ECN_DROP : ECN_CE;
	return outer == ECN_ECT_1 && inner == ECN_ECT_0 ? ECN_ECT_1 : inner;
}

/* The ECN field of an IP header of this version, given its second byte. */
GLB_INLINE enum ecn ecn_of(uint8_t second, uint8_t version)
{
	return (enum ecn)((version == 4 ? second : second >> 4) & 3);
}

/* The second byte with its ECN field replaced. */
GLB_INLINE uint8_t ecn_replace(uint8_t second, uint8_t version, enum ecn ecn)
{
	return version == 4 ? (uint8_t)((second & ~3U) | ecn)
			    : (uint8_t)((second & ~0x30U) | (uint32_t)ecn << 4);
}

#endif
