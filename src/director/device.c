/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "director/device.h"

void device_start(struct device *out, const struct device_state *state, uint64_t now_ms)
{
	*out = (struct device){.now = *state, .window_at_ms = now_ms};
}

static unsigned int changes_between(const struct device_state *old, const struct device_state *new)
{
	unsigned int changes = 0;

	if (new->is_up != old->is_up)
		changes |= new->is_up ? DEVICE_UP : DEVICE_DOWN;
	if (new->mtu != old->mtu)
		changes |= DEVICE_MTU;
	if (memcmp(new->mac, old->mac, GLB_MAC_LEN) != 0)
		changes |= DEVICE_MAC;
	return changes;
}

unsigned int device_hear(struct device *device, const struct device_state *state)
{
	struct device_state *now = &device->now;
	bool was_up = now->is_up;
	unsigned int changes;

	if (!state->ifindex) {
		changes = now->ifindex ? DEVICE_GONE : 0;
		now->ifindex = 0;
		now->is_up = false;
	} else {
		changes = changes_between(now, state);
		if (state->ifindex != now->ifindex)
			changes |= DEVICE_BACK;
		*now = *state;
	}
	device->changes += (unsigned int)__builtin_popcount(changes);
	device->downs += was_up && !now->is_up;
	return changes;
}

bool device_may_log(struct device *device)
{
	if (device->lines < DEVICE_LINES) {
		device->lines++;
		return true;
	}
	device->withheld++;
	return false;
}

unsigned int device_tick(struct device *device, uint64_t now_ms)
{
	unsigned int withheld = device->withheld;

	if (now_ms - device->window_at_ms < DEVICE_WINDOW_MS)
		return 0;
	device->window_at_ms = now_ms;
	device->lines = 0;
	device->withheld = 0;
	return withheld;
}
