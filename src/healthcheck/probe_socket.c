/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "probe_socket.h"

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

/* Without IP_RECVERR a socket hears of closed ports only: of hosts and networks it may be passing.
 */
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

/* Is the link up whose address this is? Yes, if that cannot be found out. */
static bool link_is_up(const struct glb_addr *own)
{
	struct ifaddrs *all;
	bool up = true;

	if (getifaddrs(&all))
		return true;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
		struct sockaddr_storage in = {0};

		if (!one->ifa_addr ||
		    (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
			continue;
		memcpy(&in, one->ifa_addr,
		       one->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
							   : sizeof(struct sockaddr_in6));

		const struct glb_addr addr = probe_addr_of(&in);

		if (glb_addr_equal(&addr, own))
			up = one->ifa_flags & IFF_RUNNING;
	}
	freeifaddrs(all);
	return up;
}

/* Has this host a route to an address, and does the link carry that its packets come from? */
static bool has_way(const struct glb_addr *addr)
{
	enum { DISCARD_PORT = 9 }; /* any: a datagram socket that connects sends nothing */
	struct sockaddr_storage name;
	socklen_t len = probe_sockaddr(&name, addr, DISCARD_PORT);
	int fd = socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has = true;

	if (fd < 0)
		return true;
	if (connect(fd, (const struct sockaddr *)&name, len)) {
		has = false;
	} else {
		len = sizeof(name);
		if (!getsockname(fd, (struct sockaddr *)&name, &len)) {
			const struct glb_addr own = probe_addr_of(&name);

			has = link_is_up(&own);
		}
	}
	(void)close(fd);
	return has;
}

enum probe_reason probe_reason_of(const struct glb_addr *addr, int err)
{
	switch (err) {
	case ECONNREFUSED:
		return PROBE_REFUSED;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETUNREACH:
	case EACCES:	  /* ICMPv6 "administratively prohibited", or a route that prohibits */
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
