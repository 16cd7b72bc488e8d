/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the host's kernel do with its own copy of a packet to a VIP?
 *
 * With net_af_packet and net_pcap the kernel gets every frame that the director gets. That is how
 * ARP, BGP and SSH work there, and is harmless as long as the kernel silently drops packets for
 * VIPs: otherwise a client gets a reset or an ICMP error for a connection that a proxy serves, or
 * proxies get packets twice.
 *
 * No system calls: src/director/host.h queries the kernel.
 */
#ifndef DIRECTOR_COPY_H
#define DIRECTOR_COPY_H

#include <stdbool.h>
#include <stdint.h>

/* The result of looking an address up in the kernel's routing tables. */
enum copy_route {
	COPY_NO_ROUTE,	/* including types unreachable, prohibit and throw */
	COPY_BLACKHOLE, /* dropped silently */
	COPY_LOCAL,	/* the host's own: local or anycast */
	COPY_ELSEWHERE, /* unicast */
	COPY_GROUP,	/* broadcast or multicast */
};

enum copy_fate {
	COPY_DROPPED,	/* as it should be */
	COPY_ANSWERED,	/* by a socket of the host, or with a reset */
	COPY_FORWARDED, /* as by a router */
	COPY_REJECTED,	/* with an ICMP error to the client */
};

/* Settings of the host, for the device that the packet arrived on. */
struct copy_host {
	bool forwards4;	   /* net.ipv4.conf.DEVICE.forwarding */
	bool forwards6;	   /* net.ipv6.conf.all.forwarding, or DEVICE.force_forwarding */
	bool disabled6;	   /* net.ipv6.conf.DEVICE.disable_ipv6: all IPv6 is dropped on arrival */
	bool has_gateway6; /* clients are reachable: there are IPv6 routes through gateways */
};

/*
 * The fate of the kernel's copy for an address of this IP version. Hosts that are not routers
 * silently drop IPv4 packets for others (RFC 1122 section 3.2.1.3), but Linux sends "no route" for
 * IPv6 packets without a route.
 */
enum copy_fate copy_fate(const struct copy_host *host, uint8_t version, enum copy_route route);

#endif
