/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <glb/digest.h>

#include "conf/addr.h"
#include "conf/title.h"
#include "director/ethdev.h"
#include "director/lcores.h"
#include "director/show/show.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/version.h"

/* All 0: null. */
static void put_mac(struct writer *w, const char *key, const uint8_t mac[GLB_MAC_LEN])
{
	static const uint8_t none[GLB_MAC_LEN];
	char text[MAC_TEXT_LEN];

	write_string(w, key, memcmp(mac, none, sizeof(none)) ? mac_text(text, mac) : NULL);
}

/* --- Status --- */

static void put_process(struct writer *w, const struct control *control)
{
	char cpus[LCORE_CPUS_LEN];

	write_string(w, "version", version_number());
	write_string(w, "commit", *version_commit() ? version_commit() : NULL);
	write_uint(w, "pid", (uint64_t)getpid());
	write_time(w, "started", control->started_at);
	write_uint(w, "uptime_s", (clock_ms() - control->started_ms) / 1000);
	write_string(w, "log_level", log_level_name(log_level_now()));
	write_string(w, "config", control->reload.config_path);
	write_string(w, "tables_file", control->reload.tables_path);
	write_bool(w, "hugepages", rte_eal_has_hugepages());
	write_string(w, "control_cpus", lcore_cpus(cpus, rte_get_main_lcore()));
}

/* Host settings that interfere with VIPs: see director/host.h. */
static void put_host_warnings(struct writer *w, const struct control *control)
{
	write_open(w, "host_warnings", '[');
	for (unsigned int i = 0; i < control->host.count; i++)
		write_string(w, NULL, control->host.lines[i]);
	write_close(w, ']');
}

static void show_put_last_reload(struct writer *w, const struct control *control)
{
	const struct reload_end *last = &control->last;
	uint64_t ended = 0;

	write_open(w, "reloads", '{');
	for (unsigned int result = 0; result < RELOAD_RESULT_COUNT; result++) {
		write_uint(w, reload_result_name(result), last->totals[result]);
		ended += last->totals[result];
	}
	write_close(w, '}');
	write_bool(w, "reloading", control->reload.building || control->reload.asked);
	if (!ended) {
		write_string(w, "last_reload", NULL);
		return;
	}
	write_open(w, "last_reload", '{');
	write_string(w, "result", reload_result_name(last->result));
	write_time(w, "ended", last->at);
	write_uint(w, "took_ms", last->took_ms);
	if (last->result != RELOAD_DONE)
		write_string(w, "reason", last->why.text);
	write_close(w, '}');
}

static void show_put_readiness(struct writer *w, const struct control *control)
{
	const struct live *live = &control->live;
	struct glb_diag why = {{0}};
	enum readiness readiness = readiness_of(control, &why);

	write_bool(w, "ready", readiness == READINESS_READY);
	write_string(w, "readiness", readiness_name(readiness));
	write_string(w, "readiness_reason", why.text);
	write_string(w, "live_device", live->name[0] ? live->name : NULL);
	write_bool(w, "live_device_up", live->name[0] && live->up);
	write_bool(w, "serving_last_good", control->serving_last_good);
}

void show_digests(struct writer *w, const struct control *control)
{
	const struct glb_tables *tables = &publish_in_force(&control->workers.publish)->tables;
	char digest[GLB_DIGEST_TEXT_LEN];

	write_open(w, "tables", '[');
	for (unsigned int t = 0; t < tables->count; t++) {
		write_open(w, NULL, '{');
		write_table_id(w, tables->tables[t], t);
		write_string(w, "digest", glb_digest(digest, tables->tables[t]));
		write_close(w, '}');
	}
	write_close(w, ']');
}

void show_deny(struct writer *w, const struct control *control)
{
	const struct glb_deny *deny = publish_in_force(&control->workers.publish)->settings.deny;

	if (!control->conf.deny[0]) {
		write_string(w, "deny", NULL);
		return;
	}
	write_open(w, "deny", '{');
	write_string(w, "file", control->conf.deny);
	if (deny)
		write_uint(w, "prefixes", deny->prefix_count);
	else
		write_string(w, "prefixes", NULL);
	write_string(w, "digest", deny ? deny->digest : NULL);
	write_close(w, '}');
}

void show_status(struct writer *w, const struct control *control)
{
	const struct glb_generation *gen = publish_in_force(&control->workers.publish);
	struct extent extent = status_extent(gen);

	put_process(w, control);
	show_put_readiness(w, control);
	write_uint(w, "generation", gen->number);
	show_put_last_reload(w, control);
	put_host_warnings(w, control);
	write_uint(w, "binds", extent.binds);
	write_uint(w, "backends", extent.backends);
	write_uint(w, "healthy", extent.healthy);
	show_digests(w, control);
	show_deny(w, control);
	show_workers(w, control);
	show_ports(w, control);
}

/* --- Workers and ports --- */

void show_workers(struct writer *w, const struct control *control)
{
	const struct workers *all = &control->workers;

	write_open(w, "workers", '[');
	for (unsigned int i = 0; i < all->count; i++) {
		const struct worker_counters *counters = &all->workers[i].counters;
		const unsigned int lcore = worker_lcore(i);
		char cpus[LCORE_CPUS_LEN];

		write_open(w, NULL, '{');
		write_uint(w, "worker", i);
		write_uint(w, "lcore", lcore);
		write_string(w, "cpus", lcore_cpus(cpus, lcore));
		write_uint(w, "socket", rte_lcore_to_socket_id(lcore));
		write_uint(w, "generation",
			   __atomic_load_n(&counters->generation, __ATOMIC_RELAXED));
		write_bool(w, "responds", control->stalls.workers[i].waited_ms < STALL_MS);
		write_uint(w, "rx", counters->rx);
		write_uint(w, "forward", counters->verdicts[GLB_FORWARD]);
		write_uint(w, "tx", counters->tx);
		write_uint(w, "tx_dropped", counters->tx_dropped);
		write_close(w, '}');
	}
	write_close(w, ']');
}

/* The state of a looked-up gateway, from the kernel. */
static void put_gateway(struct writer *w, const struct gateway *gateway,
			const struct glb_port *port)
{
	static const char *const states[] = {
		[NEIGHBOUR_LOST] = "lost",
		[NEIGHBOUR_STALE] = "stale",
		[NEIGHBOUR_SURE] = "sure",
	};
	char addr[ADDR_TEXT_LEN];

	put_mac(w, "gateway_mac", port->gateway_mac);
	write_string(w, "gateway",
		     gateway->addr.version ? addr_text(addr, &gateway->addr) : "configured");
	write_string(w, "gateway_state", gateway->addr.version ? states[gateway->state] : NULL);
}

/* "up", "down", or "gone" if the device does not exist; null: not monitored. */
static const char *link_state(const struct link *link)
{
	if (!link->is_followed)
		return NULL;
	if (!link->device.now.ifindex && link->netdev.name[0])
		return "gone";
	return link->device.now.is_up ? "up" : "down";
}

static void put_port_name(struct writer *w, const char *key, uint16_t id)
{
	char name[RTE_DEV_NAME_MAX_LEN];

	write_string(w, key,
		     id == PORT_NONE || rte_eth_dev_get_name_by_port(id, name) ? NULL : name);
}

/* The kernel device below a port; null if there is none. */
static void put_interface(struct writer *w, const char *key, uint16_t id)
{
	struct netdev netdev;

	write_string(w, key, id != PORT_NONE && netdev_of(&netdev, id) ? netdev.name : NULL);
}

/* Length of the largest client packet that fits with the outer headers of any table. */
static uint32_t packet_max(const struct glb_generation *gen, const struct glb_port *port)
{
	uint32_t outer_len = 0;

	for (unsigned int t = 0; t < gen->tables.count; t++)
		if (gen->routes[t].outer_len > outer_len)
			outer_len = gen->routes[t].outer_len;
	return port->mtu > outer_len ? port->mtu - outer_len : 0;
}

/* What the XDP program of a bifurcated port has counted; null for other ports. */
static void put_bifurcated(struct writer *w, const struct control *control, uint16_t id)
{
	uint64_t packets[XDP_FATE_COUNT] = {0};

	if (!bifurcation_count(packets, &control->bifurcation, id)) {
		write_string(w, "bifurcated", NULL);
		return;
	}
	write_open(w, "bifurcated", '{');
	write_bool(w, "attached", bifurcation_is_whole(&control->bifurcation, id));
#define PUT_XDP_FATE(name, label, sentence) write_uint(w, label, packets[XDP_FATE_##name]);
	XDP_FATES(PUT_XDP_FATE)
#undef PUT_XDP_FATE
	write_close(w, '}');
}

static void put_port(struct writer *w, const struct control *control, uint16_t id)
{
	const struct glb_generation *gen = publish_in_force(&control->workers.publish);
	const struct glb_port *port = &gen->settings.ports[id];
	const struct link *link = &control->links.list[id];
	struct port_losses losses = {0};

	write_open(w, NULL, '{');
	write_uint(w, "port", id);
	put_port_name(w, "name", id);
	write_string(w, "interface", link->netdev.name[0] ? link->netdev.name : NULL);
	write_string(w, "link", link_state(link));
	write_uint(w, "link_downs", link->device.downs);
	put_mac(w, "mac", port->mac);
	write_uint(w, "mtu", port->mtu);
	write_uint(w, "packet_max", packet_max(gen, port));
	if (port->vlan != GLB_VLAN_KEEP && port->vlan != GLB_VLAN_NONE)
		write_uint(w, "vlan", port->vlan);
	else
		write_string(w, "vlan", NULL);
	put_gateway(w, &control->neighbours.gateways[id], port);
	put_port_name(w, "send_through", port->through ? port->through - 1 : id);
	put_port_name(w, "punt_port", control->workers.ports.twin_ids[id]);
	put_interface(w, "punt_interface", control->workers.ports.twin_ids[id]);
	write_uint(w, "queues", control->workers.ports.queue_count);
	put_bifurcated(w, control, id);
	ports_add_losses(&losses, id);
	show_losses(w, &losses);
	write_close(w, '}');
}

void show_ports(struct writer *w, const struct control *control)
{
	const struct ports *ports = &control->workers.ports;

	write_open(w, "ports", '[');
	for (unsigned int i = 0; i < ports->count; i++)
		put_port(w, control, ports->ids[i]);
	write_close(w, ']');
}

/* --- Stalls --- */

static void put_stall(struct writer *w, const struct stall *stall)
{
	const struct turn_stall *turn = &stall->turn;

	write_open(w, NULL, '{');
	write_time_ms(w, "ended", stall->end_ms);
	write_uint(w, "worker", stall->worker);
	write_uint(w, "lcore", stall->lcore);
	write_uint(w, "took_ms", turn->ns / 1000000);
	write_uint(w, "packets", turn->packets);
	if (turn->waiting == TURN_UNKNOWN)
		write_string(w, "waiting", NULL);
	else
		write_uint(w, "waiting", turn->waiting);
	write_uint(w, "switches", turn->within.switches);
	write_uint(w, "minor_faults", turn->within.minor_faults);
	write_uint(w, "major_faults", turn->within.major_faults);
	write_close(w, '}');
}

void show_stalls(struct writer *w, const struct control *control)
{
	const struct recorder *recorder = &control->recorder;
	const struct stall *stall;

	write_uint(w, "recorded", recorder->count);
	write_uint(w, "lost", recorder->lost);
	write_open(w, "stalls", '[');
	for (unsigned int back = 0; (stall = recorder_get(recorder, back)) != NULL; back++)
		put_stall(w, stall);
	write_close(w, ']');
}
