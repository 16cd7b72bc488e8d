/* SPDX-License-Identifier: BSD-3-Clause */
/* Do clients' packets still fit once the outer headers are added? */
#include <string.h>

#include <glb/net.h>

#include "doctor.h"

enum { CLIENT_MTU = 1500 }; /* of clients on Ethernet */

/* Does the kernel's device have the MTU that the director assumes? */
static void check_device(struct doctor *doctor, const struct subject_port *port)
{
	struct finding finding = {
		.check = "net.mtu",
		.why = "the device drops larger frames in silence: small requests work, uploads "
		       "hang",
	};
	int64_t mtu;

	if (!host_is_name(port->interface) || !port->mtu)
		return;
	host_path(finding.where, "/sys/class/net/%s/mtu", port->interface);
	if (host_number(&mtu, doctor->root, finding.where)) {
		doctor_skip(doctor, finding.check, "%s cannot be read", finding.where);
		return;
	}
	finding_text(finding.seen, "port %.64s has MTU %u, its device %.64s %lld", port->name,
		     port->mtu, port->interface, (long long)mtu);
	if (mtu < (int64_t)port->mtu) {
		finding.level = LEVEL_PROBLEM;
		finding_text(
			finding.fix,
			"ip link set %.64s mtu %u, or \"mtu\": %lld in director.json and reload",
			port->interface, port->mtu, (long long)mtu);
	}
	doctor_add(doctor, &finding);
}

static void check_packets(struct doctor *doctor, const struct subject_port *port)
{
	struct finding finding = {
		.level = LEVEL_ADVICE,
		.check = "net.packet_size",
		.where = "glbctl mtu",
	};

	if (!port->packet_max)
		return;
	finding_text(finding.seen,
		     "packets of clients up to %u bytes fit through port %.64s, MTU %u",
		     port->packet_max, port->name, port->mtu);
	if (port->packet_max < GLB_IPV6_MTU_MIN) {
		finding.level = LEVEL_PROBLEM;
		finding.why = "IPv6 never splits packets of 1280 bytes, and these do not fit";
	} else if (port->packet_max < CLIENT_MTU) {
		finding.why = "clients send packets of up to 1500 bytes, unless proxies announce a "
			      "smaller "
			      "MSS: small requests work, uploads hang";
	} else {
		finding.level = LEVEL_OK;
	}
	finding_text(finding.fix,
		     "let the network between directors and proxies carry %u bytes, and say so "
		     "with \"mtu\"; or have proxies announce the MSS that glbctl mtu prints",
		     CLIENT_MTU + port->mtu - port->packet_max);
	doctor_add(doctor, &finding);
}

void doctor_sizes(struct doctor *doctor)
{
	const struct subject *subject = &doctor->subject;

	for (unsigned int i = 0; i < subject->port_count; i++) {
		check_device(doctor, &subject->ports[i]);
		check_packets(doctor, &subject->ports[i]);
	}
}
