/* SPDX-License-Identifier: BSD-3-Clause */
#include "warnings.h"

#include <inttypes.h>
#include <stddef.h>

#include "redirect/host/netfilter.h"
#include "redirect/host/sysctl.h"
#include "syn_settings.h"
#include "sys/log.h"

static void redirect_warn(const char *device, const struct redirect_before *other,
			  const char *sentence)
{
	log_warning("%s: %s %" PRIu32 " (%s) %s", device,
		    other->hook == REDIRECT_TCX ? "tcx program" : "the filter of priority",
		    other->number, other->name, sentence);
}

void warn_of_others(const char *device, const struct redirect_status *status)
{
	for (unsigned int i = 0; i < status->before_count; i++)
		redirect_warn(
			device, &status->before[i],
			"runs before glb-redirect, which sees only what that leaves to others");
}

void warn_of_overtaken(const char *device, const struct redirect_status *before)
{
	for (unsigned int i = 0; i < before->before_count; i++)
		if (before->before[i].hook == REDIRECT_CLSACT)
			redirect_warn(device, &before->before[i],
				      "ran before glb-redirect and now runs after it; attach with "
				      "--clsact "
				      "to keep their order");
}

static const char unknown_connections[] =
	"this kernel does not let the program ask connection tracking: packets of connections "
	"behind NAT, and answers to SYN cookies behind TPROXY, go to the next hop; let servers "
	"listen on the ports of the VIPs, or use Linux 6.1 or later";
static const char unknown_cookies[] =
	"TPROXY rules without connection tracking: answers to SYN cookies go to the next hop; "
	"add a rule that looks at ct state";

static const char unknown_synproxy[] = "SYNPROXY rules: answers to their SYN cookies go to the "
				       "next hop; use the SYN cookies of the "
				       "listeners (net.ipv4.tcp_syncookies)";

void warn_of_rules(const char *device, bool asks_conntrack)
{
	struct netfilter_rules rules;
	const char *why = NULL;

	netfilter_read_rules(&rules);
	if (!asks_conntrack && (rules.translate || rules.tproxy))
		why = unknown_connections;
	else if (rules.tproxy && !rules.track)
		why = unknown_cookies;
	if (why)
		log_warning("%s: %s", device, why);
	if (rules.synproxy)
		log_warning("%s: %s", device, unknown_synproxy);
}

static const char old_kernel[] =
	"--syn-cookies: this kernel does not let the program complete handshakes, which needs "
	"Linux 6.9 and CONFIG_SYN_COOKIES; attached without it";
static const char other_way[] = "%s: --syn-cookies: replies to clients of IPv%u leave by another "
				"device, so their SYNs are not "
				"answered here";
static const char cookies_off[] =
	"--syn-cookies: net.ipv4.tcp_syncookies is 0, with which the kernel completes no handshake "
	"by cookie: no SYN is answered until it is 1";
static const char not_loose[] =
	"--syn-cookies: rules look at ct state and net.netfilter.nf_conntrack_tcp_loose is 0: "
	"connections whose SYN was answered would be invalid to them; set it to 1";

void warn_of_syn_cookies(const char *device, int ifindex, const struct redirect_status *status)
{
	enum syn_obstacle obstacles[7] = {SYN_NO_OBSTACLE};
	struct syn_settings settings;
	struct netfilter_rules rules;
	int64_t number;

	syn_settings_read(&settings, ifindex, obstacles);
	for (unsigned int version = 4; version <= 6; version += 2)
		if (obstacles[version] == SYN_OTHER_WAY)
			log_warning(other_way, device, version);
	if (!syn_settings_answer(&status->syn)) {
		if (syn_settings_answer(&settings))
			log_warning("%s: %s", device, old_kernel);
		return;
	}
	if (!sysctl_number(&number, "net/ipv4/tcp_syncookies") && !number)
		log_warning("%s: %s", device, cookies_off);
	netfilter_read_rules(&rules);
	if (rules.track && !sysctl_number(&number, "net/netfilter/nf_conntrack_tcp_loose") &&
	    !number)
		log_warning("%s: %s", device, not_loose);
}
