/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a frame addressed to the port that received it?
 *
 * Devices of the kernel hear other hosts' frames, too. Those must not be forwarded: who they are
 * for does that, or would find them twice.
 */
#ifndef CORE_INGRESS_H
#define CORE_INGRESS_H

#include <string.h>

#include <glb/generation.h>

/* Not 0 where the first 8 bytes of a frame, little-endian, begin with another address. */
GLB_INLINE uint64_t ingress_differs(uint64_t head, uint64_t mac, uint64_t mask)
{
	return (head ^ mac) & mask;
}

/* Do these bytes begin with one of the addresses that a port has besides its own? */
static bool ingress_lists(const struct glb_generation *gen, uint8_t id, uint64_t head)
{
	const struct glb_port *port = &gen->settings.ports[id];

	for (unsigned int i = 0; i < port->mac_count; i++) {
		uint8_t mac[8] = {0};

		memcpy(mac, port->macs[i], GLB_MAC_LEN);
		if (!ingress_differs(head, glb_load_le64(mac), gen->ingress[id].mask))
			return true;
	}
	return false;
}

/* Are these the first 8 bytes of a frame to the port? */
GLB_INLINE bool ingress_takes(const struct glb_generation *gen, uint8_t id, uint64_t head)
{
	const struct glb_ingress *ingress = &gen->ingress[id];

	return GLB_LIKELY(!ingress_differs(head, ingress->mac, ingress->mask)) ||
	       ingress_lists(gen, id, head);
}

#endif
