/* SPDX-License-Identifier: BSD-3-Clause */
/* What problems does the director itself report? */
#include <inttypes.h>
#include <string.h>

#include "ctl/columns.h"
#include "doctor.h"
#include "sys/words.h"

static void check_readiness(struct doctor *doctor, const struct conf_value *status)
{
	struct finding finding = {.check = "director.ready", .where = "glbctl status"};
	char text[CONF_TEXT_LEN];

	finding_text(finding.seen, "%s", member_text(text, status, "readiness_reason"));
	if (!conf_flag(status, "ready")) {
		finding.level = LEVEL_PROBLEM;
		finding.why = "routers that follow its live_device send it nothing, others lose "
			      "what they "
			      "send";
		finding_text(finding.fix,
			     "journalctl -u glb-director -p warning says what it waits for");
	}
	doctor_add(doctor, &finding);
}

static void check_live(struct doctor *doctor, const struct conf_value *status)
{
	struct finding finding = {
		.level = LEVEL_ADVICE,
		.check = "director.live_device",
		.where = "glbctl status",
	};
	struct conf_value value;

	if (!conf_find(&value, status, "live_device") || !conf_is_string(&value)) {
		finding.why = "routers keep sending to a dead director until someone notices";
		finding_text(finding.seen, "there is no live_device");
		finding_text(finding.fix,
			     "\"live_device\": \"glb-live\" in director.json, and a static route "
			     "through it: docs/liveness.md");
	} else if (conf_flag(status, "ready") && !conf_flag(status, "live_device_up")) {
		finding.level = LEVEL_PROBLEM;
		finding.why = "routers do not send to a director that could serve";
		finding_text(finding.seen,
			     "the live device is down although the director is ready");
		finding_text(finding.fix, "ip link set the device up, and see who took it down");
	} else {
		finding.level = LEVEL_OK;
		finding_text(finding.seen, "the live device follows its readiness");
	}
	doctor_add(doctor, &finding);
}

static void check_tables(struct doctor *doctor, const struct conf_value *status)
{
	struct finding finding = {.check = "director.tables", .where = "glbctl status"};
	struct conf_value last;
	char text[CONF_TEXT_LEN] = "";
	bool refused = conf_find(&last, status, "last_reload") && conf_is_object(&last) &&
		       !strcmp(member_text(text, &last, "result"), "refused");

	if (conf_flag(status, "serving_last_good")) {
		finding.level = LEVEL_PROBLEM;
		finding.why = "they may be old: other directors may send the same flows elsewhere";
		finding_text(finding.seen,
			     "the last good tables are served: the file was invalid at start");
	} else if (refused) {
		finding.level = LEVEL_PROBLEM;
		finding.why =
			"what is served is not what the files say, and a restart would meet them";
		finding_text(finding.seen, "the last reload was refused: %s",
			     member_text(text, &last, "reason"));
	} else {
		finding_text(finding.seen, "what is served is what the files said");
	}
	finding_text(finding.fix, "fix the file, then glbctl reload");
	doctor_add(doctor, &finding);
}

static void check_worker(struct doctor *doctor, const struct conf_value *worker)
{
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = "director.workers",
		.where = "glbctl workers",
		.why = "it forwards nothing, and packets of its queue are lost",
		.fix = "docs/operations.md, Read a stall; glbctl stalls lists those that have "
		       "ended",
	};
	char text[CONF_TEXT_LEN];

	if (conf_flag(worker, "responds"))
		return;
	finding_text(finding.seen, "worker %s has not come to the end of a burst for seconds",
		     member_text(text, worker, "worker"));
	doctor_add(doctor, &finding);
}

/* Does the member exist with this text? */
static bool says(const struct conf_value *object, const char *key, const char *word)
{
	char text[CONF_TEXT_LEN];

	return !strcmp(member_text(text, object, key), word);
}

static void check_link(struct doctor *doctor, const struct conf_value *port)
{
	struct finding finding = {.check = "director.ports", .where = "glbctl ports"};
	char name[CONF_TEXT_LEN];
	char text[CONF_TEXT_LEN];

	(void)member_text(name, port, "name");
	if (says(port, "link", "down") || says(port, "link", "gone")) {
		finding.level = LEVEL_PROBLEM;
		finding.why = "no packet comes or leaves through it";
		finding_text(finding.seen, "port %.64s is %s", name,
			     member_text(text, port, "link"));
		finding_text(finding.fix, "look at the cable, the switch and ip -s link");
	} else if (says(port, "gateway_state", "lost") || says(port, "gateway_mac", "-")) {
		finding.level = LEVEL_PROBLEM;
		finding.why = "what leaves through that port is dropped as drop_no_gateway";
		finding_text(finding.seen, "the gateway of port %.64s does not answer: %.64s", name,
			     member_text(text, port, "gateway"));
		finding_text(finding.fix, "ip neigh, and ping the gateway from this host");
	} else {
		finding_text(finding.seen, "port %.64s can send", name);
	}
	doctor_add(doctor, &finding);
}

static uint64_t count_of(const struct conf_value *object, const char *key)
{
	struct conf_value value;
	uint64_t count = 0;

	if (conf_find(&value, object, key))
		(void)conf_count64(&count, &value);
	return count;
}

static void check_losses(struct doctor *doctor, const struct conf_value *port)
{
	struct finding finding = {
		.level = LEVEL_ADVICE,
		.check = "director.losses",
		.where = "glbctl ports",
		.why = "packets were lost before a worker saw them: one stood still, or they are "
		       "too slow",
		.fix = "glbctl stats --rate says if it goes on, glbctl stalls whether a worker "
		       "stood "
		       "still; if not, more workers",
	};
	const uint64_t missed =
		count_of(port, "port_rx_missed") + count_of(port, "port_rx_no_mbuf");
	char name[CONF_TEXT_LEN];

	finding_text(finding.seen, "port %.64s missed %" PRIu64 " packets since its start",
		     member_text(name, port, "name"), missed);
	if (!missed)
		finding.level = LEVEL_OK;
	doctor_add(doctor, &finding);
}

/* Adds what the director found to interfere with its VIPs, see src/director/host.h. */
static void add_warnings(struct doctor *doctor, const struct conf_value *status)
{
	struct finding finding = {
		.level = LEVEL_PROBLEM,
		.check = "director.host",
		.where = "glbctl status",
		.why = "two hosts reply to one packet, or the wrong one does",
		.fix = "the command at the end of it",
	};
	struct conf_value list;
	char text[CONF_TEXT_LEN];
	size_t count = conf_find(&list, status, "host_warnings") ? conf_count(&list) : 0;

	for (size_t i = 0; i < count; i++) {
		struct conf_value one = conf_element(&list, i);

		finding_text(finding.seen, "%s", conf_text(text, &one));
		doctor_add(doctor, &finding);
	}
}

void doctor_director(struct doctor *doctor, const struct conf_value *status)
{
	struct conf_value list;
	size_t count;

	check_readiness(doctor, status);
	check_live(doctor, status);
	check_tables(doctor, status);
	add_warnings(doctor, status);
	count = conf_find(&list, status, "workers") ? conf_count(&list) : 0;
	for (size_t i = 0; i < count; i++) {
		struct conf_value worker = conf_element(&list, i);

		check_worker(doctor, &worker);
	}
	count = conf_find(&list, status, "ports") ? conf_count(&list) : 0;
	for (size_t i = 0; i < count; i++) {
		struct conf_value port = conf_element(&list, i);

		check_link(doctor, &port);
		check_losses(doctor, &port);
	}
}

/* --- How packets are spread over workers --- */

/* The number of workers that own a queue, which come first. */
static unsigned int owner_count(const struct subject *subject)
{
	unsigned int queues = subject->port_count ? subject->ports[0].queues : 0;

	return queues && queues < subject->worker_count ? queues : subject->worker_count;
}

void doctor_spread(struct doctor *doctor)
{
	enum { PACKETS_LEAST = 100000, PERCENT_MOST = 150, PERCENT_LEAST = 25 };
	const struct subject *subject = &doctor->subject;
	const unsigned int owners = owner_count(subject);
	struct finding finding = {
		.check = "net.spread",
		.where = "glbctl workers",
		.why = "the busiest worker loses packets when others have hardly any",
	};
	const struct subject_worker *most = subject->workers;
	const struct subject_worker *least = subject->workers;
	double total = 0;

	if (!subject->is_online || owners < 2)
		return;
	for (unsigned int i = 0; i < owners; i++) {
		const struct subject_worker *worker = &subject->workers[i];

		total += (double)worker->rx;
		most = worker->rx > most->rx ? worker : most;
		least = worker->rx < least->rx ? worker : least;
	}
	if (total < PACKETS_LEAST) {
		doctor_skip(doctor, finding.check, "too few packets came so far: %.0f", total);
		return;
	}

	const double fair = total / owners;

	finding_text(finding.seen,
		     "since the start, worker %u had %.0f %% and "
		     "worker %u %.0f %% of a fair share",
		     most->index, 100 * (double)most->rx / fair, least->index,
		     100 * (double)least->rx / fair);
	if (100 * (double)most->rx > PERCENT_MOST * fair ||
	    100 * (double)least->rx < PERCENT_LEAST * fair) {
		finding.level = LEVEL_ADVICE;
		finding_text(finding.fix,
			     "ethtool -x DEV and -n DEV rx-flow-hash udp4 show how the NIC spreads "
			     "flows; few flows, or tunnels, cannot be spread by it");
	}
	doctor_add(doctor, &finding);
}
