/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the host's kernel do with its own copy of a packet to a VIP?
 *
 * Below net_af_packet and net_pcap the kernel gets every frame that the director gets. That is how
 * ARP, BGP and SSH work there, and harmless as long as the kernel silently drops what is for a VIP:
 * otherwise a client gets a reset or an ICMP error for a connection that a proxy serves, or proxies
 * get packets twice.
 *
 * No system calls: src/director/host.h asks the kernel.
 */
#ifndef DIRECTOR_COPY_H
#define DIRECTOR_COPY_H

#include <stdbool.h>
#include <stdint.h>

/* What the kernel's routing tables say of an address. */
enum copy_route {
	COPY_NO_ROUTE,	/* or one of type unreachable, prohibit or throw */
	COPY_BLACKHOLE, /* dropped without a word */
	COPY_LOCAL,	/* it is the host's own: local or anycast */
	COPY_ELSEWHERE, /* unicast */
	COPY_GROUP,	/* broadcast or multicast */
};

enum copy_fate {
	COPY_DROPPED,	/* as it should be */
	COPY_ANSWERED,	/* by a socket of the host, or with a reset */
	COPY_FORWARDED, /* as a router would */
	COPY_REJECTED,	/* with an ICMP error to the client */
};

/* Settings of the host, for the device that the packet arrived on. */
struct copy_host {
	bool forwards4;	   /* net.ipv4.conf.DEVICE.forwarding */
	bool forwards6;	   /* net.ipv6.conf.all.forwarding, or DEVICE.force_forwarding */
	bool disabled6;	   /* net.ipv6.conf.DEVICE.disable_ipv6: all IPv6 is dropped on arrival */
	bool has_gateway6; /* clients can be reached: there are IPv6 routes through gateways */
};

/*
 * The fate of a copy for an address of this IP version. Hosts that are no routers are silent about
 * IPv4 packets that are not theirs (RFC 1122, 3.2.1.3), but Linux sends "no route" for IPv6 ones
 * for which it has none.
 */
enum copy_fate copy_fate(const struct copy_host *host, uint8_t version, enum copy_route route);

#endif
