/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which numbers do the protocols use, and how is the Internet checksum computed?
 */
#ifndef GLB_NET_H
#define GLB_NET_H

#include <glb/bytes.h>

/* Header lengths, in bytes. */
enum {
	GLB_ETHER_LEN = 14,
	GLB_MAC_LEN = 6,
	GLB_VLAN_LEN = 4,  /* one IEEE 802.1Q tag */
	GLB_VLAN_MAX = 2,  /* a service and a customer tag (802.1ad) */
	GLB_IPV4_LEN = 20, /* RFC 791, without options */
	GLB_IPV6_LEN = 40, /* RFC 8200, without extension headers */
	GLB_TCP_LEN = 20,  /* RFC 9293, without options */
	GLB_UDP_LEN = 8,   /* RFC 768 */
	GLB_ICMP_LEN = 8,  /* RFC 792 and RFC 4443: type, code, checksum, four bytes that depend on
			      the type */
	GLB_PORTS_LEN = 4, /* source and destination port, at the start of both TCP and UDP */
	GLB_IPV6_EXT_LEN = 8,	       /* minimum length of an IPv6 extension header */
	GLB_IPV6_EXT_MAX = 8,	       /* maximum number that are parsed, one after the other, */
	GLB_IPV6_HEADERS_MAX = 0x3fff, /* and the bytes that they take with the IPv6 header */
	GLB_IPV4_MTU_MIN = 68,	       /* RFC 791: every link carries packets of this size */
	GLB_IPV6_MTU_MIN = 1280, /* RFC 8200 section 5: every link carries packets of this size */
};

/* Values of the EtherType field, in host byte order. */
enum glb_ethertype {
	GLB_ETHERTYPE_IPV4 = 0x0800,
	GLB_ETHERTYPE_IPV6 = 0x86dd,
	GLB_ETHERTYPE_VLAN = 0x8100, /* 802.1Q */
	GLB_ETHERTYPE_QINQ = 0x88a8, /* 802.1ad */
};

/* Values of the IPv4 protocol and IPv6 next header fields (IANA, protocol numbers). */
enum glb_proto {
	GLB_PROTO_HOP_BY_HOP = 0, /* these four are IPv6 extension headers, RFC 8200 */
	GLB_PROTO_ICMP = 1,
	GLB_PROTO_IPIP = 4,
	GLB_PROTO_TCP = 6,
	GLB_PROTO_UDP = 17,
	GLB_PROTO_IPV6 = 41,
	GLB_PROTO_ROUTING = 43,
	GLB_PROTO_FRAGMENT = 44,
	GLB_PROTO_ICMPV6 = 58,
	GLB_PROTO_DESTINATION = 60,
};

/* Types of RFC 792 and RFC 4443; errors quote the packet that they are about. */
enum glb_icmp {
	GLB_ICMP_ECHO_REPLY = 0,
	GLB_ICMP_UNREACHABLE = 3,
	GLB_ICMP_FRAG_NEEDED = 4, /* code of UNREACHABLE, RFC 1191 */
	GLB_ICMP_ECHO = 8,
	GLB_ICMP_TIME_EXCEEDED = 11,
	GLB_ICMP_PARAMETER_PROBLEM = 12,
	GLB_ICMPV6_UNREACHABLE = 1,
	GLB_ICMPV6_PACKET_TOO_BIG = 2,
	GLB_ICMPV6_TIME_EXCEEDED = 3,
	GLB_ICMPV6_PARAMETER_PROBLEM = 4,
	GLB_ICMPV6_ERROR_MAX = 127, /* types up to this one are errors, RFC 4443 section 2.1 */
	GLB_ICMPV6_ECHO = 128,
	GLB_ICMPV6_ECHO_REPLY = 129,
};

/* Flags of a TCP header's 14th byte, RFC 9293 section 3.1. Only those that affect a decision. */
enum glb_tcp_flag {
	GLB_TCP_FIN = 0x01,
	GLB_TCP_SYN = 0x02,
	GLB_TCP_RST = 0x04,
	GLB_TCP_ACK = 0x10,
};

/* Is it the MAC address of a group of stations, such as broadcast? IEEE 802: the lowest bit of
 * the first byte. */
GLB_INLINE bool glb_is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

enum { GLB_SUM_LONG = 128 }; /* lengths from which vectors are faster than words */

/*
 * Is an address of 4 or 16 bytes a unicast address that a host can have on the wire? Not if it is
 * unspecified, loopback, multicast, reserved or an IPv4-mapped IPv6 address.
 */
GLB_INLINE bool glb_is_host(const uint8_t *addr, uint8_t version)
{
	if (version == 4)
		return addr[0] != 0 && addr[0] != 127 && addr[0] < 224;
	if (glb_load64(GLB_IN_HEADER(addr)))
		return addr[0] != 0xff;

	uint64_t low = GLB_BE64(glb_load64(GLB_IN_HEADER(addr + 8)));

	return low > 1 && low >> 32 != 0xffff;
}

/* Can a packet to dst come from src: is src a host's unicast address, and not dst itself? */
GLB_INLINE bool glb_may_be_from(const uint8_t *src, const uint8_t *dst, uint8_t version)
{
	if (version == 4)
		return glb_is_host(src, 4) &&
		       glb_load32(GLB_IN_HEADER(src)) != glb_load32(GLB_IN_HEADER(dst));
	return glb_is_host(src, 6) &&
	       (glb_load64(GLB_IN_HEADER(src)) != glb_load64(GLB_IN_HEADER(dst)) ||
		glb_load64(GLB_IN_HEADER(src + 8)) != glb_load64(GLB_IN_HEADER(dst + 8)));
}

/*
 * Internet checksum, RFC 1071. Sums are kept in native byte order: the one's complement sum does
 * not depend on it, and the result is stored with glb_store16().
 *
 * A running sum is a 64-bit number that is congruent to the sum of the 16-bit words modulo 0xffff,
 * and 0 only if all words are. It is added to without folding, which is safe as long as it stays
 * below 2^64:
 *
 *   glb_sum_short()   adds less than 2^18
 *   glb_sum_least()   adds less than 2^33, whatever the length
 *   glb_sum()         thus adds less than 2^33: 2^31 calls cannot overflow
 *   glb_sum_fold()    accepts any 64-bit sum
 *
 * Adding numbers wider than 16 bits is right because 2^16, 2^32 and 2^48 are congruent to 1 as
 * well: a 64-bit word counts as the sum of its four halves. Sums of adjacent pieces may be added in
 * any order, provided that every piece but the last has an even length; else its bytes would be in
 * the wrong halves, which swapping the bytes of its folded sum would correct.
 */

/*
 * Adds a word to a sum modulo 2^64 - 1: the carry out of the top is added at the bottom, where 2^64
 * belongs, as it is congruent to 1. After a carry the sum is at most 2^64 - 2, so adding the carry
 * does not overflow.
 */
GLB_INLINE uint64_t glb_sum_word(uint64_t sum, uint64_t word)
{
	bool carry = __builtin_add_overflow(sum, word, &sum);

	return sum + carry;
}

/* Sums len bytes, a multiple of 4, in a loop that compilers vectorise. Fewer than 2^30 words
 * below 2^32 fit any 32-bit len: the sum is below 2^62, and needs no carries. */
GLB_INLINE uint64_t glb_sum_long(const uint8_t *bytes, uint32_t len)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < len; i += 4)
		sum += glb_load32(GLB_IN_HEADER(bytes + i));
	return sum;
}

/* Sums less than 8 bytes; an odd last byte is padded with zero. At most 4 words: below 2^18. */
GLB_INLINE uint64_t glb_sum_short(const uint8_t *bytes, uint32_t len)
{
	uint64_t sum = 0;

	for (; len >= 2; bytes += 2, len -= 2)
		sum += glb_load16(bytes);
	if (len) {
		const uint8_t last[2] = {*bytes, 0};

		sum += glb_load16(last);
	}
	return sum;
}

/*
 * Adds len bytes at `bytes` to a running sum. len >= least >= 8, where `least` is a constant, up to
 * which loops are unrolled. `words` wraps around with its carry, so it needs no bound; folded to
 * its halves it adds less than 2^33.
 *
 * The last 8 bytes are read again to avoid a loop over bytes: those counted already are shifted
 * out. All steps before are of 8 bytes, so the rest begins at an even offset and pairs up
 * correctly.
 */
GLB_INLINE uint64_t glb_sum_least(uint64_t sum, const uint8_t *bytes, uint32_t least, uint32_t len)
{
	const uint8_t *last = bytes + len - 8;
	const uint8_t *start = bytes;
	uint64_t words = 0;

	for (; bytes + 8 < start + least; bytes += 8)
		words = glb_sum_word(words, glb_load64(bytes));
	if (len >= GLB_SUM_LONG) {
		uint32_t part = (uint32_t)(last + 7 - bytes) & ~7U;

		words = glb_sum_word(words, glb_sum_long(bytes, part));
		bytes += part;
	}
	for (; bytes < last; bytes += 8)
		words = glb_sum_word(words, glb_load64(bytes));
	/* 1 to 8 bytes are left, the last of the 8 bytes at `last` */
	words = glb_sum_word(words, GLB_LE64(glb_load_le64(last) >> 8 * (bytes - last)));
	return sum + (words & 0xffffffff) + (words >> 32);
}

/*
 * Adds len bytes at `bytes`, any number including 0, to a running sum. An odd last byte counts as
 * the first byte of a 16-bit word, so only the last piece of a packet may have an odd length.
 */
GLB_INLINE uint64_t glb_sum(uint64_t sum, const uint8_t *bytes, uint32_t len)
{
	return len < 8 ? sum + glb_sum_short(bytes, len) : glb_sum_least(sum, bytes, 8, len);
}

/*
 * Folds a running sum to 16 bits, not complemented. The first two steps leave less than 2^33 and
 * then less than 2^32, the others less than 2^17 and then less than 2^16: no carry is lost for any
 * sum. Nonzero sums yield 1 to 0xffff, never 0.
 */
GLB_INLINE uint16_t glb_sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The checksum field for a running sum: its complement. It is 0xffff only if the sum is 0. */
GLB_INLINE uint16_t glb_sum_check(uint64_t sum)
{
	return (uint16_t)~glb_sum_fold(sum);
}

/*
 * The checksum field after a 32-bit value covered by it has changed: RFC 1624, equation 3. All
 * arguments are in the byte order of the packet. The sum is below 2^34.
 */
GLB_INLINE uint16_t glb_check_update(uint16_t check, uint32_t from, uint32_t to)
{
	return glb_sum_check((uint64_t)(uint16_t)~check + (uint32_t)~from + to);
}

#endif
