/* SPDX-License-Identifier: BSD-3-Clause */
#include "warnings.h"

#include <inttypes.h>
#include <stddef.h>

#include "redirect/host/netfilter.h"
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
