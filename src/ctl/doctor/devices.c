/* SPDX-License-Identifier: BSD-3-Clause */
/* Do the kernel's devices under the ports leave packets unchanged? */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"

/* A kernel setting: the larger of its values for all devices and for this one; 0: not available. */
static int64_t setting_of(char where[HOST_PATH_LEN], const struct doctor *doctor,
			  const char *interface, const char *name)
{
	const char *const devices[] = {"all", interface};
	int64_t most = 0;

	for (unsigned int i = 0; i < 2; i++) {
		char path[HOST_PATH_LEN];
		int64_t value = 0;

		host_path(path, "/proc/sys/net/ipv4/conf/%s/%s", devices[i], name);
		if (host_number(&value, doctor->root, path) || (i && value < most))
			continue;
		most = value;
		memcpy(where, path, sizeof(path));
	}
	return most;
}

static void check_filter(struct doctor *doctor, const char *interface)
{
	enum { STRICT = 1 };
	struct finding finding = {
		.check = "net.rp_filter",
		.why = "the kernel drops what comes from where it would not send the reply: punted "
		       "packets, "
		       "BGP and ICMP errors of routers on other ways",
	};
	/* the larger value applies: 2 (loose) overrides 1 (strict) */
	int64_t filter = setting_of(finding.where, doctor, interface, "rp_filter");

	if (!*finding.where) {
		doctor_skip(doctor, finding.check,
			    "/proc/sys/net/ipv4/conf has no rp_filter of %.64s", interface);
		return;
	}
	finding_text(finding.seen, "rp_filter of %.64s is %s", interface,
		     filter == STRICT ? "strict"
		     : filter	      ? "loose"
				      : "off");
	if (filter == STRICT) {
		finding.level = LEVEL_ADVICE;
		finding_text(finding.fix, "sysctl -w net/ipv4/conf/%.64s/rp_filter=2", interface);
	}
	doctor_add(doctor, &finding);
}

/* Queries a device's driver. False: not supported. */
static bool ask_driver(uint32_t *out, int fd, const char *interface, uint32_t command)
{
	struct ethtool_value value = {.cmd = command};
	struct ifreq request = {.ifr_data = (void *)&value};

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", interface);
	if (ioctl(fd, SIOCETHTOOL, &request))
		return false;
	*out = value.data;
	return true;
}

static void check_merging(struct doctor *doctor, const char *interface)
{
	struct finding finding = {
		.check = "net.offloads",
		.where = "ethtool -k",
		.why = "segments that the kernel has merged are larger than the MTU: they do not "
		       "fit with outer "
		       "headers, and are dropped or answered with an ICMP error",
	};
	uint32_t gro = 0;
	uint32_t flags = 0;
	int fd;
	bool known;

	if (*doctor->root) {
		doctor_skip(doctor, finding.check, "offloads of %.64s are in no file of %.200s",
			    interface, doctor->root);
		return;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	known = fd >= 0 && ask_driver(&gro, fd, interface, ETHTOOL_GGRO) &&
		ask_driver(&flags, fd, interface, ETHTOOL_GFLAGS);
	if (fd >= 0)
		(void)close(fd);
	if (!known) {
		doctor_skip(doctor, finding.check, "device %.64s does not say, or is not here",
			    interface);
		return;
	}
	if (gro || flags & ETH_FLAG_LRO) {
		finding.level = flags & ETH_FLAG_LRO ? LEVEL_PROBLEM : LEVEL_ADVICE;
		finding_text(finding.seen, "device %.64s merges segments: %s%s", interface,
			     gro ? "gro " : "", flags & ETH_FLAG_LRO ? "lro" : "");
		finding_text(finding.fix,
			     "ethtool -K %.64s gro off lro off; the counter merged says how "
			     "often it hurt",
			     interface);
	} else {
		finding_text(finding.seen, "device %.64s merges no segments", interface);
	}
	doctor_add(doctor, &finding);
}

static void check_duplex(struct doctor *doctor, const char *interface)
{
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = "net.duplex",
		.why = "one end waits while the other sends: frames collide and are lost under "
		       "load",
	};
	char text[HOST_TEXT_LEN];

	host_path(finding.where, "/sys/class/net/%s/duplex", interface);
	if (host_text(text, doctor->root, finding.where) || strcmp(text, "half") != 0)
		return;
	finding_text(finding.seen, "the link of %.64s is half duplex", interface);
	finding_text(finding.fix, "have both ends negotiate: ethtool -s %.64s autoneg on",
		     interface);
	doctor_add(doctor, &finding);
}

/* Does a NIC's slot provide the number and speed of lanes that the NIC supports? */
static void check_slot(struct doctor *doctor, const char *name)
{
	struct finding finding = {
		.level = LEVEL_ADVICE,
		.check = "net.slot",
		.why = "the bus carries less than the NIC does: packets are missed at high rates",
		.fix = "another slot, or see its settings: lspci -vv, LnkSta and LnkCap",
	};
	char speed[HOST_TEXT_LEN];
	char speed_max[HOST_TEXT_LEN];
	char path[HOST_PATH_LEN];
	int64_t width;
	int64_t width_max;

	host_path(finding.where, "/sys/bus/pci/devices/%s/current_link_width", name);
	if (host_number(&width, doctor->root, finding.where) ||
	    host_number(&width_max, doctor->root,
			host_path(path, "/sys/bus/pci/devices/%s/max_link_width", name)) ||
	    host_text(speed, doctor->root,
		      host_path(path, "/sys/bus/pci/devices/%s/current_link_speed", name)) ||
	    host_text(speed_max, doctor->root,
		      host_path(path, "/sys/bus/pci/devices/%s/max_link_speed", name)))
		return; /* no such device, or no slot */
	finding_text(finding.seen, "port %.64s has %lld of %lld lanes, %.40s of %.40s", name,
		     (long long)width, (long long)width_max, speed, speed_max);
	if (width >= width_max && !strcmp(speed, speed_max))
		finding.level = LEVEL_OK;
	doctor_add(doctor, &finding);
}

void doctor_devices(struct doctor *doctor)
{
	const struct subject *subject = &doctor->subject;

	for (unsigned int i = 0; i < subject->port_count; i++) {
		const struct subject_port *port = &subject->ports[i];

		if (host_is_name(port->name))
			check_slot(doctor, port->name);
		if (host_is_name(port->interface)) {
			check_filter(doctor, port->interface);
			check_merging(doctor, port->interface);
			check_duplex(doctor, port->interface);
		}
		if (host_is_name(port->twin))
			check_filter(doctor, port->twin);
	}
}
