/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "conf/addr.h"
#include "conf/health_tunnel.h"

int health_list_add(struct health_list *list, const struct health_check *check)
{
	unsigned int room = list->room ? 2 * list->room : 4;
	struct health_check *checks = list->checks;

	if (list->count == list->room) {
		checks = realloc(checks, room * sizeof(*checks));
		if (!checks)
			return -ENOMEM;
		list->checks = checks;
		list->room = room;
	}
	list->checks[list->count++] = *check;
	return 0;
}

/* Destination of a check; version or port 0: any that a bind covers. */
struct target {
	struct glb_addr vip;
	uint16_t port;
};

static bool is_inside(const struct glb_addr *addr, const struct glb_bind *bind)
{
	struct glb_addr network = addr_network(&bind->addr, bind->prefix_len);
	struct glb_addr of_addr = addr_network(addr, bind->prefix_len);

	return glb_addr_equal(&network, &of_addr);
}

/* Finds the one destination that a bind covers, within the wanted one. False if it is not one. */
static bool find_target(struct target *out, const struct target *wanted,
			const struct glb_bind *bind)
{
	bool is_single = bind->prefix_len == (bind->addr.version == 4 ? 32 : 128);

	if (bind->proto != GLB_PROTO_TCP || !bind->addr.version)
		return false;
	if (wanted->vip.version ? !is_inside(&wanted->vip, bind) : !is_single)
		return false;
	if (wanted->port ? wanted->port < bind->port_first || wanted->port > bind->port_last
			 : bind->port_first != bind->port_last || !bind->port_first)
		return false;
	out->vip = wanted->vip.version ? wanted->vip : bind->addr;
	out->port = wanted->port ? wanted->port : bind->port_first;
	return true;
}

/* Returns how many there are; at most HEALTH_TUNNEL_BINDS_MAX are stored in *targets. */
static unsigned int find_targets(struct target *targets, const struct target *wanted,
				 const struct glb_table_spec *table)
{
	unsigned int most = wanted->vip.version && wanted->port ? 1 : HEALTH_TUNNEL_BINDS_MAX + 1;
	unsigned int count = 0;

	for (unsigned int i = 0; i < table->bind_count && count < most; i++) {
		struct target one;

		if (!find_target(&one, wanted, &table->binds[i]))
			continue;
		if (count < HEALTH_TUNNEL_BINDS_MAX)
			targets[count] = one;
		count++;
	}
	return count;
}

/* False after reporting that it is invalid. */
static bool read_wanted(struct target *out, const struct conf_value *object)
{
	struct conf_value value;
	uint32_t port = 0;

	if (conf_is_object(object) && conf_find(&value, object, "vip") &&
	    conf_addr(&out->vip, &value))
		return false;
	if (conf_is_object(object) && conf_find(&value, object, "port") &&
	    conf_uint(&port, 1, UINT16_MAX, &value))
		return false;
	out->port = (uint16_t)port;
	return true;
}

static void refuse_none(const struct target *wanted, const struct conf_value *object)
{
	if (wanted->vip.version && wanted->port)
		(void)conf_refuse(object, "no TCP bind of the table has this \"vip\" and \"port\"");
	else
		(void)conf_refuse(object,
				  "finds no TCP bind of one address and one port in the table: "
				  "give both \"vip\" and \"port\"");
}

int health_tunnel_read(struct health_list *list, const struct health_check *check,
		       const struct conf_value *object, const struct glb_table_spec *table)
{
	struct target targets[HEALTH_TUNNEL_BINDS_MAX];
	struct health_check each = *check;
	struct target wanted = {.port = 0};

	if (!read_wanted(&wanted, object) || !table->binds)
		return 0;

	unsigned int count = find_targets(targets, &wanted, table);
	int err = 0;

	if (!count)
		refuse_none(&wanted, object);
	if (count > HEALTH_TUNNEL_BINDS_MAX) {
		(void)conf_refuse(object,
				  "finds more than %d TCP binds in the table: give \"vip\", "
				  "\"port\" or both",
				  HEALTH_TUNNEL_BINDS_MAX);
		return 0;
	}
	for (unsigned int i = 0; i < count && !err; i++) {
		each.vip = targets[i].vip;
		each.port = targets[i].port;
		err = health_list_add(list, &each);
	}
	return err;
}
