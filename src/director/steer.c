/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_flow.h>

#include "conf/steer_prefixes.h"
#include "director/ethdev.h"
#include "director/port.h"
#include "director/steer.h"
#include "sys/log.h"
#include "sys/words.h"

struct steer_rule {
	uint16_t port; /* DPDK port number */
	uint16_t vlan; /* ID of the tag that frames have; 0: they have none */
	struct steer_prefix prefix;
	struct rte_flow *flow; /* NULL: not made yet */
	bool is_new;	       /* made for the generation that is not served yet */
};

enum { STEER_QUEUES_MAX = 256 };

static const char *steer_port(uint16_t id, char name[RTE_DEV_NAME_MAX_LEN])
{
	return rte_eth_dev_get_name_by_port(id, name) ? "?" : name;
}

int steer_isolate(uint16_t id, struct glb_diag *diag)
{
	struct rte_flow_error error = {0};
	struct rte_eth_dev_info info = {0};
	char name[RTE_DEV_NAME_MAX_LEN];
	int err = rte_flow_isolate(id, 1, &error);

	if (!err)
		return 0;
	if (rte_eth_dev_info_get(id, &info))
		info.driver_name = "?";
	glb_diag(diag,
		 "port %s: \"steer\" is \"rte_flow\", which takes a driver that can leave packets "
		 "to "
		 "the kernel, such as mlx5_pci, and %s cannot: %s",
		 steer_port(id, name), info.driver_name,
		 error.message ? error.message : rte_strerror(-err));
	return -ENOTSUP;
}

/* --- Order --- */

static int steer_compare(const void *one, const void *other)
{
	const struct steer_rule *a = one;
	const struct steer_rule *b = other;
	int order = a->port - b->port;

	if (!order)
		order = a->vlan - b->vlan;
	if (!order)
		order = a->prefix.addr.version - b->prefix.addr.version;
	if (!order)
		order = memcmp(a->prefix.addr.bytes, b->prefix.addr.bytes,
			       sizeof(a->prefix.addr.bytes));
	return order ? order : a->prefix.len - b->prefix.len;
}

/* --- One rule --- */

/* The first `len` bits set. */
static void write_mask(uint8_t *out, unsigned int bytes, unsigned int len)
{
	for (unsigned int i = 0; i < bytes; i++) {
		unsigned int bits = len > 8 * i ? RTE_MIN(len - 8 * i, 8U) : 0;

		out[i] = (uint8_t)(0xff00U >> bits);
	}
}

/* What a rule matches. */
struct steer_match {
	struct rte_flow_item_vlan vlan, vlan_mask;
	struct rte_flow_item_ipv4 ipv4, ipv4_mask;
	struct rte_flow_item_ipv6 ipv6, ipv6_mask;
	struct rte_flow_item items[4];
};

/* Frames to the prefix, with the tag or without one. Its members refer to each other. */
static void write_match(struct steer_match *out, const struct steer_rule *rule)
{
	const uint8_t *addr = rule->prefix.addr.bytes;
	struct rte_flow_item *item = out->items;

	*out = (struct steer_match){0};
	*item++ = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_ETH};
	if (rule->vlan) {
		out->vlan.hdr.vlan_tci = rte_cpu_to_be_16(rule->vlan);
		out->vlan_mask.hdr.vlan_tci = RTE_BE16(0x0fff);
		*item++ = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_VLAN,
						 .spec = &out->vlan,
						 .mask = &out->vlan_mask};
	}
	if (rule->prefix.addr.version == 4) {
		memcpy(&out->ipv4.hdr.dst_addr, addr, 4);
		write_mask((uint8_t *)&out->ipv4_mask.hdr.dst_addr, 4, rule->prefix.len);
		*item++ = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_IPV4,
						 .spec = &out->ipv4,
						 .mask = &out->ipv4_mask};
	} else {
		memcpy(&out->ipv6.hdr.dst_addr, addr, 16);
		write_mask((uint8_t *)&out->ipv6_mask.hdr.dst_addr, 16, rule->prefix.len);
		*item++ = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_IPV6,
						 .spec = &out->ipv6,
						 .mask = &out->ipv6_mask};
	}
	item->type = RTE_FLOW_ITEM_TYPE_END;
}

static int refuse_rule(const struct steer_rule *rule, const struct rte_flow_error *error,
		       struct glb_diag *diag)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	char text[PREFIX_TEXT_LEN];
	int err = rte_errno ? -rte_errno : -EIO;

	glb_diag(diag, "port %s: no rule of rte_flow for %s: %s", steer_port(rule->port, name),
		 steer_prefix_text(text, &rule->prefix),
		 error->message ? error->message : rte_strerror(-err));
	return err;
}

/* Into all queues of the port, by flow. Returns 0 and sets rule->flow; or -errno with a diag. */
static int create_rule(struct steer_rule *rule, uint16_t queue_count, struct glb_diag *diag)
{
	const struct rte_flow_attr ingress = {.ingress = 1};
	uint16_t queues[STEER_QUEUES_MAX];
	struct rte_flow_error error = {0};
	struct rte_eth_dev_info info = {0};
	struct rte_flow_action_queue first = {.index = 0};
	struct rte_flow_action_rss rss = {.queue = queues, .queue_num = queue_count};
	struct rte_flow_action actions[] = {{.type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &rss},
					    {.type = RTE_FLOW_ACTION_TYPE_END}};
	struct steer_match match;

	for (uint16_t i = 0; i < queue_count && i < STEER_QUEUES_MAX; i++)
		queues[i] = i;
	if (!rte_eth_dev_info_get(rule->port, &info))
		rss.types = info.flow_type_rss_offloads &
			    (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
	if (queue_count == 1)
		actions[0] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_QUEUE,
						      .conf = &first};
	write_match(&match, rule);
	rte_errno = 0;
	rule->flow = rte_flow_create(rule->port, &ingress, match.items, actions, &error);
	return rule->flow ? 0 : refuse_rule(rule, &error, diag);
}

static void remove_rule(struct steer_rule *rule)
{
	struct rte_flow_error error = {0};
	char name[RTE_DEV_NAME_MAX_LEN];
	char text[PREFIX_TEXT_LEN];
	int err = rule->flow ? rte_flow_destroy(rule->port, rule->flow, &error) : 0;

	rule->flow = NULL;
	if (err)
		log_warning("port %s: the rule of rte_flow for %s stays: %s",
			    steer_port(rule->port, name), steer_prefix_text(text, &rule->prefix),
			    error.message ? error.message : rte_strerror(-err));
}

/* --- All rules --- */

/* A rule for each prefix and steered port, none of them made, sorted. Returns 0 or -ENOMEM. */
static int list_rules(struct steering *steering, const struct ports *ports,
		      const struct director_conf *conf, const struct glb_tables *tables)
{
	struct steer_prefix *prefixes;
	uint32_t count;
	int err = steer_prefixes(&prefixes, &count, tables);

	if (err)
		return err;
	steering->next_count = 0;
	steering->next = calloc((size_t)count * ports->count + 1, sizeof(*steering->next));
	for (unsigned int i = 0; steering->next && i < ports->count; i++) {
		struct port_conf own = ports_conf(ports->ids[i], conf);
		bool has_tag = own.port.vlan != GLB_VLAN_KEEP && own.port.vlan != GLB_VLAN_NONE;

		for (uint32_t p = 0; ports->steered[ports->ids[i]] && p < count; p++)
			steering->next[steering->next_count++] = (struct steer_rule){
				.port = ports->ids[i],
				.vlan = has_tag ? own.port.vlan : 0,
				.prefix = prefixes[p],
			};
	}
	free(prefixes);
	if (!steering->next)
		return -ENOMEM;
	qsort(steering->next, steering->next_count, sizeof(*steering->next), steer_compare);
	return 0;
}

static struct steer_rule *find_rule(struct steer_rule *rules, uint32_t count,
				    const struct steer_rule *wanted)
{
	return count ? bsearch(wanted, rules, count, sizeof(*rules), steer_compare) : NULL;
}

int steer_prepare(struct steering *steering, const struct ports *ports,
		  const struct director_conf *conf, const struct glb_tables *tables,
		  struct glb_diag *diag)
{
	int err = list_rules(steering, ports, conf, tables);

	if (err)
		glb_diag(diag, "out of memory");
	for (uint32_t i = 0; i < steering->next_count && !err; i++) {
		struct steer_rule *rule = &steering->next[i];
		const struct steer_rule *there = find_rule(steering->rules, steering->count, rule);

		if (there) {
			rule->flow = there->flow;
		} else {
			rule->is_new = true;
			err = create_rule(rule, ports->queue_count, diag);
		}
	}
	if (err)
		steer_revert(steering);
	return err;
}

/* Removes rules of the first list that are not in the second one. Returns their number. */
static uint32_t remove_others(struct steer_rule *rules, uint32_t count, struct steer_rule *kept,
			      uint32_t kept_count)
{
	uint32_t removed = 0;

	for (uint32_t i = 0; i < count; i++)
		if (!find_rule(kept, kept_count, &rules[i])) {
			remove_rule(&rules[i]);
			removed++;
		}
	return removed;
}

void steer_commit(struct steering *steering)
{
	uint32_t added = 0;
	uint32_t removed = remove_others(steering->rules, steering->count, steering->next,
					 steering->next_count);

	for (uint32_t i = 0; i < steering->next_count; i++) {
		added += steering->next[i].is_new;
		steering->next[i].is_new = false;
	}
	free(steering->rules);
	*steering = (struct steering){.rules = steering->next, .count = steering->next_count};
	if (added || removed)
		log_info("%" PRIu32 " rule%s of rte_flow lead packets to VIPs here: %" PRIu32
			 " were added, %" PRIu32 " removed",
			 steering->count, plural(steering->count), added, removed);
}

void steer_revert(struct steering *steering)
{
	for (uint32_t i = 0; i < steering->next_count; i++)
		if (steering->next[i].is_new)
			remove_rule(&steering->next[i]);
	free(steering->next);
	steering->next = NULL;
	steering->next_count = 0;
}

int steer_restore(const struct steering *steering, const struct ports *ports, uint16_t id,
		  struct glb_diag *diag)
{
	int err = 0;

	for (uint32_t i = 0; i < steering->count && !err; i++)
		if (steering->rules[i].port == id)
			err = create_rule(&steering->rules[i], ports->queue_count, diag);
	return err;
}

void steer_end(struct steering *steering, const struct ports *ports)
{
	uint16_t flushed = PORT_NONE;

	for (uint32_t i = 0; i < steering->count; i++) {
		struct rte_flow_error error;
		uint16_t id = steering->rules[i].port;

		if (id != flushed && ports_has(ports, id) && rte_eth_dev_is_valid_port(id))
			(void)rte_flow_flush(id, &error); /* they end with the port in any case */
		flushed = id;
	}
	free(steering->rules);
	*steering = (struct steering){.rules = NULL};
}
