/* SPDX-License-Identifier: BSD-3-Clause */
#include "vips.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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
			if (glb_addr_equal(&vips.list[i].address, &address))
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

static struct host_vip *find_vip(struct host_vips *vips, const struct glb_addr *address)
{
	for (unsigned int i = 0; i < vips->count; i++)
		if (glb_addr_equal(&vips->list[i].address, address))
			return &vips->list[i];
	return NULL;
}

/* Notes an address of the host. `finds`: it may be a VIP that is not listed yet. */
static void note_address(struct host_vips *vips, const struct host_address *one, bool finds)
{
	struct host_vip *vip = find_vip(vips, &one->address);

	if (!vip && finds && one->is_silent) {
		vips->more |= vips->count == HOST_VIPS_MAX;
		if (vips->count < HOST_VIPS_MAX) {
			vip = &vips->list[vips->count++];
			*vip = (struct host_vip){.address = one->address};
		}
	}
	if (!vip)
		return;
	(void)snprintf(vip->device, sizeof(vip->device), "%s", one->device);
	vip->prefix_len = one->prefix_len;
	vip->is_answered_for = !one->is_silent;
}

int host_vips_read(struct host_vips *out, const struct host_vips *given)
{
	struct host_addresses host;
	int error = host_addresses_read(&host);

	if (error)
		return error;
	if (given)
		*out = *given;
	else
		out->count = out->more = 0;
	for (size_t i = 0; i < host.count; i++)
		note_address(out, &host.list[i], !given);
	host_addresses_free(&host);
	return 0;
}

bool host_device_address(struct glb_addr *out, const char *device, uint8_t version)
{
	struct host_addresses host;
	bool found = false;

	if (host_addresses_read(&host))
		return false;
	for (size_t i = 0; i < host.count && !found; i++) {
		const struct host_address *one = &host.list[i];

		found = !strcmp(one->device, device) && one->address.version == version;
		if (found)
			*out = one->address;
	}
	host_addresses_free(&host);
	return found;
}
