/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which punted packets does the kernel get, when there are more than it is given time for?
 *
 * Of the rate of a port, half is for whatever comes first, and an eighth each is kept for four
 * kinds of packets: so a flood of one kind, be it ARP, never takes the others' part. The kernel's
 * own addresses are learned from what it sends, since the host behind a twin may be any: in another
 * network namespace, with VLAN interfaces, in a virtual machine.
 *
 * No DPDK, no clock: src/director/twin.c has both.
 */
#ifndef DIRECTOR_PUNT_H
#define DIRECTOR_PUNT_H

#include <stdbool.h>
#include <stdint.h>

#include <glb/bytes.h>

/* Bits of a set: a packet may be of several kinds. */
enum punt_kind {
	PUNT_LINK = 1,	  /* what keeps the port a neighbour: ARP, ND (RFC 4861), LACP, LLDP */
	PUNT_ROUTING = 2, /* BGP, BFD (RFC 5881, 5883), OSPF, IS-IS, groups of this link alone */
	PUNT_HOST = 4,	  /* to an address that the kernel has sent from */
	PUNT_OTHER = 8,	  /* none of these */
};
enum { PUNT_KINDS = 4 };

enum {
	PUNT_SHARED_BURST = 512, /* packets at once, of whatever kind; */
	PUNT_KIND_BURST = 128,	 /* and of each kind: together a ring full */
	PUNT_HOSTS_BITS = 14,
	PUNT_HOSTS_WORDS = (1 << PUNT_HOSTS_BITS) / 64,
};

/*
 * What was taken of a port's rate: for each part, the time up to which it is spent. Any number of
 * threads may take from it. All 0: nothing was.
 */
struct punt_budget {
	uint64_t shared_ns;
	uint64_t kinds_ns[PUNT_KINDS];
} __attribute__((aligned(64)));

/*
 * The kernel's own addresses, as hashes: one that is not its own is found there once in a thousand
 * times, even with ten that are. Written by one thread, read by any. All 0: none.
 */
struct punt_hosts {
	uint64_t words[2][PUNT_HOSTS_WORDS]; /* of the current period, and of that before */
	uint64_t since_ns;		     /* when the current period began */
	uint8_t current;
};
enum { PUNT_HOSTS_PERIOD_S = 300 };

/* Set of enum punt_kind; never empty. hosts may be NULL. */
uint8_t punt_kinds(const struct punt_hosts *hosts, const uint8_t *frame, uint32_t len);

/*
 * May a frame pass? interval_ns is that of the port's rate: a second divided by the packets that
 * may pass in it; 0: all may. now_ns comes from any clock that does not go back.
 */
bool punt_pass(struct punt_budget *budget, uint32_t interval_ns, uint64_t now_ns, uint8_t kinds);

/* The same, of the part that is for any kind: nobody has to find out the kinds of what passes. */
bool punt_pass_shared(struct punt_budget *budget, uint32_t interval_ns, uint64_t now_ns);

/* Learns from a frame that the kernel sent whose address it has. Only by one thread. */
void punt_learn(struct punt_hosts *hosts, const uint8_t *frame, uint32_t len, uint64_t now_ns);

#endif
