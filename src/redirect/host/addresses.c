/* SPDX-License-Identifier: BSD-3-Clause */
#include "addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <glb/net.h>

bool host_can_be_vip(const struct glb_addr *address)
{
	bool link_local = address->version == 6 && address->bytes[0] == 0xfe &&
			  (address->bytes[1] & 0xc0) == 0x80;

	return address->version && glb_is_host(address->bytes, address->version) && !link_local;
}

/* Where the bytes of an address are in a socket address of its family. */
static size_t bytes_at(sa_family_t family)
{
	return family == AF_INET ? offsetof(struct sockaddr_in, sin_addr)
				 : offsetof(struct sockaddr_in6, sin6_addr);
}

static uint8_t prefix_len_of(const struct sockaddr *mask, uint8_t version)
{
	unsigned int bits = 0;

	if (!mask)
		return 0;

	const uint8_t *bytes = (const uint8_t *)mask + bytes_at(version == 4 ? AF_INET : AF_INET6);

	for (size_t i = 0; i < (version == 4 ? 4 : 16); i++)
		bits += (unsigned int)__builtin_popcount(bytes[i]);
	return (uint8_t)bits;
}

/* False if it is no address that a VIP can have. */
static bool read_host_address(struct host_address *out, const struct ifaddrs *from)
{
	const unsigned int silent = IFF_LOOPBACK | IFF_NOARP;
	sa_family_t family = from->ifa_addr ? from->ifa_addr->sa_family : AF_UNSPEC;

	*out = (struct host_address){
		.is_silent = from->ifa_flags & silent && !(from->ifa_flags & IFF_POINTOPOINT),
	};
	if (family != AF_INET && family != AF_INET6)
		return false;
	out->address.version = family == AF_INET ? 4 : 6;
	memcpy(out->address.bytes, (const uint8_t *)from->ifa_addr + bytes_at(family),
	       family == AF_INET ? 4 : 16);
	out->prefix_len = prefix_len_of(from->ifa_netmask, out->address.version);
	(void)snprintf(out->device, sizeof(out->device), "%s", from->ifa_name);
	return host_can_be_vip(&out->address);
}

int host_addresses_read(struct host_addresses *out)
{
	struct host_addresses found = {0};
	struct ifaddrs *all;
	size_t room = 0;

	if (getifaddrs(&all))
		return -errno;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		room++;
	found.list = calloc(room + 1, sizeof(*found.list));
	for (const struct ifaddrs *one = all; found.list && one; one = one->ifa_next)
		found.count += read_host_address(&found.list[found.count], one);
	freeifaddrs(all);
	if (!found.list)
		return -ENOMEM;
	*out = found;
	return 0;
}

void host_addresses_free(struct host_addresses *addresses)
{
	free(addresses->list);
	*addresses = (struct host_addresses){0};
}

const struct host_address *host_addresses_find(const struct host_addresses *addresses,
					       const struct glb_addr *address)
{
	const struct host_address *found = NULL;

	for (size_t i = 0; i < addresses->count; i++) {
		const struct host_address *one = &addresses->list[i];

		if (!glb_addr_equal(&one->address, address))
			continue;
		if (one->is_silent)
			return one;
		found = one;
	}
	return found;
}
