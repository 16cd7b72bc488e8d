/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Takes the place of a NIC that holds rules of rte_flow (LD_PRELOAD), for a driver that only
 * validates them.
 *
 * Each rule is validated by the driver, and then written to $GLB_FLOWS as a line instead of being
 * made, as are removals. While there is a file at $GLB_FLOWS.full, the NIC has no room for rules
 * whose line contains its text.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_flow.h>

struct rte_flow {
	char text[256];
};

typedef int validate_fn(uint16_t port, const struct rte_flow_attr *attr,
			const struct rte_flow_item *items, const struct rte_flow_action *actions,
			struct rte_flow_error *error);

static void note(const char *what, const char *text)
{
	FILE *out = fopen(getenv("GLB_FLOWS"), "ae");

	if (!out)
		abort();
	(void)fprintf(out, "%s %s\n", what, text);
	(void)fclose(out);
}

static void describe_item(FILE *out, const struct rte_flow_item *item)
{
	char spec[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];
	const struct rte_flow_item_vlan *vlan = item->spec;
	const struct rte_flow_item_ipv4 *ipv4 = item->spec, *ipv4_mask = item->mask;
	const struct rte_flow_item_ipv6 *ipv6 = item->spec, *ipv6_mask = item->mask;

	if (item->type == RTE_FLOW_ITEM_TYPE_ETH) {
		(void)fprintf(out, "eth");
	} else if (item->type == RTE_FLOW_ITEM_TYPE_VLAN) {
		(void)fprintf(out, " vlan %u", ntohs(vlan->hdr.vlan_tci));
	} else if (item->type == RTE_FLOW_ITEM_TYPE_IPV4) {
		(void)inet_ntop(AF_INET, &ipv4->hdr.dst_addr, spec, sizeof(spec));
		(void)inet_ntop(AF_INET, &ipv4_mask->hdr.dst_addr, mask, sizeof(mask));
		(void)fprintf(out, " %s/%s", spec, mask);
	} else {
		(void)inet_ntop(AF_INET6, &ipv6->hdr.dst_addr, spec, sizeof(spec));
		(void)inet_ntop(AF_INET6, &ipv6_mask->hdr.dst_addr, mask, sizeof(mask));
		(void)fprintf(out, " %s/%s", spec, mask);
	}
}

static void describe(char *text, size_t len, uint16_t port, const struct rte_flow_item *items,
		     const struct rte_flow_action *action)
{
	FILE *out = fmemopen(text, len, "w");

	if (!out)
		abort();
	(void)fprintf(out, "port %u ", port);
	for (; items->type != RTE_FLOW_ITEM_TYPE_END; items++)
		describe_item(out, items);
	if (action->type == RTE_FLOW_ACTION_TYPE_RSS)
		(void)fprintf(out, " to %u queues",
			      ((const struct rte_flow_action_rss *)action->conf)->queue_num);
	else
		(void)fprintf(out, " to queue %u",
			      ((const struct rte_flow_action_queue *)action->conf)->index);
	(void)fclose(out);
}

static int has_room(const char *rule)
{
	char path[512];
	char text[256] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s.full", getenv("GLB_FLOWS"));
	file = fopen(path, "re");
	if (!file)
		return 1;
	if (!fgets(text, sizeof(text), file))
		abort();
	(void)fclose(file);
	return !strstr(rule, text);
}

static struct rte_flow *refuse_full(struct rte_flow_error *error)
{
	error->message = "no room for another rule";
	rte_errno = ENOSPC;
	return NULL;
}

struct rte_flow *rte_flow_create(uint16_t port, const struct rte_flow_attr *attr,
				 const struct rte_flow_item items[],
				 const struct rte_flow_action actions[],
				 struct rte_flow_error *error)
{
	validate_fn *validate = (validate_fn *)dlsym(RTLD_DEFAULT, "rte_flow_validate");
	struct rte_flow *flow;

	if (!validate || validate(port, attr, items, actions, error))
		return NULL;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		abort();
	describe(flow->text, sizeof(flow->text), port, items, actions);
	if (!has_room(flow->text)) {
		free(flow);
		return refuse_full(error);
	}
	note("add", flow->text);
	return flow;
}

int rte_flow_destroy(uint16_t port, struct rte_flow *flow, struct rte_flow_error *error)
{
	(void)port;
	(void)error;
	note("remove", flow->text);
	free(flow);
	return 0;
}

int rte_flow_flush(uint16_t port, struct rte_flow_error *error)
{
	char text[32];

	(void)error;
	(void)snprintf(text, sizeof(text), "port %u", port);
	note("flush", text);
	return 0;
}
