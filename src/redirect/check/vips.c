/* SPDX-License-Identifier: BSD-3-Clause */
/* Does the host have its VIPs, without announcing them, and does a socket serve each? */
#include <stdio.h>

#include "check.h"
#include "conf/addr.h"
#include "redirect/host/sysctl.h"

enum { BACKLOG_LEAST = 128, SOMAXCONN_ENOUGH = 4096, FILL_MOST = 70, PORTS_LEN = 200 };

/* --- Addresses --- */

static void check_vip(struct diagnosis *diagnosis, const struct host_vip *vip)
{
	bool v4 = vip->address.version == 4;
	struct finding finding = {.level = LEVEL_PROBLEM, .check = "vip.address"};
	char text[ADDR_TEXT_LEN];

	(void)addr_text(text, &vip->address);
	if (!*vip->device) {
		finding.why = "the kernel drops packets for addresses that the host does not have";
		finding_text(finding.seen, "VIP %s is no address of this host", text);
		finding_text(finding.fix, "ip addr add %s/%d dev lo", text, v4 ? 32 : 128);
	} else if (vip->is_answered_for) {
		finding.why = "every proxy that replies for it takes it over from the directors";
		finding_text(finding.seen, "VIP %s is an address of %s, which replies to %s for it",
			     text, vip->device, v4 ? "ARP" : "neighbour discovery");
		finding_text(finding.fix, "ip addr del %s/%u dev %s; ip addr add %s/%d dev lo",
			     text, vip->prefix_len, vip->device, text, v4 ? 32 : 128);
	} else {
		finding.level = LEVEL_OK;
		finding_text(finding.seen, "VIP %s is on %s", text, vip->device);
	}
	diagnosis_add(diagnosis, &finding);
}

void check_proxy_vips(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	struct finding none = {
		.level = LEVEL_PROBLEM,
		.check = "vip.address",
		.why = "the kernel drops packets for addresses that the host does not have",
		.fix = "ip addr add VIP/32 dev lo; or name VIPs of other devices by --vip",
	};

	finding_text(none.seen, "no device but those with ARP has an address, so there is no VIP");
	if (!subject->vips.count)
		diagnosis_add(diagnosis, &none);
	for (unsigned int i = 0; i < subject->vips.count; i++)
		check_vip(diagnosis, &subject->vips.list[i]);
	if (subject->vips.more)
		diagnosis_skip(diagnosis, "vip.address", "only the first %d VIPs are checked",
			       HOST_VIPS_MAX);
}

/* --- Sockets --- */

/* Appends the ports on which sockets serve an address. Returns their number. */
static unsigned int list_vip_ports(char out[PORTS_LEN], const struct listeners *among,
				   const struct glb_addr *vip)
{
	unsigned int count = 0;
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < among->count; i++) {
		const struct listener *one = &among->list[i];

		if (!listener_serves(one, vip))
			continue;
		count++;
		if (len < PORTS_LEN)
			len += (size_t)snprintf(out + len, PORTS_LEN - len, " %u", one->port);
	}
	return count;
}

static void check_vip_sockets(struct diagnosis *diagnosis, const struct check_subject *subject,
			      const struct host_vip *vip)
{
	struct finding finding = {
		.check = "vip.sockets",
		.where = "ss -lntu",
		.why = "clients get a reset, or an ICMP error",
		.fix = "start the server, and have it listen on this address or on all",
	};
	char text[ADDR_TEXT_LEN];
	char tcp[PORTS_LEN];
	char udp[PORTS_LEN];
	unsigned int count = list_vip_ports(tcp, &subject->tcp, &vip->address) +
			     list_vip_ports(udp, &subject->udp, &vip->address);

	(void)addr_text(text, &vip->address);
	if (!count && (subject->rules.translate || subject->rules.tproxy)) {
		diagnosis_skip(diagnosis, finding.check,
			       "no socket serves VIP %s; rules of NAT or TPROXY may lead elsewhere",
			       text);
		return;
	}
	finding.level = count ? LEVEL_OK : LEVEL_PROBLEM;
	finding_text(finding.seen, "no socket serves VIP %s", text);
	if (count)
		finding_text(finding.seen, "VIP %s is served at%s%s%s%s", text, *tcp ? " TCP" : "",
			     tcp, *udp ? " UDP" : "", udp);
	diagnosis_add(diagnosis, &finding);
}

static bool serves_a_vip(const struct check_subject *subject, const struct listener *listener)
{
	for (unsigned int i = 0; i < subject->vips.count; i++)
		if (listener_serves(listener, &subject->vips.list[i].address))
			return true;
	return false;
}

static void check_backlog(struct diagnosis *diagnosis, const struct listener *listener,
			  int64_t somaxconn)
{
	struct finding finding = {
		.level = LEVEL_ADVICE,
		.check = "listen.backlog",
		.where = "ss -lnt",
		.why = "connections that arrive while the server is busy are dropped beyond that",
	};
	char text[LISTENER_TEXT_LEN];

	(void)listener_text(text, listener);
	finding_text(finding.seen, "%s has a backlog of %u", text, listener->backlog);
	if (listener->backlog == somaxconn && somaxconn < SOMAXCONN_ENOUGH)
		finding_text(finding.fix,
			     "sysctl -w net.core.somaxconn=%d, which limits it, and restart the "
			     "server",
			     SOMAXCONN_ENOUGH);
	else if (listener->backlog < BACKLOG_LEAST)
		finding_text(finding.fix, "give the server a longer one: backlog in HAProxy, "
					  "backlog= of listen in nginx");
	else
		finding.level = LEVEL_OK;
	diagnosis_add(diagnosis, &finding);
}

static void check_queue(struct diagnosis *diagnosis, const struct listener *listener)
{
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = "listen.queue",
		.where = "ss -lnt",
		.why = "connections are dropped when it is full",
		.fix = "see why the server does not accept them: its log, its processor time, its "
		       "limit of open files",
	};
	char text[LISTENER_TEXT_LEN];

	if (listener_fill(listener) < FILL_MOST)
		return;
	finding_text(finding.seen, "%u connections wait to be accepted at %s, which lets %u wait",
		     listener->waiting, listener_text(text, listener), listener->backlog);
	diagnosis_add(diagnosis, &finding);
}

void check_proxy_listeners(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	int64_t somaxconn = 0;

	if (!subject->knows_listeners || sysctl_number(&somaxconn, "net/core/somaxconn")) {
		diagnosis_skip(diagnosis, "vip.sockets", "the kernel does not list its sockets");
		return;
	}
	for (unsigned int i = 0; i < subject->vips.count; i++)
		if (*subject->vips.list[i].device)
			check_vip_sockets(diagnosis, subject, &subject->vips.list[i]);
	for (size_t i = 0; i < subject->tcp.count; i++) {
		if (!serves_a_vip(subject, &subject->tcp.list[i]))
			continue;
		check_backlog(diagnosis, &subject->tcp.list[i], somaxconn);
		check_queue(diagnosis, &subject->tcp.list[i]);
	}
}
