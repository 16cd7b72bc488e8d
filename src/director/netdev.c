/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_devargs.h>
#include <rte_kvargs.h>

#include "director/ethdev.h"
#include "director/netdev.h"

/* Drivers whose kernel device is an argument, and the key of that argument. */
static const struct {
	const char *driver;
	const char *key;
	bool is_copied;
	bool needs_up;
} named_by[] = {
	{"net_af_packet", "iface", true, false}, {"net_af_xdp", "iface", false, false},
	{"net_pcap", "iface", true, true},	 {"net_pcap", "rx_iface", true, true},
	{"net_pcap", "rx_iface_in", true, true},
};

/* The key of an argument that names an XDP program: a device has only one. */
static const char xdp_prog_key[] = "xdp_prog";

/* The device arguments of a port, to be freed; NULL if there are none. */
static struct rte_kvargs *args_of(const struct rte_eth_dev_info *info)
{
	const struct rte_devargs *devargs = info->device ? rte_dev_devargs(info->device) : NULL;

	return devargs && devargs->args ? rte_kvargs_parse(devargs->args, NULL) : NULL;
}

static bool has_xdp_prog(const struct rte_eth_dev_info *info)
{
	struct rte_kvargs *args = args_of(info);
	bool has = args && rte_kvargs_count(args, xdp_prog_key);

	rte_kvargs_free(args);
	return has;
}

/* The value of a key in the device arguments of a port. False if there is none. */
static bool read_arg(char out[IF_NAMESIZE], const struct rte_eth_dev_info *info, const char *key)
{
	struct rte_kvargs *args = args_of(info);
	const char *value = args ? rte_kvargs_get(args, key) : NULL;
	bool fits = value && *value && strlen(value) < IF_NAMESIZE;

	if (fits)
		(void)snprintf(out, IF_NAMESIZE, "%s", value);
	rte_kvargs_free(args);
	return fits;
}

bool netdev_of(struct netdev *out, uint16_t id)
{
	struct rte_eth_dev_info info;
	struct netdev found = {.is_copied = false};

	if (rte_eth_dev_info_get(id, &info))
		return false;
	for (unsigned int i = 0; i < RTE_DIM(named_by); i++) {
		if (strcmp(info.driver_name, named_by[i].driver) != 0 ||
		    !read_arg(found.name, &info, named_by[i].key))
			continue;
		found.is_copied = named_by[i].is_copied;
		found.is_xdp = !strcmp(info.driver_name, "net_af_xdp");
		found.has_xdp_prog = has_xdp_prog(&info);
		found.needs_up = named_by[i].needs_up;
		found.is_named = true;
		found.ifindex = info.if_index ? info.if_index : if_nametoindex(found.name);
		*out = found;
		return true;
	}
	if (!info.if_index || !if_indextoname(info.if_index, found.name))
		return false;
	found.ifindex = info.if_index;
	found.is_own = !strcmp(info.driver_name, "net_tap");
	found.is_named = found.is_own;
	*out = found;
	return true;
}

const char *netdev_port(uint16_t id, char name[RTE_DEV_NAME_MAX_LEN])
{
	return rte_eth_dev_get_name_by_port(id, name) ? "?" : name;
}

/* The link type (ARPHRD_...) and address of a device; returns 0 or -errno. */
static int netdev_read_link(struct sockaddr *out, uint32_t ifindex)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = !if_indextoname(ifindex, request.ifr_name) || ioctl(fd, SIOCGIFHWADDR, &request)
		      ? -errno
		      : 0;
	(void)close(fd);
	*out = request.ifr_hwaddr;
	return err;
}

uint16_t netdev_mtu(uint32_t ifindex)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int mtu = 0;

	if (fd < 0)
		return 0;
	if (if_indextoname(ifindex, request.ifr_name) && !ioctl(fd, SIOCGIFMTU, &request))
		mtu = request.ifr_mtu;
	(void)close(fd);
	return (uint16_t)RTE_MIN(mtu, UINT16_MAX);
}

bool netdev_mac(uint8_t out[GLB_MAC_LEN], uint16_t id)
{
	struct netdev netdev;
	struct sockaddr link;

	if (!netdev_of(&netdev, id) || netdev_read_link(&link, netdev.ifindex) ||
	    link.sa_family != ARPHRD_ETHER)
		return false;
	memcpy(out, link.sa_data, GLB_MAC_LEN);
	return true;
}

int netdev_check(uint16_t id, struct glb_diag *diag)
{
	char port[RTE_DEV_NAME_MAX_LEN];
	struct netdev netdev;

	if (!netdev_of(&netdev, id))
		return 0;

	struct sockaddr link;
	int err = netdev_read_link(&link, netdev.ifindex);

	if (err) /* the device may be gone; a new one of its name is opened next */
		err = netdev_read_link(&link, if_nametoindex(netdev.name));
	if (err) {
		glb_diag(diag, "port %s: %s: %s", netdev_port(id, port), netdev.name,
			 strerror(-err));
		return err;
	}
	if (link.sa_family == ARPHRD_ETHER || link.sa_family == ARPHRD_LOOPBACK)
		return 0;
	glb_diag(diag,
		 "port %s: %s is not an Ethernet device (its link type is %d): tun, WireGuard and "
		 "other devices of bare IP packets cannot carry what a director sends",
		 netdev_port(id, port), netdev.name, link.sa_family);
	return -ENOTSUP;
}
