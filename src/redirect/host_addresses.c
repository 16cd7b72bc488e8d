/* SPDX-License-Identifier: BSD-3-Clause */
#include "host_addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <glb/net.h>

bool vip_is_possible(const struct vip *vip)
{
	const uint8_t *bytes = (const uint8_t *)vip->words;
	bool link_local = vip->version == 6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;

	return vip->version && glb_is_host(bytes, (uint8_t)vip->version) && !link_local;
}

/* False if it is no address that a VIP can have. */
static bool read_host_address(struct host_address *out, const struct ifaddrs *from)
{
	const unsigned int silent = IFF_LOOPBACK | IFF_NOARP;

	*out = (struct host_address){
		.is_silent = from->ifa_flags & silent && !(from->ifa_flags & IFF_POINTOPOINT),
	};
	if (from->ifa_addr && from->ifa_addr->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, from->ifa_addr, sizeof(v4));
		memcpy(out->address.words, &v4.sin_addr, sizeof(v4.sin_addr));
		out->address.version = 4;
	} else if (from->ifa_addr && from->ifa_addr->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, from->ifa_addr, sizeof(v6));
		memcpy(out->address.words, &v6.sin6_addr, sizeof(v6.sin6_addr));
		out->address.version = 6;
	}
	return vip_is_possible(&out->address);
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
					       const struct vip *address)
{
	const struct host_address *found = NULL;

	for (size_t i = 0; i < addresses->count; i++) {
		const struct host_address *one = &addresses->list[i];

		if (memcmp(&one->address, address, sizeof(*address)) != 0)
			continue;
		if (one->is_silent)
			return one;
		found = one;
	}
	return found;
}
