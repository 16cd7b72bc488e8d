/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/link_log.h"
#include "sys/log_pairs.h"

const char *link_device(const struct link *link)
{
	return *link->netdev.name ? link->netdev.name : "it";
}

const char *link_gone_device(const struct link *link)
{
	return link->is_bond ? "every member" : link_device(link);
}

static struct log_pairs pairs_of(const char *event, const char *port, const struct link *link)
{
	struct log_pairs pairs = log_pairs_of(event);

	log_pair(&pairs, "port", port);
	log_pair(&pairs, "device", link_device(link));
	return pairs;
}

static void log_address(const char *port, const struct link *link)
{
	const struct log_pairs pairs = pairs_of("link_mac", port, link);
	const uint8_t *mac = link->device.now.mac;

	log_event(LOG_LEVEL_INFO, &pairs,
		  "port %s: %s has the MAC address %02x:%02x:%02x:%02x:%02x:%02x now", port,
		  link_device(link), mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void log_gone(const char *port, const struct link *link)
{
	const struct log_pairs pairs = pairs_of("link_gone", port, link);

	log_event(LOG_LEVEL_ERROR, &pairs, "port %s: %s is gone; %s", port, link_gone_device(link),
		  link->is_mended ? "nothing is received or sent until it is back"
				  : "only a restart opens it again");
}

static void log_back(const char *port, const struct link *link)
{
	const struct log_pairs pairs = pairs_of("link_back", port, link);

	log_event(LOG_LEVEL_WARNING, &pairs, "port %s: %s was made again, as another device%s",
		  port, link_device(link), link->is_mended ? "" : "; only a restart opens it");
}

static void log_up(const char *port, const struct link *link, bool up)
{
	const struct log_pairs pairs = pairs_of(up ? "link_up" : "link_down", port, link);

	log_event(up ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, &pairs, "port %s: the link of %s is %s",
		  port, link_device(link), up ? "up" : "down");
}

static void log_mtu(const char *port, const struct link *link)
{
	struct log_pairs pairs = pairs_of("link_mtu", port, link);

	log_pair_number(&pairs, "mtu", link->device.now.mtu);
	log_event(LOG_LEVEL_INFO, &pairs, "port %s: %s has an MTU of %u now", port,
		  link_device(link), link->device.now.mtu);
}

void link_log_changes(const struct link *link, uint16_t id, unsigned int changes)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	const char *port = netdev_port(id, name);

	if (changes & DEVICE_GONE)
		log_gone(port, link);
	if (changes & DEVICE_BACK)
		log_back(port, link);
	if (changes & DEVICE_DOWN)
		log_up(port, link, false);
	if (changes & DEVICE_UP)
		log_up(port, link, true);
	if (changes & DEVICE_MTU)
		log_mtu(port, link);
	if (changes & DEVICE_MAC)
		log_address(port, link);
}
