/* SPDX-License-Identifier: BSD-3-Clause */
/* What would become of packets from directors? */
#include <string.h>

#include "check.h"
#include "conf/addr.h"
#include "redirect/host/device.h"
#include "redirect/refusal.h"
#include "trial.h"

enum { DEFAULT_PORT = 443 };

/* What becomes of a packet, as docs/second-chance.md has it. */
static const char *fate_label(enum glb_redirect_counter fate)
{
	static const char *const fates[] = {
#define FATE(name, label, sentence) label,
		GLB_REDIRECT_COUNTERS(FATE)
#undef FATE
	};

	return fate == GLB_REDIRECT_TOTAL ? "not taken for GUE to this host" : fates[fate];
}

/* An outer source that the program takes packets from. False: none of this IP version. */
static bool choose_sender(struct glb_addr *out, const struct senders *from,
			  const struct glb_addr *own)
{
	*out = *own;
	out->bytes[own->version == 4 ? 3 : 15] ^= 1; /* a neighbour */
	for (uint32_t i = 0; i < from->count; i++) {
		if (from->list[i].version != own->version)
			continue;
		memcpy(out->bytes, from->list[i].address, sizeof(out->bytes));
		return true;
	}
	return !from->count;
}

/* Fills in everything but the VIP. False: there is no address to send to, or none to send from. */
static bool prepare_trial(struct trial *out, const struct check_subject *subject)
{
	struct device_facts facts;

	*out = (struct trial){.port = DEFAULT_PORT};
	if (!device_read(&facts, subject->ifindex))
		return false;
	memcpy(out->mac, facts.mac, sizeof(out->mac));
	for (uint8_t version = 4; version <= 6; version += 2)
		if (host_device_address(&out->own, subject->device, version) &&
		    choose_sender(&out->sender, &subject->status.from, &out->own))
			return true;
	return false;
}

/* The port of a listener that serves the VIP, if there is one. */
static uint16_t port_of(const struct check_subject *subject, const struct glb_addr *vip)
{
	for (size_t i = 0; i < subject->tcp.count; i++)
		if (listener_serves(&subject->tcp.list[i], vip))
			return subject->tcp.list[i].port;
	return DEFAULT_PORT;
}

static void probe_vip(struct diagnosis *diagnosis, const struct check_subject *subject,
		      const struct redirect_copy *copy, const struct trial *trial)
{
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = "probe.vip",
		.why = "clients' packets that directors send here do not get where they should",
	};
	struct trial_result opening;
	struct trial_result unknown;
	char text[ADDR_TEXT_LEN];
	int error = trial_run(&opening, copy, subject->ifindex, trial, TRIAL_OPENING);

	if (!error)
		error = trial_run(&unknown, copy, subject->ifindex, trial, TRIAL_UNKNOWN);
	(void)addr_text(text, &trial->vip);
	if (error) {
		diagnosis_skip(diagnosis, finding.check, "VIP %s: the program could not be run: %s",
			       text, strerror(-error));
		return;
	}
	if (opening.is_right && unknown.is_right)
		finding.level = LEVEL_OK;
	finding_text(
		finding.seen,
		"in GUE for VIP %s port %u, a SYN is %s, and a packet of no connection here %s",
		text, trial->port, fate_label(opening.fate), fate_label(unknown.fate));
	finding_text(finding.fix,
		     "see what that means in docs/second-chance.md, and whether another finding "
		     "is the cause");
	diagnosis_add(diagnosis, &finding);
}

static void check_version(struct diagnosis *diagnosis, const struct check_subject *subject,
			  bool is_same)
{
	struct finding finding = {
		.level = is_same ? LEVEL_OK : LEVEL_ADVICE,
		.check = "program.version",
		.why = "the program on the device is not the one of this glb-redirect",
	};

	finding_text(finding.seen, "the program on %s is %s", subject->device,
		     is_same ? "of this version" : "of another version");
	finding_text(finding.fix, "glb-redirect attach %s", subject->device);
	diagnosis_add(diagnosis, &finding);
}

void check_proxy_probe(struct diagnosis *diagnosis, const struct check_subject *subject)
{
	struct redirect_copy copy;
	struct trial trial;
	int error;

	if (subject->status_error)
		return; /* there is nothing to probe, as another finding says */
	error = redirect_copy_load(&copy, subject->ifindex);
	if (error) {
		diagnosis_skip(diagnosis, "probe.vip", "the program cannot be loaded: %s",
			       redirect_reason(error));
		return;
	}
	check_version(diagnosis, subject, copy.is_same);
	if (!prepare_trial(&trial, subject))
		diagnosis_skip(diagnosis, "probe.vip",
			       "%s has no address that a sender may send GUE to", subject->device);
	else if (copy.is_same)
		for (unsigned int i = 0; i < subject->vips.count; i++) {
			trial.vip = subject->vips.list[i].address;
			trial.port = port_of(subject, &trial.vip);
			probe_vip(diagnosis, subject, &copy, &trial);
		}
	redirect_copy_release(&copy);
}
