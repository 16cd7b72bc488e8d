/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "socket.h"

socklen_t probe_sockaddr(struct sockaddr_storage *out, const struct glb_addr *addr, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	*out = (struct sockaddr_storage){0};
	if (addr->version == 4) {
		memcpy(&v4.sin_addr, addr->bytes, sizeof(v4.sin_addr));
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, addr->bytes, sizeof(v6.sin6_addr));
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}

struct glb_addr probe_addr_of(const struct sockaddr_storage *in)
{
	struct glb_addr out = {.version = in->ss_family == AF_INET6 ? 6 : 4};
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (out.version == 4) {
		memcpy(&v4, in, sizeof(v4));
		memcpy(out.bytes, &v4.sin_addr, sizeof(v4.sin_addr));
	} else {
		memcpy(&v6, in, sizeof(v6));
		memcpy(out.bytes, &v6.sin6_addr, sizeof(v6.sin6_addr));
	}
	return out;
}

/* Without IP_RECVERR a socket reports closed ports only; errors about hosts and networks count as
 * transient. */
int probe_udp_socket(const struct glb_addr *addr, uint16_t port)
{
	const int on = 1;
	struct sockaddr_storage to;
	socklen_t len = probe_sockaddr(&to, addr, port);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (addr->version == 4)
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)&to, len)) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	return fd;
}

bool probe_has_route(struct glb_addr *own, const struct glb_addr *addr)
{
	enum { DISCARD_PORT = 9 }; /* arbitrary: connecting a datagram socket sends nothing */
	struct sockaddr_storage name;
	socklen_t len = probe_sockaddr(&name, addr, DISCARD_PORT);
	int fd = socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct glb_addr found = {.version = 0};
	bool has = true;

	if (fd >= 0) {
		has = !connect(fd, (const struct sockaddr *)&name, len);
		len = sizeof(name);
		if (has && !getsockname(fd, (struct sockaddr *)&name, &len))
			found = probe_addr_of(&name);
		(void)close(fd);
	}
	if (has)
		*own = found;
	return has;
}

static bool probe_socket_is_of(const struct ifaddrs *one, const struct glb_addr *own)
{
	const struct sockaddr *addr = one->ifa_addr;
	struct sockaddr_storage copy = {0};

	if (!addr || (addr->sa_family != AF_INET && addr->sa_family != AF_INET6))
		return false;
	memcpy(&copy, addr,
	       addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
					  : sizeof(struct sockaddr_in6));

	const struct glb_addr found = probe_addr_of(&copy);

	return glb_addr_equal(&found, own);
}

bool probe_has_carrier(const struct glb_addr *own)
{
	struct ifaddrs *all;
	bool has = true;

	if (getifaddrs(&all))
		return true;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		if (probe_socket_is_of(one, own))
			has = one->ifa_flags & IFF_RUNNING;
	freeifaddrs(all);
	return has;
}

static bool has_way(const struct glb_addr *addr)
{
	struct glb_addr own;

	return probe_has_route(&own, addr) && probe_has_carrier(&own);
}

enum probe_reason probe_reason_of(const struct glb_addr *addr, int err)
{
	switch (err) {
	case ECONNREFUSED:
		return PROBE_REFUSED;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETUNREACH:
	case EACCES:	  /* ICMPv6 "administratively prohibited", or a prohibit route */
	case ENOPROTOOPT: /* ICMP "protocol unreachable" */
		return has_way(addr) ? PROBE_UNREACHABLE : PROBE_LOCAL;
	case ETIMEDOUT:
		return has_way(addr) ? PROBE_TIMEOUT : PROBE_LOCAL;
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
		return PROBE_RESET;
	default:
		return PROBE_LOCAL;
	}
}
