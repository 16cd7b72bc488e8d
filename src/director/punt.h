/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which punted packets does the kernel get when there are more than its share of time permits?
 *
 * Half of a port's rate is shared by all packets, and an eighth is reserved for each of four kinds:
 * so a flood of one kind, even ARP, never takes the others' part. The kernel's own addresses are
 * learned from what it sends, as the host behind a twin may be anywhere: in another network
 * namespace, with VLAN interfaces, in a virtual machine.
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
	PUNT_ROUTING = 2, /* BGP, BFD (RFC 5881, 5883), OSPF, IS-IS, link-local groups */
	PUNT_HOST = 4,	  /* to an address that the kernel has sent from */
	PUNT_OTHER = 8,	  /* none of these */
};
enum { PUNT_KINDS = 4 };

enum {
	PUNT_SHARED_BURST = 512, /* burst of packets of any kind; */
	PUNT_KIND_BURST = 128,	 /* and of each kind: together a full ring */
	PUNT_HOSTS_BITS = 14,
	PUNT_HOSTS_WORDS = (1 << PUNT_HOSTS_BITS) / 64,
};

/*
 * What was used of a port's rate: per part, the time up to which it is spent. Used by any number of
 * threads concurrently. All zeros: nothing.
 */
struct punt_budget {
	uint64_t shared_ns;
	uint64_t kinds_ns[PUNT_KINDS];
} __attribute__((aligned(64)));

/*
 * The kernel's own addresses, as hashes: with up to ten of them, a different address is mistaken
 * for one once in a thousand times. Written by one thread, read by any. All zeros: none.
 */
struct punt_hosts {
	uint64_t words[2][PUNT_HOSTS_WORDS]; /* for the current period and the one before */
	uint64_t since_ns;		     /* start of the current period */
	uint8_t current;
};
enum { PUNT_HOSTS_PERIOD_S = 300 };

/* Returns a set of enum punt_kind; never empty. hosts may be NULL. */
uint8_t punt_kinds(const struct punt_hosts *hosts, const uint8_t *frame, uint32_t len);

/*
 * May a frame pass? interval_ns is a second divided by the packets that may pass in it; 0: no
 * limit. now_ns is from any clock that does not go backwards.
 */
bool punt_pass(struct punt_budget *budget, uint32_t interval_ns, uint64_t now_ns, uint8_t kinds);

/* The same for the shared part: the kinds of packets that pass need not be determined. */
bool punt_pass_shared(struct punt_budget *budget, uint32_t interval_ns, uint64_t now_ns);

/* Learns the source address of a frame sent by the kernel. Called by one thread only. */
void punt_learn(struct punt_hosts *hosts, const uint8_t *frame, uint32_t len, uint64_t now_ns);

#endif
