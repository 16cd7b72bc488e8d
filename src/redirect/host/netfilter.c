/* SPDX-License-Identifier: BSD-3-Clause */
#include "netfilter.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

bool netfilter_ask(uint8_t subsystem, uint8_t message, netlink_see *see, void *found)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg about;
	} request = {
		.header.nlmsg_len = sizeof(request),
		.header.nlmsg_type = (uint16_t)(subsystem << 8 | message),
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.about.nfgen_family = AF_UNSPEC,
		.about.version = NFNETLINK_V0,
	};

	return netlink_dump(NETLINK_NETFILTER, &request.header, see, found);
}

/* Is it NAT of the destination rather than the source? */
static bool is_dnat(struct netlink_attributes parameters)
{
	struct netlink_attribute type;
	const uint8_t destination[] = {0, 0, 0, NFT_NAT_DNAT};

	return netlink_find(parameters, NFTA_NAT_TYPE, &type) && type.len == sizeof(destination) &&
	       !memcmp(type.value, destination, type.len);
}

/* Records an iptables target or match embedded in an nftables rule. */
static void note_embedded(struct netfilter_rules *rules, const struct netlink_attribute *name)
{
	bool translates = netlink_says(name, "DNAT") || netlink_says(name, "REDIRECT");

	rules->translate |= translates;
	rules->tproxy |= netlink_says(name, "TPROXY");
	rules->synproxy |= netlink_says(name, "SYNPROXY");
	rules->track |= translates || netlink_says(name, "SNAT") ||
			netlink_says(name, "MASQUERADE") || netlink_says(name, "conntrack") ||
			netlink_says(name, "state");
}

/* Records one expression of a rule, by name and, where relevant, parameters. */
static void note_expression(struct netfilter_rules *rules, struct netlink_attributes expression)
{
	struct netlink_attribute name;
	struct netlink_attribute data = {0};
	struct netlink_attribute embedded;

	if (!netlink_find(expression, NFTA_EXPR_NAME, &name))
		return;
	if (!netlink_find(expression, NFTA_EXPR_DATA, &data))
		data = (struct netlink_attribute){0};

	struct netlink_attributes parameters = netlink_nested(&data);
	bool nat = netlink_says(&name, "nat");
	bool redirects = netlink_says(&name, "redir");

	rules->translate |= redirects || (nat && is_dnat(parameters));
	rules->tproxy |= netlink_says(&name, "tproxy");
	rules->synproxy |= netlink_says(&name, "synproxy");
	rules->track |=
		nat || redirects || netlink_says(&name, "masq") || netlink_says(&name, "ct");
	_Static_assert((int)NFTA_TARGET_NAME == (int)NFTA_MATCH_NAME, "one look finds either");
	if ((netlink_says(&name, "target") || netlink_says(&name, "match")) &&
	    netlink_find(parameters, NFTA_TARGET_NAME, &embedded))
		note_embedded(rules, &embedded);
}

static void see_rule(void *found, const struct nlmsghdr *message)
{
	struct netlink_attributes rule = netlink_attributes_of(message, sizeof(struct nfgenmsg));
	struct netlink_attribute expressions;
	struct netlink_attribute expression;

	if (!netlink_find(rule, NFTA_RULE_EXPRESSIONS, &expressions))
		return;
	for (struct netlink_attributes left = netlink_nested(&expressions);
	     netlink_next(&left, &expression);)
		note_expression(found, netlink_nested(&expression));
}

/* Does legacy iptables list a NAT table? */
static bool lists_nat(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[64];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = !strcmp(line, "nat\n");
	(void)fclose(file);
	return found;
}

void netfilter_read_rules(struct netfilter_rules *rules)
{
	*rules = (struct netfilter_rules){0};
	(void)netfilter_ask(NFNL_SUBSYS_NFTABLES, NFT_MSG_GETRULE, see_rule, rules);
	if (lists_nat("/proc/self/net/ip_tables_names") ||
	    lists_nat("/proc/self/net/ip6_tables_names"))
		rules->translate = rules->track = true;
}

static void see_nothing(void *found, const struct nlmsghdr *message)
{
	(void)found;
	(void)message;
}

void netfilter_load_conntrack(void)
{
	(void)netfilter_ask(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS_CPU, see_nothing, NULL);
}
