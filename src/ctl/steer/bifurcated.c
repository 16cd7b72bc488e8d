/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/addr.h"
#include "steer.h"

void steer_bifurcated(const struct steer_script *script, const struct steer *steer)
{
	char text[ADDR_TEXT_LEN];

	steer_line(
		script,
		"# DPDK shares an mlx5 device with Linux, without a VF and vfio-pci. A director on "
		"%s sets rules of rte_flow",
		steer->device);
	steer_line(script, "# itself, and Linux gets everything else, if director.json has");
	steer_line(script, "#");
	steer_line(script, "#   \"steer\": \"rte_flow\"");
	steer_line(script, "#");
	steer_line(script, "# Or give it a VF:");
	steer_line(script, "#");
	steer_line(script, "#   glbctl steer --driver switchdev --device %s", steer->device);
	steer_line(script, "#");
	steer_line(script, "# These are its rules, as commands of dpdk-testpmd:");
	steer_line(script, "#   flow isolate 0 1");
	for (uint32_t i = 0; i < steer->prefix_count; i++) {
		const struct steer_prefix *prefix = &steer->prefixes[i];

		steer_line(
			script,
			"#   flow create 0 ingress pattern eth / ipv%u dst spec %s dst prefix %u "
			"/ end actions rss / end",
			prefix->addr.version, addr_text(text, &prefix->addr), prefix->len);
	}
}
