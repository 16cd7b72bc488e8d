/* SPDX-License-Identifier: BSD-3-Clause */
/* Do the kernel's settings suit a proxy, and is its clock right? */
#include <sys/timex.h>

#include "check.h"
#include "redirect/host/default_route.h"
#include "redirect/host/sysctl.h"

/* A setting of IPv4: the larger of its values for all devices and for this one applies. */
static bool device_setting(int64_t *out, const char *device, const char *name)
{
	int64_t all;
	int64_t own;

	if (sysctl_number(&all, "net/ipv4/conf/all/%s", name) ||
	    sysctl_number(&own, "net/ipv4/conf/%s/%s", device, name))
		return false;
	*out = all > own ? all : own;
	return true;
}

/* --- ARP --- */

static void check_ignore(struct diagnosis *diagnosis, const char *device, int64_t value)
{
	struct finding finding = {
		.check = "arp.ignore",
		.why = "this host replies to ARP for the VIPs, and takes them over from the "
		       "directors",
	};

	/* 3 refuses addresses of scope host only, which VIPs are not unless one asks for that */
	finding.level = value == 0 || value == 3 ? LEVEL_PROBLEM : LEVEL_OK;
	finding_text(finding.seen, "arp_ignore of %s is %lld", device, (long long)value);
	finding_text(finding.fix, "sysctl -w net.ipv4.conf.all.arp_ignore=1");
	diagnosis_add(diagnosis, &finding);
}

static void check_announce(struct diagnosis *diagnosis, const char *device, int64_t value)
{
	struct finding finding = {
		.check = "arp.announce",
		.why = "ARP requests may name a VIP as their sender, which neighbours remember",
	};

	finding.level = value >= 2 ? LEVEL_OK : value == 1 ? LEVEL_ADVICE : LEVEL_PROBLEM;
	finding_text(finding.seen, "arp_announce of %s is %lld", device, (long long)value);
	finding_text(finding.fix, "sysctl -w net.ipv4.conf.all.arp_announce=2");
	diagnosis_add(diagnosis, &finding);
}

/* --- rp_filter --- */

static void check_rp_filter(struct diagnosis *diagnosis, const struct check_subject *subject,
			    int64_t value)
{
	struct finding finding = {
		.check = "net.rp_filter",
		.why = "the kernel drops clients' packets if replies leave by another device",
	};
	struct default_route route;

	finding_text(finding.fix, "sysctl -w net/ipv4/conf/%s/rp_filter=2, and 0 or 2 for all",
		     subject->device);
	if (value != 1) {
		finding_text(finding.seen, "rp_filter of %s is %s", subject->device,
			     value ? "loose" : "off");
	} else if (!default_route_read(&route, 4)) {
		finding.level = LEVEL_ADVICE;
		finding_text(finding.seen,
			     "rp_filter of %s is strict, and there is no default route to compare",
			     subject->device);
	} else if (!default_route_leaves_by(&route, subject->ifindex)) {
		finding.level = LEVEL_PROBLEM;
		finding_text(finding.seen,
			     "rp_filter of %s is strict, and the default route leaves by another "
			     "device",
			     subject->device);
	} else {
		finding_text(finding.seen,
			     "rp_filter of %s is strict, and the default route leaves by it",
			     subject->device);
	}
	diagnosis_add(diagnosis, &finding);
}

static void check_ipv4(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	int64_t ignore;
	int64_t announce;
	int64_t filter;

	if (!check_has_vips(subject, 4))
		return;
	if (!device_setting(&ignore, subject->device, "arp_ignore") ||
	    !device_setting(&announce, subject->device, "arp_announce") ||
	    !device_setting(&filter, subject->device, "rp_filter")) {
		diagnosis_skip(diagnosis, "arp.ignore",
			       "the settings in /proc/sys/net/ipv4/conf cannot be read");
		return;
	}
	check_ignore(diagnosis, subject->device, ignore);
	check_announce(diagnosis, subject->device, announce);
	check_rp_filter(diagnosis, subject, filter);
}

/* --- SYN queues --- */

static void check_cookies(struct diagnosis *diagnosis)
{
	struct finding finding = {
		.check = "tcp.syncookies",
		.where = "/proc/sys/net/ipv4/tcp_syncookies",
		.why = "when a queue of SYNs is full, new ones are dropped: a flood of them shuts "
		       "clients out",
		.fix = "sysctl -w net.ipv4.tcp_syncookies=1",
	};
	int64_t cookies;
	int64_t most;

	if (sysctl_number(&cookies, "net/ipv4/tcp_syncookies") ||
	    sysctl_number(&most, "net/ipv4/tcp_max_syn_backlog")) {
		diagnosis_skip(diagnosis, finding.check, "%s cannot be read", finding.where);
		return;
	}
	finding.level = cookies ? LEVEL_OK : LEVEL_PROBLEM;
	if (cookies)
		finding_text(finding.seen,
			     "SYN cookies are sent when a queue is full; tcp_max_syn_backlog "
			     "(%lld) limits nothing then",
			     (long long)most);
	else
		finding_text(finding.seen,
			     "SYN cookies are off, and three quarters of tcp_max_syn_backlog "
			     "(%lld) are all for new clients",
			     (long long)most);
	diagnosis_add(diagnosis, &finding);
}

/* --- Clock --- */

static void check_clock(struct diagnosis *diagnosis)
{
	struct finding finding = {
		.check = "clock.synchronised",
		.where = "adjtimex -p",
		.why = "times in logs and metrics of proxies cannot be compared",
		.fix = "timedatectl set-ntp true, or see why the time service has no source",
	};
	struct timex clock = {.modes = 0};
	int state = adjtimex(&clock);

	if (state < 0) {
		diagnosis_skip(diagnosis, finding.check, "the kernel does not say");
		return;
	}
	finding.level = clock.status & STA_UNSYNC ? LEVEL_ADVICE : LEVEL_OK;
	finding_text(finding.seen, "the clock is %ssynchronised",
		     finding.level == LEVEL_OK ? "" : "not ");
	diagnosis_add(diagnosis, &finding);
}

void check_proxy_settings(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	check_ipv4(diagnosis, subject);
	check_cookies(diagnosis);
	check_clock(diagnosis);
}
