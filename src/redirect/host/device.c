/* SPDX-License-Identifier: BSD-3-Clause */
#include "device.h"

#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

/* Of linux/if_link.h: the second one came with Linux 6.3. */
enum { GRO_MAX_SIZE = 58, GRO_IPV4_MAX_SIZE = 64 };

struct device_search {
	struct device_facts facts;
	int ifindex;
	bool found;
};

static void device_note(struct device_facts *facts, const struct netlink_attribute *one)
{
	uint32_t number = 0;

	if (one->len == sizeof(number))
		memcpy(&number, one->value, sizeof(number));
	if (one->type == IFLA_ADDRESS && one->len == GLB_MAC_LEN)
		memcpy(facts->mac, one->value, GLB_MAC_LEN);
	else if (one->type == IFLA_MTU)
		facts->mtu = number;
	else if (one->type == GRO_MAX_SIZE)
		facts->gro_max = number;
	else if (one->type == GRO_IPV4_MAX_SIZE)
		facts->gro_ipv4_max = number;
}

static void see_device(void *found, const struct nlmsghdr *message)
{
	struct device_search *search = found;
	struct netlink_attributes left = netlink_attributes_of(message, sizeof(struct ifinfomsg));
	struct netlink_attribute one;
	struct ifinfomsg head;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(head)))
		return;
	memcpy(&head, NLMSG_DATA(message), sizeof(head));
	if (head.ifi_index != search->ifindex)
		return;
	search->found = true;
	while (netlink_next(&left, &one))
		device_note(&search->facts, &one);
}

bool device_read(struct device_facts *out, int ifindex)
{
	struct device_search search = {.ifindex = ifindex};
	struct {
		struct nlmsghdr header;
		struct ifinfomsg about;
	} request = {
		.header.nlmsg_len = sizeof(request),
		.header.nlmsg_type = RTM_GETLINK,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};

	if (!netlink_dump(NETLINK_ROUTE, &request.header, see_device, &search) || !search.found)
		return false;
	*out = search.facts;
	return true;
}

/* --- Features --- */

static bool device_ask(int fd, const char *device, void *about)
{
	struct ifreq request = {.ifr_data = about};

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", device);
	return !ioctl(fd, SIOCETHTOOL, &request);
}

/* The number of features that the kernel knows; 0: it does not say. */
static uint32_t feature_count(int fd, const char *device)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} answer = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES}};

	return device_ask(fd, device, &answer) && answer.info.sset_mask ? answer.count : 0;
}

/* The index of a feature among `count`; count: there is none of this name. */
static uint32_t feature_index(int fd, const char *device, const char *name, uint32_t count)
{
	struct ethtool_gstrings *names = calloc(1, sizeof(*names) + count * ETH_GSTRING_LEN);
	uint32_t i = count;

	if (!names)
		return count;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = count;
	if (device_ask(fd, device, names))
		for (i = 0; i < count; i++)
			if (!strncmp((const char *)names->data + i * ETH_GSTRING_LEN, name,
				     ETH_GSTRING_LEN))
				break;
	free(names);
	return i;
}

/* Reads the features, as many as the kernel knows, and whether that one of them is on. */
static enum device_feature feature_read(int fd, const char *device, uint32_t index, uint32_t count)
{
	uint32_t words = (count + 31) / 32;
	struct ethtool_gfeatures *features =
		calloc(1, sizeof(*features) + words * sizeof(features->features[0]));
	enum device_feature result = DEVICE_UNKNOWN;

	if (!features)
		return result;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = words;
	if (device_ask(fd, device, features))
		result = features->features[index / 32].active >> index % 32 & 1 ? DEVICE_ON
										 : DEVICE_OFF;
	free(features);
	return result;
}

enum device_feature device_feature(const char *device, const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	enum device_feature result = DEVICE_UNKNOWN;

	if (fd < 0)
		return result;

	uint32_t count = feature_count(fd, device);
	uint32_t index = count ? feature_index(fd, device, name, count) : count;

	if (index < count)
		result = feature_read(fd, device, index, count);
	close(fd);
	return result;
}
