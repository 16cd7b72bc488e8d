/* SPDX-License-Identifier: BSD-3-Clause */
#include "host_vips.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <glb/net.h>

#include "conf/addr.h"

int host_vips_parse(struct host_vips *out, const char *text, char why[HOST_VIPS_WHY_LEN])
{
	struct host_vips vips = {.count = 0};

	for (const char *at = text;; at += strcspn(at, ",") + 1) {
		struct glb_addr address;
		const char *fault = NULL;
		char one[ADDR_TEXT_LEN];
		size_t len = strcspn(at, ",");

		(void)snprintf(one, sizeof(one), "%.*s", (int)len, at);
		if (vips.count == HOST_VIPS_MAX)
			fault = "one too many; there may be 256";
		else if (len >= sizeof(one) || !addr_parse(&address, one))
			fault = "not an address, such as 192.0.2.10 or 2001:db8::10";
		else if (!glb_is_host(address.bytes, address.version))
			fault = "not an address that a host can have";
		for (unsigned int i = 0; !fault && i < vips.count; i++)
			if (!memcmp(&vips.list[i].address, &address, sizeof(address)))
				fault = "listed twice";
		if (fault) {
			(void)snprintf(why, HOST_VIPS_WHY_LEN, "--vip: '%s': %s", one, fault);
			return -EINVAL;
		}
		vips.list[vips.count++].address = address;
		if (!at[len])
			break;
	}
	*out = vips;
	return 0;
}

/* False: neither IPv4 nor IPv6, or not an address for others. */
static bool read_address(struct glb_addr *out, const struct sockaddr *from)
{
	struct glb_addr address = {.version = 0};

	if (!from || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
		return false;
	if (from->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, from, sizeof(v4));
		address.version = 4;
		memcpy(address.bytes, &v4.sin_addr, 4);
	} else {
		struct sockaddr_in6 v6;

		memcpy(&v6, from, sizeof(v6));
		address.version = 6;
		memcpy(address.bytes, &v6.sin6_addr, 16);
		if (address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80)
			return false;
	}
	if (!glb_is_host(address.bytes, address.version))
		return false;
	*out = address;
	return true;
}

static uint8_t prefix_len_of(const struct sockaddr *mask)
{
	const uint8_t *bytes = (const uint8_t *)mask;
	unsigned int bits = 0;

	if (!mask)
		return 0;

	bool v4 = mask->sa_family == AF_INET;
	size_t at = v4 ? offsetof(struct sockaddr_in, sin_addr)
		       : offsetof(struct sockaddr_in6, sin6_addr);

	for (size_t i = 0; i < (v4 ? 4 : 16); i++)
		bits += (unsigned int)__builtin_popcount(bytes[at + i]);
	return (uint8_t)bits;
}

static struct host_vip *find_vip(struct host_vips *vips, const struct glb_addr *address)
{
	for (unsigned int i = 0; i < vips->count; i++)
		if (!memcmp(&vips->list[i].address, address, sizeof(*address)))
			return &vips->list[i];
	return NULL;
}

/* Notes an address of the host. `finds`: it may be a VIP that is not listed yet. */
static void note_address(struct host_vips *vips, const struct ifaddrs *one, bool finds)
{
	bool silent =
		one->ifa_flags & (IFF_LOOPBACK | IFF_NOARP) && !(one->ifa_flags & IFF_POINTOPOINT);
	struct glb_addr address;

	if (!read_address(&address, one->ifa_addr))
		return;

	struct host_vip *vip = find_vip(vips, &address);

	if (!vip && finds && silent) {
		vips->more |= vips->count == HOST_VIPS_MAX;
		if (vips->count < HOST_VIPS_MAX) {
			vip = &vips->list[vips->count++];
			*vip = (struct host_vip){.address = address};
		}
	}
	if (!vip)
		return;
	(void)snprintf(vip->device, sizeof(vip->device), "%s", one->ifa_name);
	vip->prefix_len = prefix_len_of(one->ifa_netmask);
	vip->is_answered_for = !silent;
}

int host_vips_read(struct host_vips *out, const struct host_vips *given)
{
	struct ifaddrs *all;

	if (getifaddrs(&all))
		return -errno;
	if (given)
		*out = *given;
	else
		out->count = out->more = 0;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		note_address(out, one, !given);
	freeifaddrs(all);
	return 0;
}

bool host_device_address(struct glb_addr *out, const char *device, uint8_t version)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all))
		return false;
	for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next)
		found = !strcmp(one->ifa_name, device) && read_address(out, one->ifa_addr) &&
			out->version == version;
	freeifaddrs(all);
	return found;
}
