/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May one more ICMP reply be sent?
 *
 * Each kind of reply has its own limit, so a flood that triggers one kind does not affect the
 * others. A limit is a token bucket that contains smaller ones: a reply within the share of its
 * table, its VIP and its client's network may still be sent when a flood has used up what is
 * available to all. So a flood at one VIP, from one network, from spoofed clients or to addresses
 * of a bound prefix silences only those who share its buckets.
 *
 * Shares are assigned to buckets by a hash, so memory is fixed and nothing is allocated.
 */
#ifndef GLB_TOKEN_BUCKET_H
#define GLB_TOKEN_BUCKET_H

#include <glb/parse.h>

enum {
	GLB_ICMP_REPLY_BURST = 100, /* replies of a kind that can be sent at once */
	GLB_SHARE_BUCKETS = 256,    /* per kind of share */
	GLB_CLIENT_LEN4 = 3,	    /* bytes of an address that identify a client's network: */
	GLB_CLIENT_LEN6 = 6,	    /* 198.51.100.0/24, 2001:db8:1::/48 */
};

/* A share is the limit divided by 2^shift, but at least one reply per second. */
#define GLB_SHARES(X)                                                                              \
	X(TABLE, 1)                                                                                \
	X(VIP, 3)                                                                                  \
	X(CLIENT, 5)

enum glb_share {
#define GLB_SHARE_ENUM(name, shift) GLB_SHARE_##name,
	GLB_SHARES(GLB_SHARE_ENUM)
#undef GLB_SHARE_ENUM
		GLB_SHARE_COUNT
};

/* One token bucket. All zeros: full. */
struct glb_token_bucket {
	uint64_t at_ns; /* time of the last update of `spent` */
	uint64_t spent; /* in units of 1/1,000,000,000 of a reply; at most 1.5 *
			   GLB_ICMP_REPLY_BURST replies */
};

/* The limit of one kind of reply. Initially all zeros. */
struct glb_token_buckets {
	struct glb_token_bucket all;
	struct glb_token_bucket shares[GLB_SHARE_COUNT][GLB_SHARE_BUCKETS];
};

/* The bucket of each kind of share that a reply belongs to. */
struct glb_shares {
	uint8_t bucket[GLB_SHARE_COUNT];
};
_Static_assert(GLB_SHARE_BUCKETS == 1 << 8, "any byte is a bucket");

/*
 * The shares that a reply to a client belongs to, whose packet was from src to dst, addresses of
 * that IP version. `table` is the index of the flow's table.
 */
struct glb_shares glb_shares_of(const uint8_t *src, const uint8_t *dst, uint8_t version,
				uint32_t table);

/*
 * Takes one reply from a limit, and from its shares if all of them have one left. Returns false,
 * with nothing taken, if there is none left.
 *
 * per_second  replies added per second, at least 1. At most min(per_second,
 *             GLB_ICMP_REPLY_BURST) can be taken in a burst, and half as many again within
 *             shares. May change between calls
 * now_ns      from any clock. If it goes backwards, no time has passed
 */
bool glb_token_buckets_take(struct glb_token_buckets *buckets, uint32_t per_second,
			    const struct glb_shares *shares, uint64_t now_ns);

#endif
