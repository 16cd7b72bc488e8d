/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "director/builds.h"
#include "director/reopen.h"
#include "director/upkeep.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"
#include "sys/words.h"

/* Describes the ports as they are now: the configuration with the kernel's state of gateways and
 * devices. */
static void describe_ports(struct glb_port *out, struct control *control)
{
	const struct glb_generation *current = publish_in_force(&control->workers.publish);
	struct ports *ports = &control->workers.ports;

	memcpy(out, current->settings.ports, sizeof(current->settings.ports));
	ports_describe(out, ports, &control->conf);
	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t id = ports->ids[i];

		if (links_can_ask(&control->links, id))
			ports_measure(ports, id);
		else
			out[id].mtu = current->settings.ports[id].mtu;
	}
	neighbours_describe(out, &control->neighbours);
	links_describe(out, &control->links);
}

/* Updates twins to the current MAC addresses of their ports. */
static void match_twins(const struct control *control)
{
	const struct glb_port *now = publish_in_force(&control->workers.publish)->settings.ports;
	const struct ports *ports = &control->workers.ports;

	for (unsigned int i = 0; i < ports->count; i++)
		ports_match_twin(ports, ports->ids[i], now[ports->ids[i]].mac);
}

/* True if too many generations are retained to add one; the update is made later. */
static bool ports_must_wait(struct control *control)
{
	bool must = publish_retired(&control->workers.publish) >= PUBLISH_RETIRED_MAX;

	if (must && !control->ports_wait)
		log_warning("changes of gateways and ports are put off: %d generations are kept "
			    "for a worker that may be reading them",
			    PUBLISH_RETIRED_MAX);
	control->ports_wait = must;
	return must;
}

static void log_successor(struct control *control, uint64_t number)
{
	struct log_pairs pairs = log_pairs_of("served");

	if (!sparing_allows(&control->successors, clock_ms()))
		return;
	log_pair_number(&pairs, "generation", number);
	log_event(LOG_LEVEL_INFO, &pairs,
		  "serving generation %" PRIu64 ": its tables, with other gateways or ports",
		  number);
}

/* Serves a successor of the current generation if a gateway or a device has changed. */
static void update_ports(struct control *control)
{
	const struct glb_generation *current = publish_in_force(&control->workers.publish);
	struct glb_port ports[GLB_PORTS_MAX];
	struct glb_generation *gen;

	neighbours_poll(&control->neighbours);
	describe_ports(ports, control);
	if (!memcmp(ports, current->settings.ports, sizeof(ports)) || ports_must_wait(control))
		return;
	/* if memory runs out, the next tick tries again */
	if (glb_generation_with_ports(&gen, current, ports) || builds_publish(control, gen, NULL))
		return;
	log_successor(control, gen->number);
	status_serving(&control->status, gen, control->workers.count);
	match_twins(control);
}

/* Reopens ports whose devices are back. Returns 0; or -ENETDOWN after logging that no port is
 * left. */
static int mend_ports(struct control *control)
{
	struct workers *workers = &control->workers;
	struct glb_diag diag = {{0}};
	uint16_t id;

	links_poll(&control->links, &workers->ports);
	while (links_take_due(&control->links, &workers->ports, &id)) {
		int err = reopen_port(workers, id, &control->conf, &diag);

		if (!err)
			err = bifurcation_reopened(&control->bifurcation, id, &diag);
		if (!err)
			err = links_reopened(&control->links, id, &diag);
		if (!err)
			err = steer_restore(&control->steering, &workers->ports, id, &diag);
		if (err) {
			log_error("%s", diag.text);
			return -ENETDOWN;
		}
		match_twins(control);
	}
	return links_are_lost(&control->links, &workers->ports) ? -ENETDOWN : 0;
}

/* Logs how many successors were not logged. */
static void log_successors(struct control *control)
{
	uint32_t withheld = sparing_take(&control->successors, clock_ms());

	if (withheld)
		log_info("serving generation %" PRIu64 ": gateways or ports changed %u more time%s "
			 "in the last minute",
			 control->generation, withheld, plural(withheld));
}

int upkeep_ports(struct control *control)
{
	int err = mend_ports(control);

	log_successors(control);
	if (!err)
		update_ports(control);
	return err;
}
