/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/orders.h"
#include "director/api.h"
#include "director/builds.h"
#include "director/control.h"
#include "director/deploy.h"
#include "director/pages.h"
#include "director/rates.h"
#include "director/stats.h"
#include "director/statsd.h"
#include "director/telemetry.h"
#include "director/upkeep.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"
#include "sys/loop.h"
#include "sys/words.h"

enum {
	TICK_MS = 100,
	PROGRAMS_MS = 1000,	 /* between looks at XDP programs */
	START_TICK_MS = 5,	 /* until the workers are there */
	STOP_LATENCY_MS = 20,	 /* of a stop during the start */
	KEEP_PATIENCE_MS = 1000, /* for the disk to save tables */
	BUILD_PATIENCE_MS = 100, /* for a build whose result is not needed */
};

int control_load(struct control *control)
{
	struct build from = builds_basis(control);
	int err = 0;

	control->started_at = time(NULL);
	control->started_ms = clock_ms();
	control->reload.service = &control->service;
	reload_ask(&control->reload, RELOAD_ALL);
	status_starting(&control->status, "reads its files");
	reload_start(&control->reload, &from);
	while (!err && !reload_wait(&control->reload, STOP_LATENCY_MS)) {
		builds_watch(control);
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

/* Logs once that the workers have started. */
static void follow_start(struct control *control)
{
	const struct workers *workers = &control->workers;
	struct log_pairs pairs = log_pairs_of("ready");

	if (control->ready || !workers_serve(workers))
		return;
	control->ready = true;
	log_event(LOG_LEVEL_INFO, &pairs, "ready: %u worker%s, %u port%s with %u queue%s each",
		  workers->count, plural(workers->count), workers->ports.count,
		  plural(workers->ports.count), workers->ports.queue_count,
		  plural(workers->ports.queue_count));
	status_started(&control->status);
}

static void await_start(void *arg)
{
	struct control *control = arg;

	follow_start(control);
	if (!control->ready && loop_after(control->loop, START_TICK_MS, await_start, control))
		return; /* without memory, the next tick notices */
}

/* Periodic upkeep; nothing in it blocks. */
static void control_tick(void *arg)
{
	struct control *control = arg;

	follow_start(control);
	if (control->ready && !control->stopping)
		builds_follow(control);
	waiters_follow(&control->waiters, control);
	leave_follow(control);
	orders_follow(&control->orders);
	control->end = upkeep_ports(control);
	if (control->end) {
		loop_end(control->loop);
		return;
	}
	if (links_take_host_change(&control->links))
		host_check_again(&control->host, &control->workers);
	pool_follow(&control->buffers, control->workers.ports.pool, clock_ms());
	trace_follow(control); /* while the deciding generation exists */
	publish_reclaim(&control->workers.publish);
	last_good_poll(&control->last_good);
	recorder_poll(&control->recorder, &control->workers);
}

static void watch_programs(void *arg)
{
	struct control *control = arg;

	bifurcation_watch(&control->bifurcation);
}

/* A signal arrived, or a build has ended. */
static void take_event(void *arg)
{
	struct control *control = arg;

	switch (service_wait(&control->service, 0)) {
	case SERVICE_STOP:
		readiness_stop(control);
		return;
	case SERVICE_RELOAD:
		reload_ask(&control->reload, RELOAD_ALL);
		break;
	case SERVICE_RELOAD_TABLES:
		reload_ask(&control->reload, RELOAD_TABLES);
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
	control_tick(control);
}

/* Runs until a signal requests a stop (returns 0) or no port is left (-ENETDOWN); or returns
 * -errno after logging. */
static int control_serve(struct control *control)
{
	int err = loop_open(&control->loop);

	if (!err)
		err = loop_watch(control->loop, control->service.signal_fd, take_event, control);
	if (!err)
		err = loop_watch(control->loop, control->service.wake_fd, take_event, control);
	if (!err)
		err = loop_every(control->loop, TICK_MS, control_tick, control);
	if (!err && control->bifurcation.count)
		err = loop_every(control->loop, PROGRAMS_MS, watch_programs, control);
	if (!err)
		err = readiness_watch(control);
	if (!err)
		err = statsd_open(control);
	if (!err)
		err = rates_open(control);
	if (err)
		log_error("cannot wait for events: %s", strerror(-err));
	else
		err = api_open(control);
	if (!err)
		err = pages_open(control);
	if (!err)
		err = telemetry_open(control);
	if (!err) {
		await_start(control);
		loop_run(control->loop);
		err = control->end;
	}
	waiters_end(&control->waiters);
	trace_end(control);
	pages_close(control);
	leave_end(control);
	api_close(control);
	loop_close(control->loop);
	statsd_close(control);
	telemetry_close(control);
	rates_close(control);
	control->loop = NULL;
	return err;
}

/* Serves the first generation, with the ports running. */
static int serve_ports(struct control *control, struct glb_generation *gen)
{
	struct workers *workers = &control->workers;
	struct glb_diag diag = {{0}};
	int err = steer_prepare(&control->steering, &workers->ports, &control->conf, &gen->tables,
				&diag);

	if (err) {
		log_error("%s", diag.text);
		glb_generation_free(gen);
		return err;
	}
	steer_commit(&control->steering);
	err = deploy_first(workers, gen, control->conf.backend_counters);
	if (err)
		return err;
	workers->idle_sleep_us = control->conf.idle_sleep_us;
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
	builds_serve_first(control, gen);
	err = control_serve(control);
	live_close(&control->live);
	if (err)
		status_stopping(&control->status, "the devices of its ports are gone");
	control->workers_left = workers_stop(workers) != 0;
	stats_print(workers);
	control_unload(control);
	control->left |= !last_good_close(&control->last_good, KEEP_PATIENCE_MS);
	if (control->workers_left)
		return err ? err : -ETIMEDOUT;
	trace_free(&control->tracing);
	workers_free(workers);
	if (!control->left) /* the running build reads what is served */
		deploy_stop(workers);
	return err;
}

/* Configures and starts the devices found by the EAL. Returns 0, or -errno after logging why. */
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
		err = bifurcation_clear(ports, &control->conf, &diag);
	control->has_devices = !err;
	if (!err)
		err = ports_start(ports, &control->conf, rte_lcore_count() - 1, &diag);
	if (!err)
		err = bifurcation_open(&control->bifurcation, ports, &control->conf,
				       control->first.served->gen, &diag);
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
	err = builds_make_first(&gen, control);
	control_unload(control);
	if (!err)
		err = serve_ports(control, gen);
	live_close(&control->live);
	if (control->workers_left)
		return err;
	neighbours_close(&control->neighbours);
	steer_end(&control->steering, &control->workers.ports);
	ports_stop(&control->workers.ports);
	links_close(&control->links);
	return err;
}
