/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/addr.h"
#include "director/ethdev.h"
#include "director/netdev.h"
#include "director/xdp/bifurcation.h"
#include "director/xdp/queues.h"
#include "sys/log.h"

/* --- Devices --- */

/* Checks that a port is one of net_af_xdp, and finds its device. Returns 0, or -ENOTSUP with a
 * diag. */
static int find_shared(struct netdev *out, uint16_t id, struct glb_diag *diag)
{
	struct rte_eth_dev_info info = {0};
	char port[RTE_DEV_NAME_MAX_LEN];
	int err = rte_eth_dev_info_get(id, &info);

	if (!err && !strcmp(info.driver_name, "net_af_xdp") && netdev_of(out, id))
		return 0;
	glb_diag(diag,
		 "port %s: \"bifurcate\" takes a device of the kernel under net_af_xdp, and it is "
		 "one of %s",
		 netdev_port(id, port), err ? "an unknown driver" : info.driver_name);
	return -ENOTSUP;
}

/* Detaches a director's program; refuses any other one. Returns 0, or -errno with a diag. */
static int clear_device(uint16_t id, const struct netdev *netdev, struct glb_diag *diag)
{
	char port[RTE_DEV_NAME_MAX_LEN];
	struct xdp_program program;
	int err = xdp_programs.find(&program, netdev->ifindex);

	(void)netdev_port(id, port);
	if (err) {
		glb_diag(diag, "port %s: cannot inspect the XDP program of %s: %s", port,
			 netdev->name, strerror(-err));
		return err;
	}
	if (!program.id)
		return 0;
	if (!program.is_ours) {
		glb_diag(diag,
			 "port %s: %s has an XDP program that is not a director's, \"%s\" with ID "
			 "%u; if it is not needed: ip link set dev %s xdp off",
			 port, netdev->name, program.name, program.id, netdev->name);
		err = -EEXIST;
	} else {
		err = xdp_programs.detach(&program, netdev->ifindex);
		if (err)
			glb_diag(diag,
				 "port %s: cannot detach the XDP program that a director has left "
				 "on %s: %s",
				 port, netdev->name, strerror(-err));
		else
			log_info("port %s: detached the XDP program that a director has left on %s",
				 port, netdev->name);
	}
	xdp_programs.release(&program);
	return err;
}

int bifurcation_clear(const struct ports *ports, const struct director_conf *conf,
		      struct glb_diag *diag)
{
	int err = 0;

	for (unsigned int i = 0; i < ports->count && !err; i++) {
		struct netdev netdev;

		if (!ports_conf(ports->ids[i], conf).bifurcate)
			continue;
		err = find_shared(&netdev, ports->ids[i], diag);
		if (!err)
			err = clear_device(ports->ids[i], &netdev, diag);
	}
	return err;
}

static void check_queues(uint16_t id, const struct netdev *netdev, uint16_t served)
{
	unsigned int queues = receive_queues(netdev->name);
	char port[RTE_DEV_NAME_MAX_LEN];

	if (queues > served)
		log_warning(
			"port %s: %s receives on %u queues, and the port has %u: packets to VIPs "
			"that arrive on others are dropped: ethtool -L %s combined %u, or "
			"queue_count=%u in the --vdev, with as many workers",
			netdev_port(id, port), netdev->name, queues, served, netdev->name, served,
			queues);
}

/* --- The program of a port --- */

/* Has the driver attached the program? Returns 0, or -errno with a diag. */
static int find_attached(struct xdp_program *out, uint16_t id, const struct netdev *netdev,
			 struct glb_diag *diag)
{
	char port[RTE_DEV_NAME_MAX_LEN];
	int err = xdp_programs.find(out, netdev->ifindex);

	if (!err && out->is_ours && out->vips_fd > 0 && out->prefixes_fd > 0 && out->packets_fd > 0)
		return 0;
	if (!err)
		xdp_programs.release(out);
	err = err ? err : -ENOENT;
	glb_diag(diag, "port %s: its driver has not given %s the XDP program: %s",
		 netdev_port(id, port), netdev->name, strerror(-err));
	return err;
}

/* Adds a port, with what is in the programs of the others. Returns 0, or -errno with a diag. */
static int bifurcate_port(struct bifurcation *bifurcation, uint16_t id, struct glb_diag *diag)
{
	static const struct xdp_vips none;
	struct bifurcated port = {.id = id};
	struct netdev netdev;
	int err = find_shared(&netdev, id, diag);

	if (!err)
		err = find_attached(&port.program, id, &netdev, diag);
	if (err)
		return err;
	port.ifindex = netdev.ifindex;
	err = xdp_programs.change(&port.program, &none, &bifurcation->now);
	if (err) {
		glb_diag(diag, "bifurcate: cannot enter VIPs into the XDP program of %s: %s",
			 netdev.name, strerror(-err));
		xdp_programs.release(&port.program);
		return err;
	}
	bifurcation->ports[bifurcation->count++] = port;
	return 0;
}

/* --- VIPs --- */

static bool contains(const struct xdp_key *key, const struct glb_addr *addr)
{
	struct glb_addr network = addr_network(addr, key->bit_count - XDP_VERSION_BITS);

	return key->version == addr->version &&
	       !memcmp(network.bytes, key->address, sizeof(key->address));
}

static bool is_vip(const struct xdp_vips *vips, const struct glb_addr *addr)
{
	for (uint32_t i = 0; i < vips->count; i++)
		if (vips->list[i].roles & XDP_ROLE_VIP && contains(&vips->list[i].key, addr))
			return true;
	return false;
}

/* False if it is no IP address. */
static bool read_address(struct glb_addr *out, const struct sockaddr *from)
{
	*out = (struct glb_addr){.version = 0};
	if (from && from->sa_family == AF_INET) {
		out->version = 4;
		memcpy(out->bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	} else if (from && from->sa_family == AF_INET6) {
		out->version = 6;
		memcpy(out->bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr,
		       16);
	}
	return out->version;
}

/* Warns of addresses of the host that its kernel does not get packets for any more. */
static void warn_of_own(const struct xdp_vips *vips)
{
	struct ifaddrs *all;

	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
		char text[ADDR_TEXT_LEN];
		struct glb_addr addr;

		if (read_address(&addr, one->ifa_addr) && glb_is_host(addr.bytes, addr.version) &&
		    is_vip(vips, &addr))
			log_warning("%s, an address of this host on %s, is in a bind: packets to "
				    "it reach the director on bifurcated ports, and no service of "
				    "the host, whatever their port",
				    addr_text(text, &addr), one->ifa_name);
	}
	freeifaddrs(all);
}

int bifurcation_open(struct bifurcation *bifurcation, const struct ports *ports,
		     const struct director_conf *conf, const struct glb_generation *first,
		     struct glb_diag *diag)
{
	int err = 0;

	for (unsigned int i = 0; i < ports->count && !err; i++) {
		struct netdev netdev;

		if (!ports_conf(ports->ids[i], conf).bifurcate)
			continue;
		if (!bifurcation->now.list)
			err = xdp_vips_list(&bifurcation->now, &first->tables, &first->settings,
					    diag);
		if (!err)
			err = bifurcate_port(bifurcation, ports->ids[i], diag);
		if (!err && netdev_of(&netdev, ports->ids[i]))
			check_queues(ports->ids[i], &netdev, ports->queue_count);
	}
	if (!err)
		warn_of_own(&bifurcation->now);
	return err;
}

int bifurcation_reopened(struct bifurcation *bifurcation, uint16_t id, struct glb_diag *diag)
{
	for (unsigned int i = 0; i < bifurcation->count; i++) {
		struct bifurcated *port = &bifurcation->ports[i];
		struct bifurcated old = *port;
		int err;

		if (port->id != id)
			continue;
		if (xdp_programs.count(old.before, &old.program))
			log_warning("bifurcate: packets counted on the old device are lost");
		xdp_programs.release(&old.program);
		*port = bifurcation->ports[--bifurcation->count];
		err = bifurcate_port(bifurcation, id, diag);
		if (!err)
			memcpy(bifurcation->ports[bifurcation->count - 1].before, old.before,
			       sizeof(old.before));
		return err;
	}
	return 0;
}

/* Changes the programs of all ports from one set to another. Returns 0 or the first error. */
static int change_all(struct bifurcation *bifurcation, const struct xdp_vips *from,
		      const struct xdp_vips *to)
{
	int err = 0;

	for (unsigned int i = 0; i < bifurcation->count && !err; i++)
		err = xdp_programs.change(&bifurcation->ports[i].program, from, to);
	return err;
}

int bifurcation_begin(struct bifurcation *bifurcation, const struct glb_generation *next,
		      struct glb_diag *diag)
{
	struct xdp_vips both = {.count = 0};
	int err;

	if (!bifurcation->count)
		return 0;
	err = xdp_vips_list(&bifurcation->next, &next->tables, &next->settings, diag);
	if (err)
		return err;
	err = xdp_vips_join(&both, &bifurcation->now, &bifurcation->next);
	if (!err)
		err = change_all(bifurcation, &bifurcation->now, &both);
	if (err) {
		glb_diag(diag, "bifurcate: cannot enter VIPs into the XDP program: %s",
			 strerror(-err));
		(void)change_all(bifurcation, &both, &bifurcation->now);
		xdp_vips_free(&both);
		xdp_vips_free(&bifurcation->next);
		return err;
	}
	bifurcation->was = bifurcation->now;
	bifurcation->now = both;
	return 0;
}

void bifurcation_end(struct bifurcation *bifurcation, bool served)
{
	struct xdp_vips *keep = served ? &bifurcation->next : &bifurcation->was;
	struct xdp_vips *drop = served ? &bifurcation->was : &bifurcation->next;
	int err;

	if (!bifurcation->count)
		return;
	err = change_all(bifurcation, &bifurcation->now, keep);
	if (err)
		log_warning("bifurcate: cannot remove VIPs from the XDP program: %s",
			    strerror(-err));
	xdp_vips_free(drop);
	xdp_vips_free(&bifurcation->now);
	bifurcation->now = *keep;
	*keep = (struct xdp_vips){.count = 0};
	if (served)
		warn_of_own(&bifurcation->now);
}

void bifurcation_watch(struct bifurcation *bifurcation)
{
	for (unsigned int i = 0; i < bifurcation->count; i++) {
		struct bifurcated *port = &bifurcation->ports[i];
		char name[RTE_DEV_NAME_MAX_LEN];
		bool is_attached;

		/* a device that is gone is reported as such */
		if (port->is_lost ||
		    xdp_programs.is_attached(&is_attached, &port->program, port->ifindex))
			continue;
		port->is_lost = !is_attached;
		if (port->is_lost)
			log_warning("port %s: its device no longer has the director's XDP program, "
				    "so packets to VIPs do not get here: somebody has detached or "
				    "replaced it; restart the director",
				    netdev_port(port->id, name));
	}
}

bool bifurcation_is_whole(const struct bifurcation *bifurcation, uint16_t id)
{
	for (unsigned int i = 0; i < bifurcation->count; i++)
		if (bifurcation->ports[i].id == id && bifurcation->ports[i].is_lost)
			return false;
	return true;
}

bool bifurcation_count(uint64_t sum[XDP_FATE_COUNT], const struct bifurcation *bifurcation,
		       uint16_t id)
{
	for (unsigned int i = 0; i < bifurcation->count; i++) {
		const struct bifurcated *port = &bifurcation->ports[i];

		if (port->id != id)
			continue;
		for (unsigned int fate = 0; fate < XDP_FATE_COUNT; fate++)
			sum[fate] += port->before[fate];
		return !xdp_programs.count(sum, &port->program);
	}
	return false;
}

void bifurcation_close(struct bifurcation *bifurcation)
{
	for (unsigned int i = 0; i < bifurcation->count; i++)
		xdp_programs.release(&bifurcation->ports[i].program);
	for (unsigned int i = 0; i < bifurcation->word_count; i++)
		free(bifurcation->words[i]);
	if (bifurcation->object_fd)
		(void)close(bifurcation->object_fd);
	xdp_vips_free(&bifurcation->now);
	xdp_vips_free(&bifurcation->was);
	xdp_vips_free(&bifurcation->next);
	*bifurcation = (struct bifurcation){.count = 0};
}
