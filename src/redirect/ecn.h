/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a packet learn, when it leaves the tunnel, about congestion inside the tunnel?
 *
 * Explicit Congestion Notification (RFC 3168) is two bits of the IP header. A router short of room
 * marks the outer header; the client's packet has to carry the mark on, or else be lost, which is
 * how senders without ECN learn of congestion.
 */
#ifndef GLB_REDIRECT_ECN_H
#define GLB_REDIRECT_ECN_H

#include <glb/bytes.h>

enum ecn {
	ECN_NOT_ECT = 0, /* the sender does not speak ECN */
	ECN_ECT_1 = 1,
	ECN_ECT_0 = 2,
	ECN_CE = 3, /* congestion experienced */
	ECN_DROP,   /* not of the wire: the packet has to be dropped */
};

/*
 * The ECN field of a packet that comes out of a tunnel, RFC 6040, 4.2. An outer header without ECN,
 * as directors write it by default, changes nothing.
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

/* The second byte of an IP header with another ECN field. */
GLB_INLINE uint8_t ecn_replace(uint8_t second, uint8_t version, enum ecn ecn)
{
	return version == 4 ? (uint8_t)((second & ~3U) | ecn)
			    : (uint8_t)((second & ~0x30U) | (uint32_t)ecn << 4);
}

#endif
