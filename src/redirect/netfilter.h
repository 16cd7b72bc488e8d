/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the rules of netfilter in this network namespace do to the connections of clients?
 *
 * Rules that change the destination of a connection, or hand it to a listener on another port, keep
 * the program from finding its socket. Connection tracking knows it nevertheless (tracked.h).
 */
#ifndef GLB_REDIRECT_NETFILTER_H
#define GLB_REDIRECT_NETFILTER_H

#include <glb/bytes.h>

struct netfilter_rules {
	bool translate; /* there is one that changes the destination: DNAT, redirect */
	bool tproxy;	/* there is one of TPROXY */
	bool synproxy;	/* there is one of SYNPROXY */
	bool track;	/* there is one that needs connection tracking, which therefore works */
};

/*
 * Reads the rules of nftables, and of iptables where that is a front end of it. Of the older
 * iptables only the names of its tables are read: one of NAT counts as a rule that translates.
 * Where they cannot be read, as without CAP_NET_ADMIN, there are none.
 */
void netfilter_read_rules(struct netfilter_rules *rules);

/*
 * Asks for something of connection tracking, so that a kernel that has it as a module loads that:
 * a program can only call what is there when the program is loaded. Nothing is tracked for it.
 */
void netfilter_load_conntrack(void);

#endif
