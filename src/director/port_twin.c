/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "director/ethdev.h"
#include "director/netdev.h"
#include "director/port.h"
#include "sys/log.h"

/* Not for a tap: both ends of one have the same address. */
void ports_match_twin(const struct ports *ports, uint16_t id, const uint8_t mac[GLB_MAC_LEN])
{
	uint16_t twin = ports->twin_ids[id];
	char port[RTE_DEV_NAME_MAX_LEN];
	char name[RTE_DEV_NAME_MAX_LEN];
	struct rte_ether_addr wanted, now;
	struct rte_eth_dev_info info;
	int err = rte_eth_dev_info_get(id, &info);

	if (twin == PORT_NONE || err || !strcmp(info.driver_name, DPDK_TAP_DRIVER))
		return;
	memcpy(wanted.addr_bytes, mac, GLB_MAC_LEN);
	if (rte_eth_macaddr_get(twin, &now) || rte_is_same_ether_addr(&wanted, &now))
		return;
	err = rte_eth_dev_default_mac_addr_set(twin, &wanted);
	if (err)
		log_warning("port %s: its twin %s does not take its MAC address: %s",
			    netdev_port(id, port), netdev_port(twin, name), rte_strerror(-err));
}

/* Drivers that cannot receive all groups do not filter them, or see docs/configuration.md. */
static void take_groups(uint16_t id)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	int err = rte_eth_allmulticast_enable(id);

	if (err && err != -ENOTSUP)
		log_warning("port %s: does not receive all multicast frames, which the kernel "
			    "behind its twin may want: %s",
			    netdev_port(id, name), rte_strerror(-err));
}

void ports_suit_twin(const struct ports *ports, uint16_t id)
{
	struct rte_ether_addr mac;

	if (ports->twin_ids[ports->punt_via[id]] == PORT_NONE)
		return;
	if (!rte_eth_macaddr_get(id, &mac))
		ports_match_twin(ports, id, mac.addr_bytes);
	take_groups(id);
}
