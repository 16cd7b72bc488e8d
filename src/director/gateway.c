/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "director/gateway.h"

static const uint8_t no_mac[GLB_MAC_LEN];

void gateway_start(struct gateway *out, const struct port_conf *conf,
		   const uint8_t mac[GLB_MAC_LEN], uint64_t now_ms)
{
	*out = (struct gateway){
		.addr = conf->gateway_addr,
		.state = NEIGHBOUR_LOST,
		.lost_at_ms = now_ms,
	};
	memcpy(out->port, conf->name, sizeof(out->port));
	memcpy(out->interface, conf->gateway_interface, sizeof(out->interface));
	memcpy(out->mac, mac, GLB_MAC_LEN);
}

bool gateway_is_for(const struct gateway *gateway, const struct port_conf *conf)
{
	return gateway->addr.version && glb_addr_equal(&gateway->addr, &conf->gateway_addr) &&
	       !strcmp(gateway->interface, conf->gateway_interface);
}

bool gateway_has_mac(const struct gateway *gateway)
{
	return memcmp(gateway->mac, no_mac, GLB_MAC_LEN) != 0;
}

static enum gateway_event lose(struct gateway *gateway, uint64_t now_ms)
{
	if (gateway->state == NEIGHBOUR_LOST)
		return GATEWAY_SAME;
	gateway->state = NEIGHBOUR_LOST;
	gateway->lost_at_ms = now_ms;
	gateway->asked_at_ms = 0; /* at once */
	return GATEWAY_LOST;
}

static enum gateway_event gateway_take(struct gateway *gateway, const struct neighbour *neighbour)
{
	enum gateway_event event = gateway->state == NEIGHBOUR_LOST ? GATEWAY_BACK : GATEWAY_SAME;

	if (!gateway_has_mac(gateway))
		event = GATEWAY_FOUND;
	else if (memcmp(gateway->mac, neighbour->mac, GLB_MAC_LEN) != 0)
		event = GATEWAY_MOVED;
	gateway->state = neighbour->state;
	gateway->ifindex = neighbour->ifindex;
	memcpy(gateway->mac, neighbour->mac, GLB_MAC_LEN);
	return event;
}

/*
 * An address may be a neighbour on several interfaces. If none is configured, the first interface
 * that resolves it is used until it no longer does.
 */
static bool counts(const struct gateway *gateway, const struct neighbour *neighbour)
{
	if (!gateway->addr.version || !glb_addr_equal(&gateway->addr, &neighbour->addr))
		return false;
	if (gateway->ifindex == neighbour->ifindex)
		return true;
	return !*gateway->interface && gateway->state == NEIGHBOUR_LOST &&
	       neighbour->state != NEIGHBOUR_LOST;
}

enum gateway_event gateway_hear(struct gateway *gateway, const struct neighbour *neighbour,
				uint64_t now_ms)
{
	if (!counts(gateway, neighbour))
		return GATEWAY_SAME;
	gateway->listed = true;
	return neighbour->state == NEIGHBOUR_LOST ? lose(gateway, now_ms)
						  : gateway_take(gateway, neighbour);
}

void gateway_list_starts(struct gateway *gateway)
{
	gateway->listed = false;
}

enum gateway_event gateway_list_ends(struct gateway *gateway, uint64_t now_ms)
{
	return gateway->listed ? GATEWAY_SAME : lose(gateway, now_ms);
}

enum gateway_event gateway_tick(struct gateway *gateway, uint64_t now_ms)
{
	if (gateway->state != NEIGHBOUR_LOST || !gateway_has_mac(gateway) ||
	    now_ms - gateway->lost_at_ms < GATEWAY_HOLD_MS)
		return GATEWAY_SAME;
	memcpy(gateway->mac, no_mac, GLB_MAC_LEN);
	return GATEWAY_GIVEN_UP;
}

bool gateway_is_due(struct gateway *gateway, uint64_t now_ms)
{
	if (!gateway->addr.version || gateway->state == NEIGHBOUR_SURE ||
	    (gateway->asked_at_ms && now_ms - gateway->asked_at_ms < GATEWAY_ASK_MS))
		return false;
	gateway->asked_at_ms = now_ms;
	return true;
}
