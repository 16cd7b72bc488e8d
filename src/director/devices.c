/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_devargs.h>
#include <rte_kvargs.h>

#include "director/devices.h"
#include "director/ethdev.h"

enum { PLACE_LEN = 48 }; /* of a key path in director.json */

/* Is it a member of a bond? Unknown until the bond is configured. */
static bool is_member(uint16_t id)
{
	struct rte_eth_dev_info info;

	return !rte_eth_dev_info_get(id, &info) && (*info.dev_flags & DPDK_BOND_MEMBER);
}

/* A bond adopts the members in its EAL argument only when it is configured. */
static int gather_members(struct glb_diag *diag)
{
	const struct rte_eth_conf conf = {0};
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id) {
		struct rte_eth_dev_info info;
		char name[RTE_DEV_NAME_MAX_LEN];
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

struct members {
	uint16_t *ids;
	unsigned int count;
	bool unknown; /* a member is not a known device */
};

/* A member is named by device name or by DPDK port number. */
static int add_member(const char *key, const char *name, void *arg)
{
	struct members *members = arg;
	uint16_t id;
	char *end;

	if (strcmp(key, "slave") != 0 && strcmp(key, "member") != 0)
		return 0;
	if (rte_eth_dev_get_port_by_name(name, &id)) {
		unsigned long number = strtoul(name, &end, 10);

		id = (uint16_t)number;
		if (end == name || *end || number >= RTE_MAX_ETHPORTS)
			members->unknown = true;
	}
	if (members->count == RTE_MAX_ETHPORTS)
		members->unknown = true;
	if (!members->unknown)
		members->ids[members->count++] = id;
	return 0;
}

unsigned int ports_members(uint16_t out[RTE_MAX_ETHPORTS], uint16_t id)
{
	struct members members = {.ids = out};
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(id, &info) || strcmp(info.driver_name, DPDK_BOND_DRIVER) != 0)
		return 0;

	const struct rte_devargs *devargs = info.device ? rte_dev_devargs(info.device) : NULL;
	struct rte_kvargs *args =
		devargs && devargs->args ? rte_kvargs_parse(devargs->args, NULL) : NULL;

	if (args)
		(void)rte_kvargs_process(args, NULL, add_member, &members);
	rte_kvargs_free(args);
	return members.unknown ? 0 : members.count;
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

bool ports_has(const struct ports *ports, uint16_t id)
{
	uint16_t one;

	for (unsigned int i = 0; ports_device(&one, ports, i); i++)
		if (one == id && one != PORT_NONE)
			return true;
	return false;
}

/* Looks a device up by name. Returns 0; or -ENODEV with a diag that names `place`, where it is
 * configured. */
static int find_device(uint16_t *id, const char *place, const char *name, struct glb_diag *diag)
{
	if (!rte_eth_dev_get_port_by_name(name, id))
		return 0;
	glb_diag(diag, "%s: there is no device \"%s\"", place, name);
	return -ENODEV;
}

/* Kernel twins named in director.json, the top-level one first. */
struct twin_names {
	unsigned int count;
	uint16_t ids[GLB_PORTS_MAX + 1];
};

static bool is_named(const struct twin_names *names, uint16_t id)
{
	for (unsigned int i = 0; i < names->count; i++)
		if (names->ids[i] == id)
			return true;
	return false;
}

static int add_name(struct twin_names *names, const char *place, const char *name,
		    struct glb_diag *diag)
{
	uint16_t id;
	int err = *name ? find_device(&id, place, name, diag) : 0;

	if (err || !*name)
		return err;
	if (is_named(names, id)) {
		glb_diag(diag, "%s: \"%s\" is that of another port", place, name);
		return -EEXIST;
	}
	names->ids[names->count++] = id;
	return 0;
}

static int find_twins(struct twin_names *names, const struct director_conf *conf,
		      struct glb_diag *diag)
{
	int err;

	*names = (struct twin_names){.count = 0};
	err = add_name(names, "$.punt_port", conf->punt_port, diag);
	for (unsigned int i = 0; i < conf->port_count && !err; i++) {
		char place[PLACE_LEN];

		(void)snprintf(place, sizeof(place), "$.ports[%u].punt_port", i);
		err = add_name(names, place, conf->ports[i].punt_port, diag);
	}
	return err;
}

/* Lists the ports: all devices but twins and members of bonds. */
static int list_ports(struct ports *ports, const struct twin_names *twins, struct glb_diag *diag)
{
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id) {
		if (is_named(twins, id) || is_member(id))
			continue;
		if (id >= GLB_PORTS_MAX) {
			glb_diag(diag, "port number %u: must be below %d", id, GLB_PORTS_MAX);
			return -E2BIG;
		}
		ports->twin_ids[id] = PORT_NONE;
		ports->punt_via[id] = id;
		ports->ids[ports->count++] = id;
	}
	return 0;
}

/* Assigns the ports' own twins. Names of devices that are no ports are left to ports_check(). */
static void assign_own(struct ports *ports, const struct director_conf *conf)
{
	for (unsigned int i = 0; i < conf->port_count; i++) {
		const struct port_conf *port = &conf->ports[i];
		uint16_t id;

		if (!*port->punt_port || rte_eth_dev_get_port_by_name(port->name, &id))
			continue;
		for (unsigned int k = 0; k < ports->count; k++)
			if (ports->ids[k] == id)
				(void)rte_eth_dev_get_port_by_name(port->punt_port,
								   &ports->twin_ids[id]);
	}
}

/* The top-level twin is that of the first port, and also receives what ports without a twin punt.
 */
static int assign_first(struct ports *ports, uint16_t twin_id, struct glb_diag *diag)
{
	uint16_t first = ports->ids[0];

	if (!ports->count)
		return 0;
	if (ports->twin_ids[first] != PORT_NONE) {
		glb_diag(diag, "$.punt_port: the first port has one of its own in $.ports");
		return -EEXIST;
	}
	ports->twin_ids[first] = twin_id;
	for (unsigned int i = 0; i < ports->count; i++)
		if (ports->twin_ids[ports->ids[i]] == PORT_NONE)
			ports->punt_via[ports->ids[i]] = first;
	return 0;
}

/* Sorts the devices into ports, their twins, and members of bonds. */
static int sort_ports(struct ports *ports, const struct director_conf *conf, struct glb_diag *diag)
{
	struct twin_names twins;
	int err = find_twins(&twins, conf, diag);

	*ports = (struct ports){.count = 0};
	if (!err)
		err = list_ports(ports, &twins, diag);
	if (err)
		return err;
	assign_own(ports, conf);
	return *conf->punt_port ? assign_first(ports, twins.ids[0], diag) : 0;
}

int ports_find(struct ports *out, const struct director_conf *conf, struct glb_diag *diag)
{
	struct ports ports;
	int err = gather_members(diag);

	if (!err)
		err = sort_ports(&ports, conf, diag);
	if (err)
		return err;
	/* ports_start() fails if it is not supported */
	ports.udp_checksum = conf->settings.udp_checksum == GLB_UDP_OFFLOAD;
	err = ports_check(&ports, conf, diag);
	if (!err)
		*out = ports;
	return err;
}

/* Is the device of this name a port? Returns 0; or -ENODEV with a diag that names `place`. */
static int check_served(const struct ports *ports, const char *place, const char *name,
			struct glb_diag *diag)
{
	uint16_t id;
	int err = find_device(&id, place, name, diag);

	if (err)
		return err;
	if (ports_twin_of(ports, id) != PORT_NONE)
		glb_diag(diag, "%s: \"%s\" is the punt_port", place, name);
	else if (is_member(id))
		glb_diag(diag, "%s: \"%s\" is a member of a bond", place, name);
	else
		return 0;
	return -ENODEV;
}

/* Are both ends of a flow path of the original ports? */
static int check_path(const struct ports *ports, const struct director_conf *conf, uint8_t from,
		      struct glb_diag *diag)
{
	const struct flow_path *path = &conf->paths[from];
	unsigned int has_from = 0;
	unsigned int has_to = 0;

	if (!path->is_set)
		return 0;
	for (unsigned int i = 0; i < ports->count; i++) {
		has_from |= ports->ids[i] == from;
		has_to |= ports->ids[i] == path->to;
	}
	if (has_from && has_to)
		return 0;
	glb_diag(diag, "$.flow_paths[%u].%s: there is no port %u", path->at,
		 has_from ? "tx_port" : "rx_port", has_from ? path->to : from);
	return -ENODEV;
}

/* Can packets leave through every port that the flow paths name? */
static int check_ways_out(const struct ports *ports, const struct director_conf *conf,
			  struct glb_diag *diag)
{
	int err = 0;

	for (uint8_t id = 0; id < GLB_PORTS_MAX && !err; id++)
		err = check_path(ports, conf, id, diag);
	for (unsigned int i = 0; i < conf->port_count && !err; i++) {
		const struct port_conf *port = &conf->ports[i];
		char place[PLACE_LEN];
		uint16_t from, to;

		if (!*port->send_through)
			continue;
		(void)snprintf(place, sizeof(place), "$.ports[%u].send_through", i);
		err = check_served(ports, place, port->send_through, diag);
		if (err || rte_eth_dev_get_port_by_name(port->name, &from) ||
		    rte_eth_dev_get_port_by_name(port->send_through, &to) ||
		    !conf->paths[from].is_set || conf->paths[from].to == to)
			continue;
		glb_diag(diag, "%s: contradicts $.flow_paths[%u], which is through port %u", place,
			 conf->paths[from].at, conf->paths[from].to);
		err = -EINVAL;
	}
	return err;
}

uint16_t ports_way_out(uint16_t id, const struct port_conf *own, const struct director_conf *conf)
{
	uint16_t to;

	if (*own->send_through && !rte_eth_dev_get_port_by_name(own->send_through, &to))
		return to;
	return conf->paths[id].is_set ? conf->paths[id].to : id;
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
	return check_ways_out(ports, conf, diag);
}
