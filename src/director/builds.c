/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "director/builds.h"
#include "director/deploy.h"
#include "director/effect.h"
#include "director/keep.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"
#include "sys/words.h"

struct build builds_basis(const struct control *control)
{
	const struct glb_generation *current = publish_in_force(&control->workers.publish);

	/* the tables in force stay until a build replaces them, and there is no other build */
	return (struct build){
		.conf = control->conf,
		.known = current ? current->tables : (struct glb_tables){0},
		.nodes = control->workers.publish.nodes,
	};
}

void builds_watch(struct control *control)
{
	if (reload_watch(&control->reload, clock_ms()))
		status_busy(&control->status);
}

static void log_generation(const char *what, const struct glb_generation *gen)
{
	struct extent extent = status_extent(gen);
	struct log_pairs pairs = log_pairs_of("served");
	const struct glb_deny *deny = gen->settings.deny;
	const struct glb_meters *meters = gen->settings.meters;
	char denied[40] = "";
	char metered[40] = "";

	log_pair_number(&pairs, "generation", gen->number);
	if (deny)
		(void)snprintf(denied, sizeof(denied), "; %u prefix%s denied", deny->prefix_count,
			       deny->prefix_count == 1 ? "" : "es");
	if (meters)
		(void)snprintf(metered, sizeof(metered), "; %u meter%s", meters->count,
			       plural(meters->count));
	log_event(LOG_LEVEL_INFO, &pairs,
		  "%s generation %" PRIu64 ": %u table%s, %u bind%s, %u backend%s; "
		  "instruction set %s%s%s",
		  what, gen->number, extent.tables, plural(extent.tables), extent.binds,
		  plural(extent.binds), extent.backends, plural(extent.backends),
		  glb_isa_name(glb_isa_here((enum glb_isa)gen->settings.isa)), denied, metered);
}

/* Starts looking up the gateways of a configuration. Returns 0; or -errno with a diag. */
static int follow_gateways(struct neighbours *neighbours, const struct control *control,
			   const struct director_conf *conf, struct glb_diag *why)
{
	const struct glb_generation *current = publish_in_force(&control->workers.publish);
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

/* Makes the built generation the successor of the served one, with the current ports. Returns 0
 * or -ENOMEM. */
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

/* The same, with looked-up gateways. Returns 0; or -errno after logging why and storing it in the
 * build. */
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

int builds_publish(struct control *control, struct glb_generation *gen, const struct served *built)
{
	const uint64_t number = gen->number;
	int err = deploy_next(&control->workers, gen, built);

	if (!err)
		control->generation = number;
	return err;
}

/*
 * Publishes a built generation: devices that the kernel shares hand over packets to new VIPs
 * before, and no packets to VIPs of the past afterwards. Returns 0; or -errno after logging why and
 * storing it in the build, the generation is released, and devices do as before.
 */
static int publish_build(struct control *control, struct build *build, struct glb_generation *gen)
{
	int err = bifurcation_begin(&control->bifurcation, gen, &build->why);

	if (!err) {
		err = steer_prepare(&control->steering, &control->workers.ports, &build->conf,
				    &gen->tables, &build->why);
		if (err)
			bifurcation_end(&control->bifurcation, false);
	}
	if (err) {
		log_error("%s", build->why.text);
		glb_generation_free(gen);
		return err;
	}
	err = builds_publish(control, gen, build->served);
	if (err)
		glb_diag(&build->why, "out of memory");
	if (err)
		steer_revert(&control->steering);
	else
		steer_commit(&control->steering);
	bifurcation_end(&control->bifurcation, !err);
	return err;
}

static void order_turns(struct control *control)
{
	const struct director_conf *conf = &control->conf;

	turn_order(&control->workers.orders, conf->turn_times, conf->stall_ms, conf->idle_sleep_us);
}

/* Serves a built generation from the next burst on. Returns 0; or -errno after logging why and
 * storing it in the build. */
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
	keep_restart_only(&build->conf, &control->conf);
	err = make_generation(&gen, control, build, &neighbours);
	if (!err)
		err = publish_build(control, build, gen);
	if (err) {
		neighbours_resume(&control->neighbours, &neighbours);
		return err;
	}
	ports_listen(&control->workers.ports, gen->settings.ports);
	log_generation("serving", gen);
	effect_log_fields(&control->conf.settings, &build->conf.settings);
	control->conf = build->conf;
	order_turns(control);
	control->neighbours = neighbours;
	status_serving(&control->status, gen, control->workers.count);
	neighbours_warn_unknown(&control->neighbours);
	host_check(&control->host, &control->workers);
	return 0;
}

/* Saves the served tables if they come from the tables file: the next start may need them. */
static void keep_tables(struct control *control)
{
	if (control->serving_last_good)
		log_info("%s is valid again, and served", control->reload.tables_path);
	control->serving_last_good = false;
	status_last_good(&control->status, false);
	last_good_keep(&control->last_good, publish_in_force(&control->workers.publish),
		       &control->conf);
}

int builds_make_first(struct glb_generation **out, struct control *control)
{
	return make_generation(out, control, &control->first, &control->neighbours);
}

void builds_serve_first(struct control *control, const struct glb_generation *gen)
{
	control->generation = gen->number;
	order_turns(control);
	ports_listen(&control->workers.ports, gen->settings.ports);
	log_generation("serving", gen);
	status_serving(&control->status, gen, control->workers.count);
	status_last_good(&control->status, control->serving_last_good);
	if (!control->serving_last_good)
		keep_tables(control);
	neighbours_warn_unknown(&control->neighbours);
	host_check(&control->host, &control->workers);
}

/* Stores the result of the last requested reload, and the reason if it failed. */
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

/* Logs that a request failed and that the served generation stays in force. */
static void log_kept(enum log_level level, const char *event, uint64_t generation, const char *what)
{
	struct log_pairs pairs = log_pairs_of(event);

	log_pair_number(&pairs, "generation", generation);
	log_event(level, &pairs, "%s; generation %" PRIu64 " keeps serving", what, generation);
}

/* Rejects a build; the served generation stays in force. */
static void refuse_build(struct control *control, const struct build *build)
{
	log_kept(LOG_LEVEL_ERROR, "reload_refused", control->generation, "reload refused");
	keep_end(control, RELOAD_REFUSED, &build->why);
}

/* Serves the result of a build, unless that was tried before. */
static void try_build(struct control *control, struct build *build)
{
	if (build->was_tried)
		return;
	build->was_tried = true;
	build->err = serve_build(control, build);
	if (build->err) {
		refuse_build(control, build);
		return;
	}
	if (build->scope != RELOAD_DENY) /* else the tables are as they were */
		keep_tables(control);
	keep_end(control, RELOAD_DONE, NULL);
}

/* Reports the result of a finished build, and releases it. */
static void end_build(struct control *control, struct build *build)
{
	if (build->served)
		try_build(control, build);
	else
		refuse_build(control, build);
	if (!build->err)
		effect_log(build->effect);
	waiters_build_ended(&control->waiters, control, build);
	if (build->served)
		served_free(build->served);
	build_clear(build);
}

/* Keeps the request pending, but releases clients that would wait for a worker. */
static void put_off(struct control *control)
{
	struct glb_diag why;
	char reason[sizeof(why.text) + 32];

	if (control->reload.put_off)
		return;
	control->reload.put_off = true;
	glb_diag(&why,
		 "%d states of the tables are kept for a worker that may be reading them; the "
		 "files are read when it goes on",
		 PUBLISH_HELD_MAX);
	(void)snprintf(reason, sizeof(reason), "reload put off: %s", why.text);
	log_kept(LOG_LEVEL_WARNING, "reload_put_off", control->generation, reason);
	status_reloading(&control->status);
	control->reload.started_at_ms = clock_ms(); /* nothing was built */
	keep_end(control, RELOAD_PUT_OFF, &why);
	waiters_put_off(&control->waiters, control);
}

void builds_follow(struct control *control)
{
	struct build *made = reload_made(&control->reload);
	struct build build;

	if (made)
		try_build(control, made);
	if (reload_take(&control->reload, &build))
		end_build(control, &build);
	if (control->reload.building) {
		builds_watch(control);
		return;
	}
	if (!control->reload.asked)
		return;
	if (publish_held(&control->workers.publish) >= PUBLISH_HELD_MAX) {
		put_off(control);
		return;
	}
	status_reloading(&control->status);
	build = builds_basis(control);
	reload_start(&control->reload, &build);
	waiters_build_starts(&control->waiters, control->reload.build.scope);
}
