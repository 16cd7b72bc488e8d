/* SPDX-License-Identifier: BSD-3-Clause */
#include "tracked_flows.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>

#include "addresses.h"
#include "netfilter.h"
#include "redirect/vips.h"

/* An entry of connection tracking, as far as it matters here. */
struct entry {
	struct glb_addr client;
	struct glb_addr to;
	uint8_t proto;
	uint8_t state;	 /* of TCP */
	uint32_t status; /* IPS_... */
};

struct flow_dump {
	const struct host_addresses *host;
	tracked_flow_see *see;
	void *found;
};

/* Reads an address, by the types that it has if it is of IPv4 and of IPv6. */
static bool read_tracked_address(struct glb_addr *address, struct netlink_attributes ip,
				 uint16_t v4, uint16_t v6)
{
	struct netlink_attribute value;
	bool is_v4 = netlink_find(ip, v4, &value);

	if (!is_v4 && !netlink_find(ip, v6, &value))
		return false;
	if (value.len != (is_v4 ? 4 : 16))
		return false;
	*address = (struct glb_addr){.version = is_v4 ? 4 : 6};
	memcpy(address->bytes, value.value, value.len);
	return true;
}

/* Reads a number of one byte that is nested in others. */
static bool read_byte(uint8_t *byte, struct netlink_attributes among, uint16_t type)
{
	struct netlink_attribute value;

	if (!netlink_find(among, type, &value) || value.len != 1)
		return false;
	memcpy(byte, value.value, 1);
	return true;
}

/* Reads who sends to whom in the direction of the client. */
static bool read_tracked_ends(struct entry *entry, struct netlink_attributes message)
{
	struct netlink_attribute original;
	struct netlink_attribute ip;
	struct netlink_attribute proto;

	if (!netlink_find(message, CTA_TUPLE_ORIG, &original) ||
	    !netlink_find(netlink_nested(&original), CTA_TUPLE_IP, &ip) ||
	    !netlink_find(netlink_nested(&original), CTA_TUPLE_PROTO, &proto))
		return false;
	return read_tracked_address(&entry->client, netlink_nested(&ip), CTA_IP_V4_SRC,
				    CTA_IP_V6_SRC) &&
	       read_tracked_address(&entry->to, netlink_nested(&ip), CTA_IP_V4_DST,
				    CTA_IP_V6_DST) &&
	       read_byte(&entry->proto, netlink_nested(&proto), CTA_PROTO_NUM);
}

/* Reads what is known of the flow. */
static bool read_condition(struct entry *entry, struct netlink_attributes message)
{
	struct netlink_attribute status;
	struct netlink_attribute info;
	struct netlink_attribute tcp;

	if (!netlink_find(message, CTA_STATUS, &status) || status.len != 4)
		return false;
	entry->status = glb_load_be32(status.value);
	if (entry->proto != IPPROTO_TCP)
		return true;
	return netlink_find(message, CTA_PROTOINFO, &info) &&
	       netlink_find(netlink_nested(&info), CTA_PROTOINFO_TCP, &tcp) &&
	       read_byte(&entry->state, netlink_nested(&tcp), CTA_PROTOINFO_TCP_STATE);
}

/* Can the flow only be seen here, and has it not ended? */
static bool is_flow_of_client(const struct entry *entry, const struct host_addresses *host)
{
	if (!(entry->status & IPS_SEEN_REPLY) || host_addresses_find(host, &entry->client))
		return false;
	if (entry->proto == IPPROTO_UDP)
		return true;
	return entry->proto == IPPROTO_TCP && entry->state < TCP_CONNTRACK_TIME_WAIT &&
	       (entry->status & IPS_DST_NAT || !host_addresses_find(host, &entry->to));
}

static void see_entry(void *found, const struct nlmsghdr *message)
{
	const struct flow_dump *dump = found;
	struct netlink_attributes all = netlink_attributes_of(message, sizeof(struct nfgenmsg));
	struct entry entry = {0};

	if (!read_tracked_ends(&entry, all) || !read_condition(&entry, all) ||
	    !is_flow_of_client(&entry, dump->host))
		return;

	const struct vip to = redirect_vip_of(&entry.to);

	dump->see(dump->found, &to);
}

bool tracked_flows_read(const struct host_addresses *host, tracked_flow_see *see, void *found)
{
	struct flow_dump dump = {host, see, found};

	return netfilter_ask(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, see_entry, &dump);
}
