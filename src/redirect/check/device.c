/* SPDX-License-Identifier: BSD-3-Clause */
/* Do packets with outer headers fit the device, and does it leave them unmerged? */
#include <inttypes.h>

#include <glb/gue.h>

#include "check.h"
#include "redirect/host/default_route.h"
#include "redirect/host/device.h"

enum { MERGED_MOST = 65536 };

/* Bytes of outer headers with one more hop, over an IP version. */
static uint32_t outer_len(uint8_t version)
{
	return version == 4 ? GLB_IPV4_LEN + GLB_UDP_LEN + glb_gue_len(1, GLB_GUE_HOP_LEN)
			    : GLB_IPV6_LEN + GLB_UDP_LEN + glb_gue_len(1, GLB_GUE_HOP6_LEN);
}

/* The largest packet with a segment that clients of this IP version are told to send. 0: unknown.
 */
static uint32_t largest_packet(uint8_t version)
{
	const uint32_t headers = (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) + GLB_TCP_LEN;
	struct default_route route;
	struct device_facts way;

	if (!default_route_read(&route, version))
		return 0;
	if (route.advmss)
		return route.advmss + headers;
	if (route.mtu)
		return route.mtu;
	return route.device_count && device_read(&way, route.devices[0]) ? way.mtu : 0;
}

static void check_segments(struct diagnosis *diagnosis, const struct check_subject *subject,
			   uint32_t mtu, uint8_t version)
{
	struct finding finding = {
		.check = "net.mss",
		.why = "full segments of clients do not fit with outer headers: uploads are slow "
		       "or "
		       "hang where ICMP errors get lost",
	};
	struct glb_addr own;
	uint8_t outer = host_device_address(&own, subject->device, 4) ? 4 : 6;
	uint32_t headers = (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) + GLB_TCP_LEN;
	uint32_t packet = largest_packet(version);

	if (!packet) {
		diagnosis_skip(diagnosis, finding.check,
			       "IPv%u has no default route, so the segments of clients are unknown",
			       version);
		return;
	}
	finding.level = packet + outer_len(outer) <= mtu ? LEVEL_OK : LEVEL_ADVICE;
	finding_text(finding.seen,
		     "clients of IPv%u may send packets of %" PRIu32 " bytes, %" PRIu32
		     " with outer headers, and %s has an MTU of %" PRIu32,
		     version, packet, packet + outer_len(outer), subject->device, mtu);
	finding_text(finding.fix,
		     "ip link set %s mtu %" PRIu32 ", if the network carries that; or ip -%u route "
		     "change default via GATEWAY advmss %" PRIu32,
		     subject->device, packet + outer_len(outer), version,
		     mtu - outer_len(outer) - headers);
	diagnosis_add(diagnosis, &finding);
}

void check_proxy_size(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	struct device_facts facts;

	if (!device_read(&facts, subject->ifindex) || facts.mtu < GLB_IPV6_MTU_MIN) {
		diagnosis_skip(diagnosis, "net.mss", "the MTU of %s is unknown or below %d",
			       subject->device, GLB_IPV6_MTU_MIN);
		return;
	}
	if (check_has_vips(subject, 4))
		check_segments(diagnosis, subject, facts.mtu, 4);
	if (check_has_vips(subject, 6))
		check_segments(diagnosis, subject, facts.mtu, 6);
}

static void check_feature(struct diagnosis *diagnosis, const struct check_subject *subject,
			  const char *name)
{
	struct finding finding = {
		.check = "device.merging",
		.where = "ethtool -k",
		.why = "the device merges UDP packets, and those are dropped: dropped_merged",
	};
	enum device_feature feature = device_feature(subject->device, name);

	if (feature == DEVICE_UNKNOWN)
		return; /* a kernel without it cannot merge like this */
	finding.level = feature == DEVICE_ON ? LEVEL_PROBLEM : LEVEL_OK;
	finding_text(finding.seen, "%s of %s is %s", name, subject->device,
		     feature == DEVICE_ON ? "on" : "off");
	finding_text(finding.fix, "ethtool -K %s %s off", subject->device, name);
	diagnosis_add(diagnosis, &finding);
}

static void check_super_frames(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	struct finding finding = {
		.check = "device.gro_max_size",
		.where = "ip -d link show",
		.why = "packets without a length (BIG TCP) are dropped: dropped_malformed_gue",
	};
	struct device_facts facts;

	if (!device_read(&facts, subject->ifindex) || !facts.gro_max)
		return; /* a kernel without it merges up to 65536 bytes */
	finding.level = facts.gro_max > MERGED_MOST || facts.gro_ipv4_max > MERGED_MOST
				? LEVEL_PROBLEM
				: LEVEL_OK;
	finding_text(finding.seen, "%s merges up to %" PRIu32 " bytes, of IPv4 %" PRIu32,
		     subject->device, facts.gro_max,
		     facts.gro_ipv4_max ? facts.gro_ipv4_max : facts.gro_max);
	finding_text(finding.fix, "ip link set %s%s%s", subject->device,
		     facts.gro_max > MERGED_MOST ? " gro_max_size 65536" : "",
		     facts.gro_ipv4_max > MERGED_MOST ? " gro_ipv4_max_size 65536" : "");
	diagnosis_add(diagnosis, &finding);
}

void check_proxy_merging(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	check_feature(diagnosis, subject, "rx-gro-list");
	check_feature(diagnosis, subject, "rx-udp-gro-forwarding");
	check_super_frames(diagnosis, subject);
}
