/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules of tc in switchdev mode.
 *
 * The device of Linux stands for the wire, and a representor for the VF. Without a rule, packets
 * from the wire reach Linux on the device, and packets from the VF reach Linux on the representor.
 * A preference has the prefixes of one length, as hardware may have one mask for each. Handles are
 * made of the address: a rule keeps its place when binds are added or removed, because tc refuses
 * a second rule for the same packets in another place.
 */
#include <glb/bytes.h>

#include "conf/addr.h"
#include "steer.h"

enum { LENGTHS4 = 33 }; /* of IPv4 prefixes, 0 to 32 */

/* The preference of prefixes of one length: the longest first. */
static uint32_t preference(const struct steer *steer, uint8_t version, uint8_t len)
{
	return steer->first + (version == 4 ? 32U - len : LENGTHS4 + 128U - len);
}

static const char *protocol_of(uint8_t version)
{
	return version == 4 ? "ip" : "ipv6";
}

static void put_pci(const struct steer_script *script, const struct steer *steer)
{
	steer_line(script, "pci=$(basename \"$(readlink -f /sys/class/net/%s/device)\")",
		   steer->device);
}

void steer_switchdev(const struct steer_script *script, const struct steer *steer)
{
	steer_line(script, "# Switchdev mode, before there are VFs.");
	put_pci(script, steer);
	steer_line(script, "devlink dev eswitch show \"pci/$pci\" | grep -q 'mode switchdev' ||");
	steer_line(script, "\tdevlink dev eswitch set \"pci/$pci\" mode switchdev");
}

static void find_representor(const struct steer_script *script, const struct steer *steer)
{
	if (steer->representor) {
		steer_line(script, "rep=%s", steer->representor);
		return;
	}
	steer_line(script, "pci=$(basename \"$(readlink -f /sys/class/net/%s/device)\")",
		   steer->device);
	steer_line(script,
		   "rep=$(devlink port show | sed -n \"s,^pci/$pci/.* netdev \\([^ ]*\\) "
		   "flavour pcivf .*vfnum %u\\( .*\\)*\\$,\\1,p\")",
		   steer->vf);
	steer_line(script, "test -n \"$rep\" # the name of the VF's representor");
}

/* All that the VF sends leaves by the wire. */
static void let_out(const struct steer_script *script, const struct steer *steer)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		uint32_t pref = preference(steer, version, version == 4 ? 32 : 128);

		if (steer->remove)
			steer_line(script,
				   "tc filter del dev \"$rep\" ingress protocol %s pref %u || :",
				   protocol_of(version), pref);
		else
			steer_line(script,
				   "tc filter replace dev \"$rep\" ingress protocol %s pref %u "
				   "handle 0x1 flower skip_sw action mirred egress redirect dev %s",
				   protocol_of(version), pref, steer->device);
	}
}

/* An IPv4 address, or 32 bits mixed of an IPv6 one (FNV-1a). Tc chooses a handle if it is 0. */
static uint32_t handle_of(const struct glb_addr *addr)
{
	uint32_t handle = 0;

	if (addr->version == 4)
		handle = glb_load_be32(addr->bytes);
	else
		for (unsigned int i = 0; i < sizeof(addr->bytes); i++)
			handle = (handle ^ addr->bytes[i]) * 16777619U;
	return handle ? handle : 1;
}

static bool handle_is_taken(const struct steer *steer, uint32_t handle,
			    const struct steer_prefix *by_others)
{
	for (const struct steer_prefix *one = steer->prefixes; one < by_others; one++)
		if (one->handle == handle && one->len == by_others->len &&
		    one->addr.version == by_others->addr.version)
			return true;
	return false;
}

/* Of two prefixes that have one handle, the later gets the next: else it would replace the rule of
 * the first. */
static void place_filters(const struct steer *steer)
{
	for (uint32_t i = 0; i < steer->prefix_count; i++) {
		struct steer_prefix *prefix = &steer->prefixes[i];
		uint32_t handle = handle_of(&prefix->addr);

		while (handle_is_taken(steer, handle, prefix))
			handle = handle == UINT32_MAX ? 1 : handle + 1;
		prefix->handle = handle;
	}
}

static void put_filters(const struct steer_script *script, const struct steer *steer)
{
	char text[ADDR_TEXT_LEN];

	for (uint32_t i = 0; i < steer->prefix_count; i++) {
		const struct steer_prefix *prefix = &steer->prefixes[i];
		uint8_t version = prefix->addr.version;

		steer_line(script,
			   "tc filter replace dev %s ingress protocol %s pref %u handle 0x%x "
			   "flower skip_sw dst_ip %s/%u action mirred egress redirect dev \"$rep\"",
			   steer->device, protocol_of(version),
			   preference(steer, version, prefix->len), prefix->handle,
			   addr_text(text, &prefix->addr), prefix->len);
	}
}

/* All of a preference at once, whatever its handles. */
static void remove_filters(const struct steer_script *script, const struct steer *steer)
{
	for (uint8_t version = 4; version <= 6; version += 2)
		for (int len = version == 4 ? 32 : 128; len >= 0; len--) {
			bool used = false;

			for (uint32_t i = 0; i < steer->prefix_count && !used; i++)
				used = steer->prefixes[i].addr.version == version &&
				       steer->prefixes[i].len == len;
			if (used)
				steer_line(script,
					   "tc filter del dev %s ingress protocol %s pref %u || :",
					   steer->device, protocol_of(version),
					   preference(steer, version, (uint8_t)len));
		}
}

void steer_flower(const struct steer_script *script, const struct steer *steer)
{
	place_filters(steer);
	find_representor(script, steer);
	if (steer->remove) {
		remove_filters(script, steer);
		let_out(script, steer);
		return;
	}
	steer_line(script, "ip link set dev \"$rep\" up");
	steer_line(script, "ethtool -K %s hw-tc-offload on", steer->device);
	steer_line(script, "tc qdisc replace dev %s ingress", steer->device);
	steer_line(script, "tc qdisc replace dev \"$rep\" ingress");
	steer_line(script,
		   "# What the director sends leaves by %s; then VIPs. Both in hardware or "
		   "not at all: skip_sw. No rule matches VLAN tags.",
		   steer->device);
	let_out(script, steer);
	put_filters(script, steer);
}
