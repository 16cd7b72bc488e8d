/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
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

/* Does this host's own table of routes lead to an address? Yes, if it cannot be asked. */
static bool has_route(const struct glb_addr *addr)
{
	enum { DISCARD_PORT = 9 }; /* any: a datagram socket that connects sends nothing */
	struct sockaddr_storage to;
	socklen_t len = probe_sockaddr(&to, addr, DISCARD_PORT);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return true;

	bool found = !connect(fd, (const struct sockaddr *)&to, len);

	(void)close(fd);
	return found;
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
		return has_route(addr) ? PROBE_UNREACHABLE : PROBE_LOCAL;
	case ETIMEDOUT:
		return PROBE_TIMEOUT;
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
		return PROBE_RESET;
	default:
		return PROBE_LOCAL;
	}
}
