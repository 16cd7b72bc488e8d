/* SPDX-License-Identifier: BSD-3-Clause */
/* Is the program on the device, does it see the packets, and whom does it take them from? */
#include <errno.h>
#include <inttypes.h>

#include "check.h"
#include "redirect/refusal.h"

static void check_attached(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	struct finding finding = {
		.check = "program.attached",
		.why = "without it, packets of directors reach a UDP port without a socket",
	};

	if (subject->status_error == -EPERM) {
		diagnosis_skip(diagnosis, finding.check, "%s", redirect_reason(-EPERM));
		return;
	}
	if (subject->status_error) {
		finding.level = LEVEL_PROBLEM;
		finding_text(finding.seen, "%s: %s", subject->device,
			     redirect_reason(subject->status_error));
		finding_text(finding.fix, "glb-redirect attach %s", subject->device);
	} else {
		finding_text(finding.seen, "program %" PRIu32 " is on %s, %s",
			     subject->status.program_id, subject->device,
			     subject->status.hook == REDIRECT_TCX ? "tcx" : "clsact");
	}
	diagnosis_add(diagnosis, &finding);
}

static void check_before(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	const struct redirect_status *status = &subject->status;
	struct finding finding = {
		.level = status->before_count ? LEVEL_ADVICE : LEVEL_OK,
		.check = "program.first",
		.why = "it sees only what programs before it leave to others",
	};

	if (!status->before_count) {
		finding_text(finding.seen, "nothing runs before it");
		diagnosis_add(diagnosis, &finding);
		return;
	}
	finding_text(finding.fix,
		     "make sure that they pass UDP port 19523 on; or, to be first: glb-redirect "
		     "detach %s && glb-redirect attach %s",
		     subject->device, subject->device);
	for (unsigned int i = 0; i < status->before_count; i++) {
		finding_text(finding.seen, "%s %" PRIu32 " (%s) runs before it",
			     status->before[i].hook == REDIRECT_TCX ? "tcx program"
								    : "the filter of priority",
			     status->before[i].number, status->before[i].name);
		diagnosis_add(diagnosis, &finding);
	}
}

static void check_senders(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	struct finding finding = {
		.level = subject->status.from.count ? LEVEL_OK : LEVEL_ADVICE,
		.check = "program.senders",
		.why = "every host that can reach UDP port 19523 can impersonate any client",
	};

	finding_text(finding.seen, "%s", "it takes GUE from any host");
	if (subject->status.from.count)
		finding_text(finding.seen, "it takes GUE from %" PRIu32 " prefix%s",
			     subject->status.from.count,
			     subject->status.from.count == 1 ? "" : "es");
	finding_text(finding.fix,
		     "glb-redirect attach %s --from PREFIX,... with directors and "
		     "all other proxies",
		     subject->device);
	diagnosis_add(diagnosis, &finding);
}

static void check_rules(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	const struct netfilter_rules *rules = &subject->rules;
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = "net.rules",
		.where = "nft list ruleset",
		.why = "packets of connections of this host go to the next hop, and break there",
	};

	if (!subject->status.asks_conntrack && (rules->translate || rules->tproxy)) {
		finding_text(finding.seen, "there are rules of NAT or TPROXY, and the program "
					   "cannot ask connection tracking");
		finding_text(finding.fix, "let servers listen on the ports of the VIPs, or use "
					  "Linux 6.1 or later");
	} else if (rules->tproxy && !rules->track) {
		finding_text(finding.seen, "there are rules of TPROXY without connection tracking");
		finding_text(finding.fix, "add a rule that looks at ct state");
	} else if (rules->synproxy) {
		finding_text(finding.seen, "there are rules of SYNPROXY");
		finding_text(finding.fix, "remove them: SYN cookies of the listeners do the same "
					  "(net.ipv4.tcp_syncookies)");
	} else {
		finding.level = LEVEL_OK;
		finding_text(finding.seen, "no rule of netfilter hides connections from it");
	}
	diagnosis_add(diagnosis, &finding);
}

void check_proxy_program(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	check_attached(diagnosis, subject);
	if (subject->status_error)
		return;
	check_before(diagnosis, subject);
	check_senders(diagnosis, subject);
	check_rules(diagnosis, subject);
}
