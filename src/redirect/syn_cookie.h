/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the sequence number of a SYN-ACK carry what the SYN said, so that nothing need be kept?
 *
 * A SYN cookie, RFC 4987 section 3.6 and appendix A. The 32 bits, under a secret of this proxy:
 *
 *   31     8   7   6    3   2    1   0
 *   | hash | period | wscale | SACK | MSS |
 *
 * The hash is of addresses, ports, the client's initial sequence number and the period in which the
 * cookie was made. The seven low bits are the options, with seven more bits of the hash added
 * modulo 2. They need not be authenticated: a client that changes them changes what it said itself.
 * Someone who sees no SYN-ACK has to guess 24 bits, as with the cookies of appendix A.
 *
 * The kernel's cookies keep window scale and SACK in the timestamp, and lose both of clients
 * without timestamps. Freestanding, as it runs in the eBPF program as well.
 */
#ifndef GLB_REDIRECT_SYN_COOKIE_H
#define GLB_REDIRECT_SYN_COOKIE_H

#include <glb/siphash.h>

#include "tcp_options.h"

enum {
	SYN_COOKIE_PERIOD_BITS = 36, /* of nanoseconds: 69 s. A cookie is valid for one to two */
	SYN_COOKIE_PERIOD_AT = 7,
	SYN_COOKIE_HASH_AT = 8,
	SYN_COOKIE_OPTIONS_MASK = 0x7f,
	SYN_COOKIE_SACK_AT = 2,
	SYN_COOKIE_WSCALE_AT = 3,
	SYN_COOKIE_MSS_MASK = 3,
	/* what a client accepts that says nothing: RFC 9293 section 3.7.1, MUST-15 */
	SYN_MSS_DEFAULT_V4 = 536,
	SYN_MSS_DEFAULT_V6 = 1220,
};

#define SYN_COOKIE_LIFE_NS (2ULL << SYN_COOKIE_PERIOD_BITS) /* at most */

/* The secret, and its map. */
struct syn_cookie_key {
	uint64_t halves[2];
};

/* The ends of a handshake; addresses as on the wire, those of IPv4 in the first word. */
struct syn_ends {
	uint32_t client[4];
	uint32_t vip[4];
	uint16_t client_port;
	uint16_t vip_port;
	uint32_t client_isn; /* the sequence number of the SYN */
	uint8_t version;     /* 4 or 6 */
};

/* What a cookie says of the client. */
struct syn_said {
	uint16_t mss;
	uint8_t wscale; /* or TCP_WSCALE_NONE */
	bool sack;
};

/*
 * The sizes of segments that a cookie tells apart: those below which few clients are, as the paths
 * of PPPoE, tunnels and Ethernet give them.
 */
GLB_INLINE uint16_t syn_cookie_mss(uint32_t index, uint8_t version)
{
	if (version == 4)
		return index == 0   ? SYN_MSS_DEFAULT_V4
		       : index == 1 ? 1300
		       : index == 2 ? 1440
				    : 1460;
	return index == 0 ? SYN_MSS_DEFAULT_V6 : index == 1 ? 1360 : index == 2 ? 1420 : 1440;
}

/* Index of the largest size that is not above `mss`, which is at least the default. */
GLB_INLINE uint32_t syn_cookie_mss_index(uint16_t mss, uint8_t version)
{
	uint32_t index = SYN_COOKIE_MSS_MASK;

	while (index && syn_cookie_mss(index, version) > mss)
		index--;
	return index;
}

/* The hash of a handshake in a period: of the low half, the bits of the cookie. */
GLB_INLINE uint64_t syn_cookie_hash(const struct syn_cookie_key *key, const struct syn_ends *ends,
				    uint64_t period)
{
	struct glb_siphash s = glb_siphash_keyed(key->halves[0], key->halves[1]);
	uint64_t numbers = (uint64_t)ends->client_port << 48 | (uint64_t)ends->vip_port << 32 |
			   ends->client_isn;

	glb_siphash_word(&s, (uint64_t)ends->client[0] << 32 | ends->vip[0]);
	glb_siphash_word(&s, numbers);
	if (ends->version == 6) {
		glb_siphash_word(&s, (uint64_t)ends->client[1] << 32 | ends->client[2]);
		glb_siphash_word(&s, (uint64_t)ends->vip[1] << 32 | ends->vip[2]);
		glb_siphash_word(&s, (uint64_t)ends->client[3] << 32 | ends->vip[3]);
	}
	/* the top byte of the last word differs by IP version, as that of a length would */
	return glb_siphash_end(s, period & 0xffffffffffff, ends->version);
}

/* The period of a time of CLOCK_MONOTONIC. */
GLB_INLINE uint64_t syn_cookie_period(uint64_t now_ns)
{
	return now_ns >> SYN_COOKIE_PERIOD_BITS;
}

/*
 * A cookie for a SYN with these options, whose MSS is at least the default. Sets *offset to a
 * number for the timestamps of this connection, which says nothing about the cookie (RFC 7323
 * section 7.1).
 */
GLB_INLINE uint32_t syn_cookie_make(uint32_t *offset, const struct syn_cookie_key *key,
				    const struct syn_ends *ends, const struct syn_said *said,
				    uint64_t now_ns)
{
	uint64_t period = syn_cookie_period(now_ns);
	uint64_t hash = syn_cookie_hash(key, ends, period);
	uint32_t options = syn_cookie_mss_index(said->mss, ends->version) |
			   (uint32_t)said->sack << SYN_COOKIE_SACK_AT |
			   (uint32_t)said->wscale << SYN_COOKIE_WSCALE_AT;
	uint32_t bits = (uint32_t)hash & ~(1U << SYN_COOKIE_PERIOD_AT);

	*offset = (uint32_t)(hash >> 32);
	return (bits ^ options) | (uint32_t)(period & 1) << SYN_COOKIE_PERIOD_AT;
}

/*
 * Was the cookie made for this handshake, in this period or the one before? Then fills *said: the
 * MSS is what syn_cookie_mss() has of it.
 */
GLB_INLINE bool syn_cookie_check(struct syn_said *said, const struct syn_cookie_key *key,
				 const struct syn_ends *ends, uint32_t cookie, uint64_t now_ns)
{
	uint64_t period = syn_cookie_period(now_ns);

	if ((period & 1) != (cookie >> SYN_COOKIE_PERIOD_AT & 1))
		period--;

	uint32_t rest = cookie ^ (uint32_t)syn_cookie_hash(key, ends, period);
	uint32_t options = rest & SYN_COOKIE_OPTIONS_MASK;

	if (rest >> SYN_COOKIE_HASH_AT)
		return false;
	*said = (struct syn_said){
		.mss = syn_cookie_mss(options & SYN_COOKIE_MSS_MASK, ends->version),
		.sack = options >> SYN_COOKIE_SACK_AT & 1,
		.wscale = (uint8_t)(options >> SYN_COOKIE_WSCALE_AT),
	};
	return true;
}

#endif
