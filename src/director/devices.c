/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "director/devices.h"
#include "director/dpdk.h"

enum { PLACE_LEN = 48 }; /* of a name in director.json */

/* Is it a member of a bond? Not known before the bond is configured. */
static bool is_member(uint16_t id)
{
	struct rte_eth_dev_info info;

	return !rte_eth_dev_info_get(id, &info) && (*info.dev_flags & DPDK_BOND_MEMBER);
}

/* A bond takes the members of its EAL option when it is configured, and not before. */
static int gather_members(struct glb_diag *diag)
{
	const struct rte_eth_conf conf = {0};
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id) {
		struct rte_eth_dev_info info;
		char name[RTE_ETH_NAME_MAX_LEN];
		int err = rte_eth_dev_info_get(id, &info);

		if (err || strcmp(info.driver_name, DPDK_BOND_DRIVER) != 0)
			continue;
		err = rte_eth_dev_configure(id, 1, 1, &conf);
		if (!err)
			continue;
		if (rte_eth_dev_get_name_by_port(id, name))
			name[0] = '\0';
		glb_diag(diag, "port %s: cannot bond its members: %s", name, rte_strerror(-err));
		return err;
	}
	return 0;
}

bool ports_device(uint16_t *id, const struct ports *ports, unsigned int i)
{
	if (i >= 2U * ports->count)
		return false;
	*id = i < ports->count ? ports->ids[i] : ports->twin_ids[ports->ids[i - ports->count]];
	return true;
}

uint16_t ports_twin_of(const struct ports *ports, uint16_t id)
{
	for (unsigned int i = 0; i < ports->count; i++)
		if (ports->twin_ids[ports->ids[i]] == id)
			return ports->ids[i];
	return PORT_NONE;
}

/* Sorts the devices into served ports, the twin and members of bonds, which are neither. */
static int sort_ports(struct ports *ports, const char *punt_port, struct glb_diag *diag)
{
	uint16_t twin_id = PORT_NONE;
	uint16_t id;

	*ports = (struct ports){.count = 0};
	if (*punt_port && rte_eth_dev_get_port_by_name(punt_port, &twin_id)) {
		glb_diag(diag, "$.punt_port: there is no device \"%s\"", punt_port);
		return -ENODEV;
	}
	RTE_ETH_FOREACH_DEV (id) {
		if (id == twin_id || is_member(id))
			continue;
		if (id >= GLB_PORTS_MAX) {
			glb_diag(diag, "port number %u: those of ports are below %d", id,
				 GLB_PORTS_MAX);
			return -E2BIG;
		}
		/* that of the top level is the twin of the first port */
		ports->twin_ids[id] = ports->count ? PORT_NONE : twin_id;
		ports->ids[ports->count++] = id;
		ports->punt_via[id] = ports->ids[0];
	}
	return 0;
}

int ports_find(struct ports *out, const struct director_conf *conf, struct glb_diag *diag)
{
	struct ports ports;
	int err = gather_members(diag);

	if (!err)
		err = sort_ports(&ports, conf->punt_port, diag);
	if (err)
		return err;
	/* what is asked for will be there, or ports_start() fails */
	ports.udp_checksum = conf->settings.udp_checksum == GLB_UDP_OFFLOAD;
	err = ports_check(&ports, conf, diag);
	if (!err)
		*out = ports;
	return err;
}

/* Is the device of this name a port? 0, or -ENODEV with a diag of which `place` named it. */
static int check_served(const struct ports *ports, const char *place, const char *name,
			struct glb_diag *diag)
{
	uint16_t id;

	if (rte_eth_dev_get_port_by_name(name, &id))
		glb_diag(diag, "%s: there is no device \"%s\"", place, name);
	else if (ports_twin_of(ports, id) != PORT_NONE)
		glb_diag(diag, "%s: \"%s\" is the punt_port", place, name);
	else if (is_member(id))
		glb_diag(diag, "%s: \"%s\" is a member of a bond", place, name);
	else
		return 0;
	return -ENODEV;
}

int ports_check(const struct ports *ports, const struct director_conf *conf, struct glb_diag *diag)
{
	for (unsigned int i = 0; i < conf->port_count; i++) {
		char place[PLACE_LEN];
		int err;

		(void)snprintf(place, sizeof(place), "$.ports[%u].name", i);
		err = check_served(ports, place, conf->ports[i].name, diag);
		if (err)
			return err;
	}
	if (conf->settings.udp_checksum == GLB_UDP_OFFLOAD && !ports->udp_checksum) {
		glb_diag(diag, "$.udp_checksum: the ports were started without \"offload\"; only a "
			       "restart changes that");
		return -ENOTSUP;
	}
	return 0;
}
