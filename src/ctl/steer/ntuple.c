/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules of ethtool.
 *
 * Neither driver matches parts of an address: a prefix takes a rule for each of its addresses.
 * ixgbe matches all of IPv4 by one flow type; i40e has one for TCP, one for UDP, and one for all
 * other protocols and for fragments. Bits 32 to 39 of the action are the number of the VF plus 1,
 * as 0 is the device itself; bits 0 to 31 are its queue.
 */
#include <stdio.h>

#include "conf/addr.h"
#include "steer.h"
#include "sys/log.h"

enum {
	FLOW_TYPES_MAX = 3,
	VF_SHIFT = 32,	    /* ETHTOOL_RX_FLOW_SPEC_RING_VF_OFF of linux/ethtool.h */
	IXGBE_RULES = 2046, /* with the least memory for them, which is the default */
	I40E_RULES = 4096,  /* each port has more, shared with others */
};

/* The flow types that together are all packets of one IP version. */
static const char *const *flow_types_of(enum steer_driver driver, uint8_t version)
{
	static const char *const any4[FLOW_TYPES_MAX + 1] = {"ip4"};
	static const char *const each4[FLOW_TYPES_MAX + 1] = {"ip4", "tcp4", "udp4"};
	static const char *const each6[FLOW_TYPES_MAX + 1] = {"ip6", "tcp6", "udp6"};

	if (driver == STEER_IXGBE)
		return any4;
	return version == 4 ? each4 : each6;
}

/* The number of addresses in a prefix, or more than any NIC has rules for. */
static uint32_t address_count(const struct steer_prefix *prefix)
{
	enum { BITS_MAX = 16 };
	unsigned int bits = (prefix->addr.version == 4 ? 32U : 128U) - prefix->len;

	return 1U << (bits < BITS_MAX ? bits : BITS_MAX);
}

static uint32_t rule_count(const struct steer *steer, const struct steer_prefix *prefix)
{
	uint32_t types = 0;

	while (flow_types_of(steer->driver, prefix->addr.version)[types])
		types++;
	return steer_refusal(steer->driver, prefix) ? 0 : types * address_count(prefix);
}

bool steer_ntuple_fits(const struct steer *steer)
{
	uint32_t room = steer->driver == STEER_IXGBE ? IXGBE_RULES : I40E_RULES;
	char text[PREFIX_TEXT_LEN];
	uint64_t count = steer->first;

	for (uint32_t i = 0; i < steer->prefix_count; i++) {
		count += rule_count(steer, &steer->prefixes[i]);
		if (count > room) {
			log_error("%s: %s does not fit: %s matches single addresses, by %u rules "
				  "from location %u at most; NICs with switchdev mode have "
				  "prefixes",
				  steer->path, steer_prefix_text(text, &steer->prefixes[i]),
				  steer_driver_name(steer->driver),
				  room - (steer->first < room ? steer->first : room), steer->first);
			return false;
		}
	}
	return true;
}

/* The address after another; carries. */
static void count_up(struct glb_addr *addr)
{
	unsigned int at = addr->version == 4 ? 4 : 16;

	while (at && !++addr->bytes[--at])
		;
}

/* Adds or removes the rules of one address. Returns the next location. */
static uint32_t put_rules(const struct steer_script *script, const struct steer *steer,
			  const struct glb_addr *addr, uint32_t location)
{
	const char *const *types = flow_types_of(steer->driver, addr->version);
	uint64_t action = (uint64_t)(steer->vf + 1) << VF_SHIFT | steer->queue;
	char text[ADDR_TEXT_LEN];

	for (; *types; types++, location++)
		if (steer->remove)
			steer_line(script, "ethtool -N %s delete %u || :", steer->device, location);
		else
			steer_line(script,
				   "ethtool -N %s flow-type %s dst-ip %s action 0x%llx loc %u",
				   steer->device, *types, addr_text(text, addr),
				   (unsigned long long)action, location);
	return location;
}

void steer_ntuple(const struct steer_script *script, const struct steer *steer)
{
	uint32_t location = steer->first;

	if (!steer->remove) {
		steer_line(script,
			   "# Each rule leads to queue %u of the VF: bits 32 to 39 of an "
			   "action are the number of the VF plus 1.",
			   steer->queue);
		steer_line(script,
			   "# Linux says of its drivers that a rule does not lead to a VF what "
			   "the NIC would not send there: see docs/devices.md.");
		steer_line(script, "# Other rules of these flow types must match the same field, "
				   "dst-ip, and nothing else.");
		steer_line(script, "ethtool -K %s ntuple on", steer->device);
	}
	for (uint32_t i = 0; i < steer->prefix_count; i++) {
		const struct steer_prefix *prefix = &steer->prefixes[i];
		struct glb_addr addr = prefix->addr;

		if (steer_refusal(steer->driver, prefix))
			continue;
		for (uint32_t n = address_count(prefix); n; n--, count_up(&addr))
			location = put_rules(script, steer, &addr, location);
	}
}
