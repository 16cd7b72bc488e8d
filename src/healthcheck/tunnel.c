/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel.h"

#pragma GCC diagnostic push /* generated code, with the program in one string literal */
#pragma GCC diagnostic ignored "-Woverlength-strings"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "tunnel.skel.h"
#pragma GCC diagnostic pop

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/addr.h"
#include "sys/log.h"
#include "tunnel_attach.h"
#include "tunnel_entry.h"
#include "tunnel_route.h"

enum { SEGMENT_LEAST = 88, SEGMENT_MOST = 32767 }; /* range accepted by TCP_MAXSEG */

struct tunnel {
	struct tunnel_bpf *skeleton;
	char interface[INTERFACE_NAME_LEN];
	struct glb_addr src, src6; /* outer source addresses; version 0: none */
	int ifindex;		   /* device with the program attached; 0: none */
	int link_fd;		   /* keeps the program attached; -1: attached as a filter */
	int route_fd;
	int ioctl_fd;
};

static int tunnel_explain(char why[TUNNEL_WHY_LEN], int err, const char *format, ...)
	GLB_PRINTF(3, 4);

static int tunnel_explain(char why[TUNNEL_WHY_LEN], int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, TUNNEL_WHY_LEN, format, args);
	va_end(args);
	return err;
}

/* --- The device --- */

static struct ifreq tunnel_request_for(const struct tunnel *tunnel)
{
	struct ifreq request = {0};

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", tunnel->interface);
	return request;
}

/* The current index of the device; 0: it does not exist. */
static int tunnel_find_device(const struct tunnel *tunnel)
{
	struct ifreq request = tunnel_request_for(tunnel);

	return ioctl(tunnel->ioctl_fd, SIOCGIFINDEX, &request) ? 0 : request.ifr_ifindex;
}

static bool is_ethernet(const struct tunnel *tunnel)
{
	struct ifreq request = tunnel_request_for(tunnel);

	return !ioctl(tunnel->ioctl_fd, SIOCGIFHWADDR, &request) &&
	       request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

/* 0: unknown. */
static unsigned int tunnel_mtu_of(const struct tunnel *tunnel)
{
	struct ifreq request = tunnel_request_for(tunnel);

	return ioctl(tunnel->ioctl_fd, SIOCGIFMTU, &request) ? 0 : (unsigned int)request.ifr_mtu;
}

static void forget_device(struct tunnel *tunnel)
{
	if (tunnel->link_fd >= 0)
		(void)close(tunnel->link_fd);
	tunnel->link_fd = -1;
	tunnel->ifindex = 0;
}

/* Attaches the program to the device with the configured name, whatever it was attached to
 * before. */
static int take_device(struct tunnel *tunnel, char why[TUNNEL_WHY_LEN])
{
	int fd = bpf_program__fd(tunnel->skeleton->progs.glb_tunnel);
	int ifindex = tunnel_find_device(tunnel);
	int err;

	if (ifindex && ifindex == tunnel->ifindex)
		return 0;
	forget_device(tunnel);
	if (!ifindex)
		return tunnel_explain(why, -ENODEV, "device %s does not exist", tunnel->interface);
	if (!is_ethernet(tunnel))
		return tunnel_explain(why, -ENODEV, "%s is not an Ethernet device",
				      tunnel->interface);
	tunnel->link_fd = tunnel_attach_tcx(ifindex, fd);
	err = tunnel->link_fd < 0 ? tunnel->link_fd : 0;
	if (err == -EINVAL)
		err = tunnel_attach_clsact(ifindex, fd);
	if (err == -EPERM)
		return tunnel_explain(
			why, err,
			"no permission to attach a program to %s: the checker has to be "
			"started again",
			tunnel->interface);
	if (err)
		return tunnel_explain(why, err, "no program can be attached to %s: %s",
				      tunnel->interface, strerror(-err));
	tunnel->ifindex = ifindex;
	return 0;
}

/* --- Open and close --- */

static int discard(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN)
		log_lines_args(LOG_LEVEL_WARNING, format, args);
	return 0;
}

/* Loads the program; if the kernel refuses it, once more to obtain its reasons. */
static int tunnel_load(struct tunnel *tunnel, char why[TUNNEL_WHY_LEN])
{
	int err = 0;

	for (int i = 0; i < 2; i++) {
		(void)libbpf_set_print(i ? print_warnings : discard);
		tunnel->skeleton = tunnel_bpf__open_and_load();
		err = tunnel->skeleton ? 0 : -errno;
		if (!err || err == -EPERM)
			break;
	}
	(void)libbpf_set_print(discard);
	if (err == -EPERM)
		return tunnel_explain(why, err,
				      "no permission: this takes CAP_BPF and CAP_NET_ADMIN");
	if (err)
		return tunnel_explain(why, err, "the kernel refuses the program: %s",
				      strerror(-err));
	return 0;
}

int tunnel_open(struct tunnel **out, const struct health_conf *conf, char why[TUNNEL_WHY_LEN])
{
	struct tunnel *tunnel = calloc(1, sizeof(*tunnel));
	int err;

	if (!tunnel)
		return tunnel_explain(why, -ENOMEM, "out of memory");
	*tunnel = (struct tunnel){
		.src = conf->tunnel_src,
		.src6 = conf->tunnel_src6,
		.link_fd = -1,
		.route_fd = tunnel_route_open(),
		.ioctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
	};
	(void)snprintf(tunnel->interface, sizeof(tunnel->interface), "%s", conf->tunnel_interface);
	if (tunnel->route_fd < 0 || tunnel->ioctl_fd < 0)
		err = tunnel_explain(why, -EMFILE, "no sockets to look at routes and devices with");
	else
		err = tunnel_load(tunnel, why);
	if (!err)
		err = take_device(tunnel, why);
	if (err)
		tunnel_close(tunnel);
	else
		*out = tunnel;
	return err;
}

void tunnel_close(struct tunnel *tunnel)
{
	if (!tunnel)
		return;
	forget_device(tunnel);
	tunnel_bpf__destroy(tunnel->skeleton);
	if (tunnel->route_fd >= 0)
		(void)close(tunnel->route_fd);
	if (tunnel->ioctl_fd >= 0)
		(void)close(tunnel->ioctl_fd);
	free(tunnel);
}

/* --- Is the tunnel usable? --- */

unsigned int tunnel_overhead(const struct glb_addr *backend)
{
	return glb_outer_len(backend->version, 0);
}

/* The outer source address for a backend; NULL: none is configured. */
static const struct glb_addr *source_for(const struct tunnel *tunnel,
					 const struct glb_addr *backend)
{
	const struct glb_addr *src = backend->version == 4 ? &tunnel->src : &tunnel->src6;

	return src->version ? src : NULL;
}

static int check_route(const struct tunnel *tunnel, const struct glb_addr *vip,
		       char why[TUNNEL_WHY_LEN])
{
	char name[IF_NAMESIZE] = "another device";
	char addr[ADDR_TEXT_LEN];
	struct tunnel_route route;
	int err = tunnel_route_find(&route, tunnel->route_fd, vip);

	(void)addr_text(addr, vip);
	if (err)
		return tunnel_explain(why, err, "no route to the VIP %s: %s", addr, strerror(-err));
	if (route.is_local)
		return tunnel_explain(
			why, -EADDRINUSE,
			"the VIP %s is an address of this host: packets to it do not leave", addr);
	if (route.ifindex == tunnel->ifindex)
		return 0;
	(void)if_indextoname((unsigned int)route.ifindex, name);
	return tunnel_explain(why, -ENETUNREACH, "the VIP %s is routed by %s, not by %s", addr,
			      name, tunnel->interface);
}

static int check_size(const struct tunnel *tunnel, const struct tunnel_end *end,
		      char why[TUNNEL_WHY_LEN])
{
	unsigned int len = end->full_size + tunnel_overhead(end->backend);
	unsigned int mtu = tunnel_mtu_of(tunnel);

	if (!end->full_size || !mtu || len <= mtu)
		return 0;
	return tunnel_explain(why, -EMSGSIZE,
			      "the MTU of %s is %u: a packet of %u bytes has %u in GUE",
			      tunnel->interface, mtu, end->full_size, len);
}

int tunnel_check(struct tunnel *tunnel, const struct tunnel_end *end, char why[TUNNEL_WHY_LEN])
{
	int err = take_device(tunnel, why);

	if (!err && !source_for(tunnel, end->backend))
		err = tunnel_explain(why, -EAFNOSUPPORT,
				     "there is no outer source address of IPv%u",
				     end->backend->version);
	if (!err)
		err = check_route(tunnel, end->vip, why);
	return err ? err : check_size(tunnel, end, why);
}

/* --- Sockets --- */

static int entries_fd(const struct tunnel *tunnel)
{
	return bpf_map__fd(tunnel->skeleton->maps.glb_entries);
}

/*
 * Limits TCP segments so that they fit the device once encapsulated: TCP knows only the device's
 * MTU.
 */
static int limit_segments(const struct tunnel *tunnel, int fd, const struct tunnel_end *end)
{
	const unsigned int headers = tunnel_overhead(end->backend) + GLB_TCP_LEN +
				     (end->vip->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);
	const unsigned int mtu = tunnel_mtu_of(tunnel);
	int segment = (int)(mtu - headers);

	if (mtu < headers + SEGMENT_LEAST)
		return 0;
	segment = segment < SEGMENT_MOST ? segment : SEGMENT_MOST;
	return setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)) ? -errno : 0;
}

int tunnel_enter(uint64_t *cookie, struct tunnel *tunnel, int fd, const struct tunnel_end *end)
{
	const struct glb_addr *src = source_for(tunnel, end->backend);
	struct tunnel_entry entry = {
		.full_size = end->full_size,
		.version = end->backend->version,
	};
	socklen_t len = sizeof(*cookie);
	uint64_t key;
	int err = src ? limit_segments(tunnel, fd, end) : -EAFNOSUPPORT;

	if (err)
		return err;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &key, &len))
		return -errno;
	entry.src_port = (uint16_t)(0xc000 | (key & 0x3fff)); /* in the ephemeral range, RFC 6335 */
	glb_outer_init(&entry.outer, entry.version, src->bytes, end->backend->bytes);
	if (bpf_map_update_elem(entries_fd(tunnel), &key, &entry, BPF_NOEXIST))
		return -errno;
	tunnel->skeleton->bss->glb_entry_count++;
	*cookie = key;
	return 0;
}

uint64_t tunnel_packets(const struct tunnel *tunnel, uint64_t cookie)
{
	struct tunnel_entry entry;

	return bpf_map_lookup_elem(entries_fd(tunnel), &cookie, &entry) ? 0 : entry.packets;
}

void tunnel_leave(struct tunnel *tunnel, uint64_t cookie)
{
	if (!bpf_map_delete_elem(entries_fd(tunnel), &cookie))
		tunnel->skeleton->bss->glb_entry_count--;
}
