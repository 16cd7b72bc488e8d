/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May one more ICMP answer be sent?
 *
 * Each kind of answer has a limit of its own, so a flood that asks for one kind takes nothing from
 * the others. A limit is a token bucket, and has smaller ones inside: an answer that is within the
 * share of its table, its VIP and its client's network may still be sent when a flood has used up
 * all that anybody may have. So whoever floods one VIP, or all of them from one network, or invents
 * clients or addresses below a bound prefix, silences nobody but those who share its buckets.
 *
 * Who is where is decided by a hash, so memory is fixed and nothing is allocated.
 */
#ifndef GLB_LIMIT_H
#define GLB_LIMIT_H

#include <glb/parse.h>

enum {
	GLB_ANSWER_BURST = 100,	 /* answers of a kind that anybody may be sent at once */
	GLB_SHARE_BUCKETS = 256, /* of each kind of share */
	GLB_CLIENT_LEN4 = 3,	 /* bytes of an address that say which network a client is in: */
	GLB_CLIENT_LEN6 = 6,	 /* 198.51.100.0/24, 2001:db8:1::/48 */
};

/* A share is the limit over 2 to the power of `shift`, but at least one answer a second. */
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

/* One token bucket. All 0: full. */
struct glb_budget {
	uint64_t at_ns; /* when spent was right */
	uint64_t spent; /* parts of a second's worth: 1,000,000,000 are one answer */
};

/* Of one kind of answer. All 0: nothing sent yet. */
struct glb_limit {
	struct glb_budget all;
	struct glb_budget shares[GLB_SHARE_COUNT][GLB_SHARE_BUCKETS];
};

/* Which bucket of each kind of share an answer is taken from. */
struct glb_shares {
	uint8_t bucket[GLB_SHARE_COUNT];
};
_Static_assert(GLB_SHARE_BUCKETS == 1 << 8, "any byte is a bucket");

/* The shares that an answer to the client of a flow is part of; table: index of the flow's. */
struct glb_shares glb_shares_of(const struct glb_flow *flow, uint32_t table);

/*
 * Takes one answer out of a limit, and out of its shares if all of these have one left. False, and
 * nothing is taken, when the limit has none left for it:
 *
 *   per_second  how many flow back every second, at least 1. At most min(per_second,
 *               GLB_ANSWER_BURST) can be taken at once, and half as many again within shares. May
 *               change from call to call
 *   now_ns      on any clock. Where it goes back, time stands still
 */
bool glb_limit_take(struct glb_limit *limit, uint32_t per_second, const struct glb_shares *shares,
		    uint64_t now_ns);

#endif
