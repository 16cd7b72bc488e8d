/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "director/api.h"
#include "director/control.h"
#include "director/deploy.h"
#include "director/effect.h"
#include "director/keep.h"
#include "director/pages.h"
#include "director/reopen.h"
#include "director/stats.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/words.h"

enum {
	TICK_MS = 100,
	START_TICK_MS = 5,	 /* until the workers are there */
	STOP_LATENCY_MS = 20,	 /* of a stop during the start */
	KEEP_PATIENCE_MS = 1000, /* with a disk that is to keep tables */
	BUILD_PATIENCE_MS = 100, /* with a build that nobody wants any more */
};

/* NULL: none yet. */
static const struct glb_generation *in_force(const struct control *control)
{
	const struct served *served = control->workers.publish.current;

	return served ? served->gen : NULL;
}

/* What the next build starts from. */
static struct build basis(const struct control *control)
{
	const struct glb_generation *current = in_force(control);

	/* the tables in force stay until a build replaces them, and there is no other build */
	return (struct build){
		.conf = control->conf,
		.known = current ? current->tables : (struct glb_tables){0},
		.nodes = control->workers.publish.nodes,
	};
}

/* A build goes on: looks after it, and asks the service manager for patience while that is due. */
static void watch_build(struct control *control)
{
	if (reload_watch(&control->reload, clock_ms()))
		status_busy(&control->status);
}

int control_load(struct control *control)
{
	struct build from = basis(control);
	int err = 0;

	control->started_at = time(NULL);
	control->started_ms = clock_ms();
	control->reload.service = &control->service;
	reload_ask(&control->reload, false);
	status_starting(&control->status, "reads its files");
	reload_start(&control->reload, &from);
	while (!err && !reload_wait(&control->reload, STOP_LATENCY_MS)) {
		watch_build(control);
		if (service_stop_pending())
			err = -ECANCELED;
	}
	if (!err && service_stop_pending())
		err = -ECANCELED;
	if (err || !reload_take(&control->reload, &control->first)) {
		control_unload(control);
		return err;
	}
	return control->first.err;
}

void control_unload(struct control *control)
{
	control->left |= !reload_wait(&control->reload, BUILD_PATIENCE_MS);
	reload_drop(&control->reload);
	if (control->first.served)
		served_free(control->first.served);
	control->first.served = NULL;
}

static void log_generation(const char *what, const struct glb_generation *gen)
{
	struct extent extent = status_extent(gen);

	log_info("%s generation %" PRIu64 ": %u table%s, %u bind%s, %u backend%s; "
		 "instruction set %s",
		 what, gen->number, extent.tables, plural(extent.tables), extent.binds,
		 plural(extent.binds), extent.backends, plural(extent.backends),
		 glb_isa_name(glb_isa_here((enum glb_isa)gen->settings.isa)));
}

/* Has neighbours look up the gateways of a configuration. 0, or -errno with a diag. */
static int follow_gateways(struct neighbours *neighbours, const struct control *control,
			   const struct director_conf *conf, struct glb_diag *why)
{
	const struct glb_generation *current = in_force(control);
	const struct ports *ports = &control->workers.ports;
	static const uint8_t no_mac[GLB_MAC_LEN];

	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t id = ports->ids[i];
		struct port_conf port = ports_conf(id, conf);

		neighbours_follow(neighbours, id, &port,
				  current ? current->settings.ports[id].gateway_mac : no_mac);
	}
	return neighbours_read(neighbours, why);
}

/* Makes what was built the successor of what is served, with the ports as they are. 0 or -ENOMEM.
 */
static int give_ports(struct glb_generation **out, const struct control *control,
		      const struct build *build, const struct neighbours *neighbours)
{
	struct glb_generation *gen = build->served->gen;
	struct glb_port ports[GLB_PORTS_MAX] = {0};

	ports_describe(ports, &control->workers.ports, &build->conf);
	neighbours_describe(ports, neighbours);
	links_describe(ports, &control->links);
	gen->number = control->generation;

	return glb_generation_with_ports(out, gen, ports);
}

/* The same, with gateways looked up. 0; or -errno after logging why, which the build has, too. */
static int make_generation(struct glb_generation **out, const struct control *control,
			   struct build *build, struct neighbours *neighbours)
{
	int err = follow_gateways(neighbours, control, &build->conf, &build->why);

	if (!err) {
		err = give_ports(out, control, build, neighbours);
		if (err)
			glb_diag(&build->why, "out of memory");
	}
	if (err)
		log_error("%s", build->why.text);
	return err;
}

/* Serves the generation from the next burst on; without memory it is freed. */
static int publish_next(struct control *control, struct glb_generation *gen,
			const struct served *built)
{
	const uint64_t number = gen->number;
	int err = deploy_next(&control->workers, gen, built);

	if (!err)
		control->generation = number;
	return err;
}

static void order_turns(struct control *control)
{
	const struct director_conf *conf = &control->conf;

	turn_order(&control->workers.orders, conf->turn_times, conf->stall_ms, conf->idle_sleep_us);
}

/* Serves what was built from the next burst on. 0; or -errno after logging why, which the build
 * has, too.
 */
static int serve_build(struct control *control, struct build *build)
{
	struct neighbours neighbours = control->neighbours;
	struct glb_generation *gen;
	struct glb_diag diag = {{0}};
	int err = ports_check(&control->workers.ports, &build->conf, &diag);

	if (err) {
		glb_diag(&build->why, "%s: %s", control->reload.config_path, diag.text);
		log_error("%s", build->why.text);
		return err;
	}
	err = make_generation(&gen, control, build, &neighbours);
	if (!err) {
		err = publish_next(control, gen, build->served);
		if (err)
			glb_diag(&build->why, "out of memory");
	}
	if (err) {
		neighbours_resume(&control->neighbours, &neighbours);
		return err;
	}
	keep_restart_only(&build->conf, &control->conf);
	ports_listen(&control->workers.ports, gen->settings.ports);
	log_generation("serving", gen);
	effect_log_fields(&control->conf.settings, &build->conf.settings);
	effect_log(build->effect);
	control->conf = build->conf;
	order_turns(control);
	control->neighbours = neighbours;
	status_serving(&control->status, gen, control->workers.count);
	neighbours_warn_unknown(&control->neighbours);
	host_check(&control->host, &control->workers);
	return 0;
}

/* What is served comes from the tables file: the next start may have to do without. */
static void keep_tables(struct control *control)
{
	if (control->serving_last_good)
		log_info("%s is good again, and served", control->reload.tables_path);
	control->serving_last_good = false;
	status_last_good(&control->status, false);
	last_good_keep(&control->last_good, in_force(control), &control->conf);
}

/* Keeps how a request for a reload ended, and why if it was not done. */
static void keep_end(struct control *control, enum reload_result result, const struct glb_diag *why)
{
	struct reload_end *last = &control->last;

	last->result = result;
	last->at = time(NULL);
	last->took_ms = clock_ms() - control->reload.started_at_ms;
	last->why = why ? *why : (struct glb_diag){{0}};
	last->totals[result]++;
	status_reloaded(&control->status, why);
}

/* Serves what a build has come to, if it is any good. It is used up. */
static void end_build(struct control *control, struct build *build)
{
	if (build->err || serve_build(control, build)) {
		log_error("reload refused; generation %" PRIu64 " keeps serving",
			  control->generation);
		keep_end(control, RELOAD_REFUSED, &build->why);
	} else {
		keep_tables(control);
		keep_end(control, RELOAD_DONE, NULL);
	}
	waiters_build_ended(&control->waiters, control, build);
	if (build->served)
		served_free(build->served);
	build_clear(build);
}

/* A request stays, but whoever waits for its end need not wait for the worker. */
static void put_off(struct control *control)
{
	struct glb_diag why;

	if (control->reload.put_off)
		return;
	control->reload.put_off = true;
	glb_diag(&why,
		 "%d states of the tables are kept for a worker that may be reading them; the "
		 "files are read when it goes on",
		 PUBLISH_HELD_MAX);
	log_warning("reload put off: %s; generation %" PRIu64 " keeps serving", why.text,
		    control->generation);
	status_reloading(&control->status);
	control->reload.started_at_ms = clock_ms(); /* nothing was built */
	keep_end(control, RELOAD_PUT_OFF, &why);
	waiters_put_off(&control->waiters, control);
}

/* Serves what a build has come to, if one has ended, and starts the next, if one was asked for. */
static void follow_builds(struct control *control)
{
	struct build build;

	if (reload_take(&control->reload, &build))
		end_build(control, &build);
	if (control->reload.building) {
		watch_build(control);
		return;
	}
	if (!control->reload.asked)
		return;
	if (publish_held(&control->workers.publish) >= PUBLISH_HELD_MAX) {
		put_off(control);
		return;
	}
	status_reloading(&control->status);
	build = basis(control);
	reload_start(&control->reload, &build);
	waiters_build_starts(&control->waiters);
}

/* The ports as they are now: configured, with what the kernel says of gateways and devices. */
static void describe_ports(struct glb_port *out, struct control *control)
{
	const struct glb_generation *current = in_force(control);
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

/* Has twins go by the MAC addresses that their ports have now. */
static void match_twins(const struct control *control)
{
	const struct glb_port *now = in_force(control)->settings.ports;
	const struct ports *ports = &control->workers.ports;

	for (unsigned int i = 0; i < ports->count; i++)
		ports_match_twin(ports, ports->ids[i], now[ports->ids[i]].mac);
}

/* Is there no room for one more state of the ports? It is made up for when there is. */
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

/* Serves a successor of the current generation when a gateway or a device is another one now. */
static void update_ports(struct control *control)
{
	const struct glb_generation *current = in_force(control);
	struct glb_port ports[GLB_PORTS_MAX];
	struct glb_generation *gen;

	neighbours_poll(&control->neighbours);
	describe_ports(ports, control);
	if (!memcmp(ports, current->settings.ports, sizeof(ports)) || ports_must_wait(control))
		return;
	/* without memory there is another try with the next tick */
	if (glb_generation_with_ports(&gen, current, ports) || publish_next(control, gen, NULL))
		return;
	log_info("serving generation %" PRIu64 ": its tables, with other gateways or ports",
		 gen->number);
	status_serving(&control->status, gen, control->workers.count);
	match_twins(control);
}

/* Opens ports again whose devices are back. 0, or -ENETDOWN after logging why that is the end. */
static int mend_ports(struct control *control)
{
	struct workers *workers = &control->workers;
	struct glb_diag diag = {{0}};
	uint16_t id;

	links_poll(&control->links, &workers->ports);
	while (links_take_due(&control->links, &workers->ports, &id)) {
		int err = reopen_port(workers, id, &control->conf, &diag);

		if (!err)
			err = links_reopened(&control->links, id, &diag);
		if (err) {
			log_error("%s", diag.text);
			return -ENETDOWN;
		}
		match_twins(control);
	}
	return links_are_lost(&control->links, &workers->ports) ? -ENETDOWN : 0;
}

/* Mentions once that workers are there. */
static void follow_start(struct control *control)
{
	const struct workers *workers = &control->workers;

	if (control->ready || !workers_serve(workers))
		return;
	control->ready = true;
	log_info("ready: %u worker%s, %u port%s with %u queue%s each", workers->count,
		 plural(workers->count), workers->ports.count, plural(workers->ports.count),
		 workers->ports.queue_count, plural(workers->ports.queue_count));
	status_started(&control->status);
}

static void await_start(void *arg)
{
	struct control *control = arg;

	follow_start(control);
	if (!control->ready && loop_after(control->loop, START_TICK_MS, await_start, control))
		return; /* without memory, the next turn notices */
}

/* All that is to be looked after now and then. None of it waits. */
static void turn(void *arg)
{
	struct control *control = arg;

	follow_start(control);
	if (control->ready && !control->stopping)
		follow_builds(control);
	waiters_follow(&control->waiters, control);
	leave_follow(control);
	control->end = mend_ports(control);
	if (control->end) {
		loop_end(control->loop);
		return;
	}
	update_ports(control);
	if (links_take_host_change(&control->links))
		host_check_again(&control->host, &control->workers);
	publish_reclaim(&control->workers.publish);
	last_good_poll(&control->last_good);
	recorder_poll(&control->recorder, &control->workers);
}

/* A signal came, or a build has ended. */
static void take_event(void *arg)
{
	struct control *control = arg;

	switch (service_wait(&control->service, 0)) {
	case SERVICE_STOP:
		readiness_stop(control);
		return;
	case SERVICE_RELOAD:
		reload_ask(&control->reload, false);
		break;
	case SERVICE_RELOAD_TABLES:
		reload_ask(&control->reload, true);
		break;
	case SERVICE_COUNTERS:
		stats_log(&control->workers);
		break;
	case SERVICE_UNUSED:
		log_info("SIGRTMIN has no meaning here; SIGTERM stops");
		break;
	case SERVICE_TICK:
		break;
	}
	turn(control);
}

/* Runs until a signal asks for a stop, 0, or no port is left, -ENETDOWN; or -errno after logging.
 */
static int serve(struct control *control)
{
	int err = loop_open(&control->loop);

	if (!err)
		err = loop_watch(control->loop, control->service.signal_fd, take_event, control);
	if (!err)
		err = loop_watch(control->loop, control->service.wake_fd, take_event, control);
	if (!err)
		err = loop_every(control->loop, TICK_MS, turn, control);
	if (!err)
		err = readiness_watch(control);
	if (err)
		log_error("cannot wait for events: %s", strerror(-err));
	else
		err = api_open(control);
	if (!err)
		err = pages_open(control);
	if (!err) {
		await_start(control);
		loop_run(control->loop);
		err = control->end;
	}
	waiters_end(&control->waiters);
	pages_close(control);
	leave_end(control);
	api_close(control);
	loop_close(control->loop);
	control->loop = NULL;
	return err;
}

/* Serves the first generation, with the ports running. */
static int serve_ports(struct control *control, struct glb_generation *gen)
{
	struct workers *workers = &control->workers;
	struct glb_diag diag = {{0}};
	int err = deploy_first(workers, gen, control->conf.backend_counters);

	if (err)
		return err;
	workers->idle_sleep_us = control->conf.idle_sleep_us;
	order_turns(control);
	workers->punt_unmatched = control->conf.punt_unmatched;
	err = workers_make(workers, rte_lcore_count() - 1, &diag);
	if (!err) {
		err = workers_start(workers, &diag);
		if (err)
			workers_free(workers);
	}
	if (err) {
		log_error("%s", diag.text);
		deploy_stop(workers);
		return err;
	}
	control->generation = gen->number;
	ports_listen(&workers->ports, gen->settings.ports);
	log_generation("serving", gen);
	status_serving(&control->status, gen, workers->count);
	status_last_good(&control->status, control->serving_last_good);
	if (!control->serving_last_good)
		keep_tables(control);
	neighbours_warn_unknown(&control->neighbours);
	host_check(&control->host, &control->workers);
	err = serve(control);
	live_close(&control->live);
	if (err)
		status_stopping(&control->status, "the devices of its ports are gone");
	control->workers_left = workers_stop(workers) != 0;
	stats_print(workers);
	control_unload(control);
	control->left |= !last_good_close(&control->last_good, KEEP_PATIENCE_MS);
	if (control->workers_left)
		return err ? err : -ETIMEDOUT;
	workers_free(workers);
	if (!control->left) /* the build that goes on reads what is served */
		deploy_stop(workers);
	return err;
}

/* Configures and starts what the EAL found. 0, or -errno after logging why. */
static int start_ports(struct control *control)
{
	struct ports *ports = &control->workers.ports;
	struct glb_diag diag = {{0}};
	int err = ports_find(ports, &control->conf, &diag);

	if (err) {
		log_error("%s: %s", control->reload.config_path, diag.text);
		return err;
	}
	err = links_open(&control->links, &diag);
	if (!err)
		err = ports_start(ports, &control->conf, rte_lcore_count() - 1, &diag);
	if (!err)
		err = links_follow(&control->links, ports, &diag);
	if (err)
		log_error("%s", diag.text);
	return err;
}

int control_run(struct control *control)
{
	struct glb_generation *gen;

	control->conf = control->first.conf;
	control->serving_last_good = control->first.last_good;

	int err = readiness_open(control);

	if (!err)
		err = start_ports(control);
	if (err) {
		live_close(&control->live);
		links_close(&control->links);
		control_unload(control);
		return err;
	}
	err = make_generation(&gen, control, &control->first, &control->neighbours);
	control_unload(control);
	if (!err)
		err = serve_ports(control, gen);
	live_close(&control->live);
	if (control->workers_left)
		return err;
	neighbours_close(&control->neighbours);
	ports_stop(&control->workers.ports);
	links_close(&control->links);
	return err;
}
