/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "director/copy.h"
#include "director/ethdev.h"
#include "director/fib.h"
#include "director/host.h"
#include "director/netdev.h"
#include "sys/log.h"

enum { VIP_TEXT_LEN = ADDR_TEXT_LEN + 4, COMMAND_LEN = 200 };

/* An address or prefix named by binds, and the kernel's route for its first address. */
struct vip {
	struct glb_addr addr;
	uint8_t prefix_len;
	struct fib_route route;
	bool is_address; /* the route is to an address of this host */
};

struct vips {
	struct vip *list;
	unsigned int count;
};

/* A kernel device on which packets to VIPs reach the kernel. */
struct way {
	char port[RTE_DEV_NAME_MAX_LEN];
	char device[IF_NAMESIZE];
	bool is_twin; /* it receives punted packets, not copies */
	struct copy_host host;
};

struct ways {
	struct way list[RTE_MAX_ETHPORTS];
	unsigned int count;
};

/* One kind of problem that affects VIPs. */
struct finding {
	enum copy_fate fate;
	const struct way *way;
	const struct vip *vip; /* the first affected one */
	unsigned int more;
};

struct findings {
	struct finding list[HOST_LINES_MAX];
	unsigned int count;
};

static int host_compare_addrs(const struct glb_addr *a, const struct glb_addr *b)
{
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_vips(const void *left, const void *right)
{
	const struct vip *a = left;
	const struct vip *b = right;

	int order = host_compare_addrs(&a->addr, &b->addr);

	return order ? order : a->prefix_len - b->prefix_len;
}

static unsigned int count_binds(const struct glb_tables *tables)
{
	unsigned int count = 0;

	for (unsigned int t = 0; t < tables->count; t++)
		count += tables->tables[t]->spec.bind_count;
	return count;
}

static void add_vips(struct vips *vips, const struct glb_table_spec *table)
{
	for (unsigned int i = 0; i < table->bind_count; i++) {
		const struct glb_bind *bind = &table->binds[i];

		vips->list[vips->count++] = (struct vip){
			.addr = addr_network(&bind->addr, bind->prefix_len),
			.prefix_len = bind->prefix_len,
		};
	}
}

/* Collects each VIP once, whatever its number of ports. Returns 0 with a list to free, or
 * -ENOMEM. */
static int collect_vips(struct vips *out, const struct glb_tables *tables)
{
	unsigned int kept = 0;

	*out = (struct vips){calloc(count_binds(tables) + 1, sizeof(*out->list)), 0};
	if (!out->list)
		return -ENOMEM;
	for (unsigned int t = 0; t < tables->count; t++)
		add_vips(out, &tables->tables[t]->spec);
	qsort(out->list, out->count, sizeof(*out->list), compare_vips);
	for (unsigned int i = 0; i < out->count && kept < HOST_VIPS_MAX; i++)
		if (!i || compare_vips(&out->list[i], &out->list[kept - 1]) != 0)
			out->list[kept++] = out->list[i];
	out->count = kept;
	return 0;
}

/* Is a numeric kernel setting other than 0? False if there is no such setting. */
static bool is_set(const char *family, const char *device, const char *name)
{
	char path[128];
	int value = 0;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, device, name);

	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	if (fscanf(file, "%d", &value) != 1)
		value = 0;
	(void)fclose(file);
	return value;
}

static struct copy_host read_host(const char *device, bool has_gateway6)
{
	return (struct copy_host){
		.forwards4 = is_set("ipv4", device, "forwarding"),
		.forwards6 = is_set("ipv6", "all", "forwarding") ||
			     is_set("ipv6", device, "force_forwarding"),
		.disabled6 = is_set("ipv6", device, "disable_ipv6"),
		.has_gateway6 = has_gateway6,
	};
}

/* Finds the devices whose kernel side receives packets to VIPs. */
static void find_ways(struct ways *out, const struct workers *workers, bool has_gateway6)
{
	*out = (struct ways){.count = 0};
	for (uint16_t id = rte_eth_find_next(0); id < RTE_MAX_ETHPORTS;
	     id = rte_eth_find_next(id + 1)) {
		bool is_twin =
			workers->punt_unmatched && ports_twin_of(&workers->ports, id) != PORT_NONE;
		struct netdev netdev;

		if (!netdev_of(&netdev, id) || !(netdev.is_copied || is_twin))
			continue;

		struct way *way = &out->list[out->count++];
		char port[RTE_DEV_NAME_MAX_LEN];

		(void)snprintf(way->port, sizeof(way->port), "%s", netdev_port(id, port));
		(void)snprintf(way->device, sizeof(way->device), "%s", netdev.name);
		way->is_twin = is_twin;
		way->host = read_host(netdev.name, has_gateway6);
	}
}

static bool read_ifaddr(struct fib_route *out, const struct ifaddrs *own)
{
	struct fib_route read = {.kind = COPY_LOCAL};
	const uint8_t *mask;

	if (!own->ifa_addr || !own->ifa_netmask)
		return false;
	if (own->ifa_addr->sa_family == AF_INET) {
		read.dst.version = 4;
		memcpy(read.dst.bytes, &((const struct sockaddr_in *)own->ifa_addr)->sin_addr, 4);
		mask = (const void *)&((const struct sockaddr_in *)own->ifa_netmask)->sin_addr;
	} else if (own->ifa_addr->sa_family == AF_INET6) {
		read.dst.version = 6;
		memcpy(read.dst.bytes, &((const struct sockaddr_in6 *)own->ifa_addr)->sin6_addr,
		       16);
		mask = (const void *)&((const struct sockaddr_in6 *)own->ifa_netmask)->sin6_addr;
	} else {
		return false;
	}
	for (unsigned int i = 0; i < (read.dst.version == 4 ? 4 : 16); i++)
		read.prefix_len += (uint8_t)__builtin_popcount(mask[i]);
	(void)snprintf(read.device, sizeof(read.device), "%s", own->ifa_name);
	read.device[strcspn(read.device, ":")] = '\0'; /* labels are written as eth0:1 */
	*out = read;
	return true;
}

/* Addresses of this host, in order. */
struct local_addrs {
	struct fib_route *list;
	unsigned int count;
};

static int compare_routes(const void *left, const void *right)
{
	const struct fib_route *a = left;
	const struct fib_route *b = right;

	return host_compare_addrs(&a->dst, &b->dst);
}

/* Empty if memory runs out or the kernel does not answer. */
static void collect_own(struct local_addrs *out)
{
	struct ifaddrs *own = NULL;
	size_t count = 0;

	*out = (struct local_addrs){.count = 0};
	(void)getifaddrs(&own);
	for (const struct ifaddrs *one = own; one; one = one->ifa_next)
		count++;
	out->list = calloc(count + 1, sizeof(*out->list));
	for (const struct ifaddrs *one = own; one && out->list; one = one->ifa_next)
		out->count += read_ifaddr(&out->list[out->count], one);
	freeifaddrs(own);
	if (out->list)
		qsort(out->list, out->count, sizeof(*out->list), compare_routes);
}

/* Finds the lowest address of this host within a VIP. */
static bool find_own(struct fib_route *out, const struct local_addrs *own, const struct vip *vip)
{
	unsigned int from = 0;
	unsigned int to = own->count;

	while (from < to) {
		unsigned int middle = from + (to - from) / 2;

		if (host_compare_addrs(&own->list[middle].dst, &vip->addr) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == own->count)
		return false;

	struct glb_addr network = addr_network(&own->list[from].dst, vip->prefix_len);

	if (!glb_addr_equal(&network, &vip->addr))
		return false;
	*out = own->list[from];
	return true;
}

static bool is_single(const struct vip *vip)
{
	return vip->prefix_len == (vip->addr.version == 4 ? 32 : 128);
}

/* Finds the route of every VIP, or the address of this host within it. Returns 0 or -errno. */
static int host_find_routes(struct vips *vips, struct fib *fib, const char *live_device)
{
	struct local_addrs own;
	int err = 0;

	collect_own(&own);
	for (unsigned int i = 0; i < vips->count && !err; i++) {
		struct vip *vip = &vips->list[i];

		err = fib_lookup(&vip->route, fib, &vip->addr);
		if (!err && vip->route.kind == COPY_ELSEWHERE && live_device[0] &&
		    !strcmp(vip->route.device, live_device))
			vip->route.kind = COPY_BLACKHOLE; /* routing daemons that announce VIPs may
							     have added it */
		if (!err && (vip->route.kind == COPY_LOCAL || !is_single(vip)))
			vip->is_address = find_own(&vip->route, &own, vip);
	}
	free(own.list);
	return err;
}

static bool is_more_of(const struct finding *finding, enum copy_fate fate, const struct way *way,
		       const struct vip *vip)
{
	return fate != COPY_ANSWERED && finding->fate == fate && finding->way == way &&
	       finding->vip->addr.version == vip->addr.version;
}

static void add_finding(struct findings *findings, enum copy_fate fate, const struct way *way,
			const struct vip *vip)
{
	for (unsigned int i = 0; i < findings->count; i++)
		if (is_more_of(&findings->list[i], fate, way, vip)) {
			findings->list[i].more++;
			return;
		}
	if (findings->count < HOST_LINES_MAX)
		findings->list[findings->count++] =
			(struct finding){.fate = fate, .way = way, .vip = vip};
}

static void judge_vips(struct findings *out, const struct vips *vips, const struct ways *ways)
{
	*out = (struct findings){.count = 0};
	for (unsigned int i = 0; i < vips->count; i++)
		for (unsigned int k = 0; k < ways->count; k++) {
			const struct vip *vip = &vips->list[i];
			const struct way *way = &ways->list[k];
			enum copy_fate fate =
				copy_fate(&way->host, vip->addr.version, vip->route.kind);

			if (way->is_twin ? fate != COPY_FORWARDED : fate == COPY_DROPPED)
				continue;
			add_finding(out, fate, way, vip);
			if (fate == COPY_ANSWERED)
				break; /* one line for each address, whatever the device */
		}
}

static const char *vip_text(char out[VIP_TEXT_LEN], const struct vip *vip)
{
	char addr[ADDR_TEXT_LEN];

	(void)addr_text(addr, &vip->addr);
	if (is_single(vip))
		(void)snprintf(out, VIP_TEXT_LEN, "%s", addr);
	else
		(void)snprintf(out, VIP_TEXT_LEN, "%s/%u", addr, vip->prefix_len);
	return out;
}

/* The command that makes the kernel ignore copies of packets to a VIP. */
static const char *silence(char out[COMMAND_LEN], const struct finding *finding)
{
	const struct copy_host *host = &finding->way->host;
	bool v4 = finding->vip->addr.version == 4;
	const char *device = finding->way->device;
	char vip[VIP_TEXT_LEN];
	int len = 0;

	/* in sysctl names with slashes, dots in device names need no escape */
	if (v4)
		len = snprintf(out, COMMAND_LEN, "sysctl -w net/ipv4/conf/%s/forwarding=0, or ",
			       device);
	else if (host->forwards6)
		len = snprintf(out, COMMAND_LEN, "sysctl -w net/ipv6/conf/all/forwarding=0, or ");
	(void)snprintf(out + len, COMMAND_LEN - (size_t)len, "ip %sroute replace blackhole %s",
		       v4 ? "" : "-6 ", vip_text(vip, finding->vip));
	return out;
}

/* The command that removes the host's address, or local route. */
static const char *disown(char out[COMMAND_LEN], const struct vip *vip)
{
	const struct fib_route *route = &vip->route;
	char addr[ADDR_TEXT_LEN];

	(void)snprintf(out, COMMAND_LEN, "ip %s%s %s/%u dev %s",
		       route->dst.version == 4 ? "" : "-6 ",
		       vip->is_address ? "addr del" : "route del local",
		       addr_text(addr, &route->dst), route->prefix_len, route->device);
	return out;
}

static void write_line(char out[HOST_LINE_LEN], const struct finding *finding)
{
	const char *port = finding->way->port;
	char command[COMMAND_LEN];
	char vip[VIP_TEXT_LEN];
	char more[32] = "";

	(void)vip_text(vip, finding->vip);
	if (finding->more)
		(void)snprintf(more, sizeof(more), " and %u more", finding->more);
	if (finding->way->is_twin)
		(void)snprintf(out, HOST_LINE_LEN,
			       "VIP %s%s: this host's kernel forwards packets for other ports of "
			       "it, which port %s brings, so that they return: %s",
			       vip, more, port, silence(command, finding));
	else if (finding->fate == COPY_ANSWERED)
		(void)snprintf(out, HOST_LINE_LEN,
			       "VIP %s is local to this host, whose kernel has a copy of each "
			       "packet of port %s and answers it, too: %s",
			       vip, port, disown(command, finding->vip));
	else
		(void)snprintf(out, HOST_LINE_LEN,
			       "VIP %s%s: this host's kernel has a copy of each packet of port %s "
			       "and %s it, too: %s",
			       vip, more, port,
			       finding->fate == COPY_FORWARDED ? "forwards"
							       : "sends an ICMP error about",
			       silence(command, finding));
}

/* Queries the kernel and logs one line for each finding. Returns 0 or -errno. */
static int ask_kernel(struct host *out, const struct workers *workers)
{
	const struct glb_tables *tables = &publish_in_force(&workers->publish)->tables;
	struct findings findings;
	struct ways ways;
	struct vips vips;
	struct fib fib;
	int err = fib_open(&fib);

	if (err)
		return err;
	find_ways(&ways, workers, fib_has_gateway6(&fib));
	err = collect_vips(&vips, tables);
	if (!err && ways.count)
		err = host_find_routes(&vips, &fib, out->live_device);
	if (!err) {
		judge_vips(&findings, &vips, &ways);
		out->count = findings.count;
		for (unsigned int i = 0; i < findings.count; i++)
			write_line(out->lines[i], &findings.list[i]);
	}
	free(vips.list);
	fib_close(&fib);
	return err;
}

static bool has_line(const struct host *host, const char *line)
{
	for (unsigned int i = 0; i < host->count; i++)
		if (!strcmp(host->lines[i], line))
			return true;
	return false;
}

static void check(struct host *host, const struct workers *workers, const struct host *known)
{
	struct host found = *host;
	int err = ask_kernel(&found, workers);

	if (err) {
		log_warning("cannot tell whether this host's kernel interferes with VIPs: %s",
			    strerror(-err));
		return;
	}
	for (unsigned int i = 0; i < found.count; i++)
		if (!has_line(known, found.lines[i]))
			log_warning("%s", found.lines[i]);
	if (host->count && !found.count)
		log_info("this host's kernel no longer interferes with packets to VIPs");
	*host = found;
}

void host_check(struct host *host, const struct workers *workers)
{
	static const struct host nothing;

	check(host, workers, &nothing);
}

void host_check_again(struct host *host, const struct workers *workers)
{
	const struct host known = *host;

	check(host, workers, &known);
}
