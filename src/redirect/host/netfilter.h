/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do netfilter rules in this network namespace affect clients' connections?
 *
 * Rules that change the destination of a connection, or hand it to a listener on another port, keep
 * the program from finding its socket. Connection tracking still knows it (tracked.h).
 */
#ifndef GLB_REDIRECT_HOST_NETFILTER_H
#define GLB_REDIRECT_HOST_NETFILTER_H

#include "netlink.h"

struct netfilter_rules {
	bool translate; /* a rule changes the destination: DNAT, redirect */
	bool tproxy;	/* a rule uses TPROXY */
	bool synproxy;	/* a rule uses SYNPROXY */
	bool track;	/* a rule needs connection tracking, so it is active */
};

/*
 * Calls see() for every object of a kind, as in linux/netfilter/nfnetlink.h, of this network
 * namespace. True if it was all; false if some may be missing or the kernel refused.
 */
bool netfilter_ask(uint8_t subsystem, uint8_t message, netlink_see *see, void *found);

/*
 * Reads the rules of nftables, including those of the iptables front end. Of legacy iptables only
 * the table names are read: a NAT table counts as a rule that translates. Without CAP_NET_ADMIN, or
 * on any other error, all are false.
 */
void netfilter_read_rules(struct netfilter_rules *rules);

/*
 * Sends connection tracking a request, so that a kernel that has it as a module loads it: a BPF
 * program can only call functions that exist when it is loaded. Does not start tracking.
 */
void netfilter_load_conntrack(void);

#endif
