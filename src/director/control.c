/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_malloc.h>

#include "conf/tables.h"
#include "director/control.h"
#include "director/reopen.h"
#include "director/stats.h"
#include "sys/log.h"
#include "sys/service.h"

enum { TICK_MS = 100 };

/* NULL: none yet. */
static const struct glb_generation *in_force(const struct control *control)
{
	const struct served *served = control->workers.publish.current;

	return served ? served->gen : NULL;
}

/*
 * Both files are looked at even if the first is bad, so that all problems show at once. What the
 * tables in force have in common with the new ones is not worked out again.
 */
static int load(struct control *control, bool tables_only)
{
	const struct glb_generation *current = in_force(control);
	struct glb_building how = {.known = current ? &current->tables : NULL};
	struct conf_input inputs[] = {{.path = control->config_path},
				      {.path = control->tables_path}};
	struct director_conf conf = control->conf;
	struct glb_tables tables;
	struct report report;

	report_init(&report);
	report.serving = true;
	report.guarding = true;
	inputs_read(inputs + tables_only, 2 - tables_only);

	int conf_err = tables_only ? 0 : director_conf_read(&conf, &inputs[0], &report);

	if (!conf_err)
		how.isa = (enum glb_isa)conf.settings.isa;

	int err = tables_read(&tables, &inputs[1], &how, &report);

	inputs_free(inputs, 2);
	report_log(&report, SEVERITY_WARNING);
	if (conf_err && !err)
		glb_tables_free(&tables);
	if (conf_err || err)
		return conf_err ? conf_err : err;
	control->conf = conf;
	control->tables = tables;
	return 0;
}

int control_load(struct control *control)
{
	return load(control, false);
}

/* Makes the next generation of what was read. The tables are gone afterwards in any case. */
static int make_generation(struct glb_generation **out, struct control *control)
{
	struct glb_diag reason = {{0}};
	int err;

	ports_describe(control->conf.settings.ports, &control->workers.ports, &control->conf);
	neighbours_describe(control->conf.settings.ports, &control->neighbours);
	links_describe(control->conf.settings.ports, &control->links);
	err = glb_generation_make(out, control->generation + 1, &control->conf.settings,
				  &control->tables, &reason);
	if (err) {
		log_error("%s: %s", control->tables_path, reason.text);
		glb_tables_free(&control->tables);
	}
	return err;
}

int control_check(struct control *control)
{
	struct glb_generation *gen;
	int err = make_generation(&gen, control);

	if (!err)
		glb_generation_free(gen);
	return err;
}

static void log_generation(const char *what, const struct glb_generation *gen)
{
	unsigned int binds = 0;
	unsigned int backends = 0;

	for (unsigned int t = 0; t < gen->tables.count; t++) {
		binds += gen->tables.tables[t]->spec.bind_count;
		backends += gen->tables.tables[t]->spec.backend_count;
	}
	log_info("%s generation %" PRIu64 ": %u tables, %u binds, %u backends; instruction set %s",
		 what, gen->number, gen->tables.count, binds, backends,
		 glb_isa_name(glb_isa_here((enum glb_isa)gen->settings.isa)));
}

/* What only a restart changes stays as it is, and is said. */
static void keep_restart_only(struct director_conf *new, const struct director_conf *old)
{
	struct glb_settings settings = new->settings;

	if (strcmp(old->punt_port, new->punt_port) != 0 ||
	    old->punt_unmatched != new->punt_unmatched ||
	    old->idle_sleep_us != new->idle_sleep_us || old->rx_drop_en != new->rx_drop_en ||
	    old->backend_counters != new->backend_counters)
		log_warning("punt_port, unmatched, idle_sleep_us, rx_drop_en and backend_counters "
			    "change only by a restart");
	*new = *old;
	new->settings = settings;
}

/* Has the ports do as the files say: names, abilities, gateways. 0, or -errno after logging why. */
static int follow_gateways(struct control *control)
{
	const struct glb_generation *current = in_force(control);
	const struct ports *ports = &control->workers.ports;
	static const uint8_t no_mac[GLB_MAC_LEN];
	struct glb_diag diag = {{0}};

	for (unsigned int i = 0; i < ports->count; i++) {
		uint16_t id = ports->ids[i];
		struct port_conf conf = ports_conf(id, &control->conf);

		neighbours_follow(&control->neighbours, id, &conf,
				  current ? current->settings.ports[id].gateway_mac : no_mac);
	}

	int err = neighbours_read(&control->neighbours, &diag);

	if (err)
		log_error("%s", diag.text);
	return err;
}

/* Makes a generation of the files, as they are now, for the ports that are running. */
static int make_next(struct glb_generation **out, struct control *next, bool tables_only)
{
	struct glb_diag diag = {{0}};
	int err = load(next, tables_only);

	if (err)
		return err;
	err = ports_check(&next->workers.ports, &next->conf, &diag);
	if (err)
		log_error("%s: %s", next->config_path, diag.text);
	else
		err = follow_gateways(next);
	if (err) {
		glb_tables_free(&next->tables);
		return err;
	}
	return make_generation(out, next);
}

/* Finds where packets of a generation are counted: nowhere, if backends are not. 0 or -ENOMEM. */
static int make_map(struct tally_map **out, struct tally *tally, const struct glb_generation *gen)
{
	struct tally_map *map = NULL;
	int err = tally->counts ? tally_map_make(&map, tally, &gen->tables) : 0;

	if (err)
		return err;
	if (map && map->sharing)
		log_warning("%" PRIu32 " tables and backends cannot be counted apart: there is "
			    "room for %d",
			    map->sharing, TALLY_SLOTS - 1);
	*out = map;
	return 0;
}

/* Serves the generation from the next burst on; without memory it is freed. */
static int publish_next(struct control *control, struct glb_generation *gen)
{
	struct tally_map *map = NULL;
	int err = make_map(&map, &control->workers.tally, gen);

	if (!err)
		err = publish_replace(&control->workers.publish, gen, map);
	if (err) {
		log_error("out of memory");
		tally_map_free(map);
		glb_generation_free(gen);
		return err;
	}
	control->generation = gen->number;
	return 0;
}

/* Reads both files, or one, and serves what they say from the next burst on. */
static int try_reload(struct control *control, bool tables_only)
{
	struct control next = *control;
	struct glb_generation *gen;
	int err = make_next(&gen, &next, tables_only);

	if (!err)
		err = publish_next(control, gen);
	if (err) {
		neighbours_resume(&control->neighbours, &next.neighbours);
		return err;
	}
	keep_restart_only(&next.conf, &control->conf);
	control->conf = next.conf;
	control->neighbours = next.neighbours;
	log_generation("serving", gen);
	neighbours_warn_unknown(&control->neighbours);
	host_check(&control->host, &control->workers);
	return 0;
}

static void reload(struct control *control, bool tables_only)
{
	if (try_reload(control, tables_only))
		log_error("reload refused; generation %" PRIu64 " keeps serving",
			  control->generation);
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

/* Serves a successor of the current generation when a gateway or a device is another one now. */
static void update_ports(struct control *control)
{
	const struct glb_generation *current = in_force(control);
	struct glb_port ports[GLB_PORTS_MAX];
	struct glb_generation *gen;

	neighbours_poll(&control->neighbours);
	describe_ports(ports, control);
	if (!memcmp(ports, current->settings.ports, sizeof(ports)))
		return;
	/* without memory there is another try with the next tick */
	if (!glb_generation_with_ports(&gen, current, ports) && !publish_next(control, gen))
		log_info("serving generation %" PRIu64 ": its tables, with other gateways or ports",
			 gen->number);
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
	}
	return links_are_lost(&control->links, &workers->ports) ? -ENETDOWN : 0;
}

/* Until it is told to stop: 0. Or until there is no port left: -ENETDOWN. */
static int serve(struct control *control)
{
	int err = 0;

	while (!err) {
		switch (service_wait(&control->service, TICK_MS)) {
		case SERVICE_STOP:
			return 0;
		case SERVICE_RELOAD:
			reload(control, false);
			break;
		case SERVICE_RELOAD_TABLES:
			reload(control, true);
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
		err = mend_ports(control);
		if (!err)
			update_ports(control);
		if (links_take_host_change(&control->links))
			host_check_again(&control->host, &control->workers);
		publish_reclaim(&control->workers.publish);
	}
	return err;
}

/* Gives back what start_tally() took, if it did. */
static void stop_tally(struct tally *tally)
{
	for (unsigned int i = 0; i < tally->worker_count && tally->counts; i++)
		rte_free(tally->counts[i]);
	tally_stop(tally);
}

/* Has every worker count near its lcore, if there is room. 0 or -ENOMEM. */
static int start_tally(struct tally *tally)
{
	const size_t len = TALLY_SLOTS * sizeof(struct tally_count);
	int err = tally_start(tally, rte_lcore_count() - 1);
	unsigned int lcore;
	unsigned int i = 0;

	if (err)
		return err;
	RTE_LCORE_FOREACH_WORKER (lcore) {
		int socket = (int)rte_lcore_to_socket_id(lcore);
		struct tally_count *counts =
			rte_zmalloc_socket("tally", len, RTE_CACHE_LINE_SIZE, socket);

		tally->counts[i] = counts ? counts : rte_zmalloc("tally", len, RTE_CACHE_LINE_SIZE);
		if (!tally->counts[i++]) {
			stop_tally(tally);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Has workers find generations on their own memory nodes, where there are several. 0 or -ENOMEM. */
static int spread(struct publish *publish)
{
	const struct glb_area *area = &publish->current->gen->area;
	struct nodes nodes = {.count = 0};
	unsigned int lcore;
	int err;

	if (rte_socket_count() < 2)
		return 0;
	RTE_LCORE_FOREACH_WORKER (lcore)
		nodes_add(&nodes, rte_lcore_to_socket_id(lcore));
	err = node_place(nodes.ids[0], area->base, area->len);
	if (err)
		log_warning("tables may lie on other memory nodes than workers: %s",
			    strerror(-err));
	log_info("workers are on %u memory nodes, each of which has the tables", nodes.count);
	return publish_spread(publish, &nodes);
}

static void unpublish(struct workers *workers)
{
	publish_stop(&workers->publish);
	stop_tally(&workers->tally);
}

/* Serves the first one; likewise. */
static int publish_first(struct control *control, struct glb_generation *gen)
{
	struct workers *workers = &control->workers;
	struct tally_map *map = NULL;
	int err;

	if (control->conf.backend_counters && start_tally(&workers->tally)) {
		log_error(
			"no memory for counters of backends, a MiB per worker; reserve hugepages, "
			"raise -m or set backend_counters to false");
		glb_generation_free(gen);
		return -ENOMEM;
	}
	err = make_map(&map, &workers->tally, gen);
	if (!err)
		err = publish_start(&workers->publish, gen, map, rte_lcore_count() - 1);
	if (err) {
		log_error("out of memory");
		tally_map_free(map);
		stop_tally(&workers->tally);
		glb_generation_free(gen);
		return err;
	}
	err = spread(&workers->publish);
	if (err) {
		log_error("out of memory");
		unpublish(workers);
	}
	return err;
}

/* Serves the first generation, with the ports running. */
static int serve_ports(struct control *control, struct glb_generation *gen)
{
	struct workers *workers = &control->workers;
	struct glb_diag diag = {{0}};
	int err = publish_first(control, gen);

	if (err)
		return err;
	workers->idle_sleep_us = control->conf.idle_sleep_us;
	workers->punt_unmatched = control->conf.punt_unmatched;
	err = workers_make(workers, rte_lcore_count() - 1, &diag);
	if (err) {
		log_error("%s", diag.text);
		unpublish(workers);
		return err;
	}
	workers_start(workers);
	control->generation = gen->number;
	log_generation("serving", gen);
	neighbours_warn_unknown(&control->neighbours);
	host_check(&control->host, &control->workers);
	log_info("ready: %u workers, %u ports with %u queues each", workers->count,
		 workers->ports.count, workers->ports.queue_count);
	err = serve(control);
	workers_stop(workers);
	stats_print(workers);
	workers_free(workers);
	unpublish(workers);
	return err;
}

/* Configures and starts what the EAL found. 0, or -errno after logging why. */
static int start_ports(struct control *control)
{
	struct ports *ports = &control->workers.ports;
	struct glb_diag diag = {{0}};
	int err = ports_find(ports, &control->conf, &diag);

	if (err) {
		log_error("%s: %s", control->config_path, diag.text);
		return err;
	}
	err = links_open(&control->links, &diag);
	if (!err)
		err = ports_start(ports, &control->conf, rte_lcore_count() - 1, &diag);
	if (!err)
		err = links_follow(&control->links, &diag);
	if (err)
		log_error("%s", diag.text);
	return err;
}

int control_run(struct control *control)
{
	struct glb_generation *gen;
	int err = start_ports(control);

	if (err) {
		links_close(&control->links);
		glb_tables_free(&control->tables);
		return err;
	}
	err = follow_gateways(control);
	if (err)
		glb_tables_free(&control->tables);
	else
		err = make_generation(&gen, control);
	if (!err)
		err = serve_ports(control, gen);
	neighbours_close(&control->neighbours);
	ports_stop(&control->workers.ports);
	links_close(&control->links);
	return err;
}
