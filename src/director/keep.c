/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "conf/addr.h"
#include "director/keep.h"
#include "sys/log.h"

enum { LISTEN_TEXT_LEN = ADDR_TEXT_LEN + 8 };

/* Warns if a key has a different value in the file. */
static void warn_restart_only(const char *key, const char *old, const char *new)
{
	if (strcmp(old, new) != 0)
		log_warning("%s: \"%s\" in force, \"%s\" in the file; only a restart changes it",
			    key, old, new);
}

static void warn_restart_only_bool(const char *key, bool old, bool new)
{
	warn_restart_only(key, old ? "true" : "false", new ? "true" : "false");
}

/* Warns if ports have different twins in the two configurations. */
static void warn_twins(const struct director_conf *old, const struct director_conf *new)
{
	char place[PORT_NAME_LEN + 32];

	warn_restart_only("$.punt_port", old->punt_port, new->punt_port);
	for (unsigned int i = 0; i < old->port_count + new->port_count; i++) {
		bool is_new = i >= old->port_count;
		const struct port_conf *port =
			is_new ? &new->ports[i - old->port_count] : &old->ports[i];
		const struct port_conf *was = director_conf_port(old, port->name);
		const struct port_conf *is = director_conf_port(new, port->name);

		if (is_new && was != &old->defaults)
			continue; /* it was among the old ones */
		(void)snprintf(place, sizeof(place), "punt_port of $.ports \"%s\"", port->name);
		warn_restart_only(place, was->punt_port, is->punt_port);
	}
}

static void keep_bifurcation(struct director_conf *new, const struct director_conf *old)
{
	char place[PORT_NAME_LEN + 32];

	warn_restart_only_bool("$.bifurcate", old->defaults.bifurcate, new->defaults.bifurcate);
	new->defaults.bifurcate = old->defaults.bifurcate;
	for (unsigned int i = 0; i < new->port_count; i++) {
		struct port_conf *port = &new->ports[i];
		bool was = director_conf_port(old, port->name)->bifurcate;

		(void)snprintf(place, sizeof(place), "bifurcate of $.ports \"%s\"", port->name);
		warn_restart_only_bool(place, was, port->bifurcate);
		port->bifurcate = was;
	}
}

/* Keeps which ports are steered, with a warning if the file has it otherwise. */
static void keep_steered(struct director_conf *new, const struct director_conf *old)
{
	static const char *const names[] = {"none", "rte_flow"};
	char place[PORT_NAME_LEN + 32];

	warn_restart_only("$.steer", names[old->defaults.is_steered],
			  names[new->defaults.is_steered]);
	new->defaults.is_steered = old->defaults.is_steered;
	for (unsigned int i = 0; i < new->port_count; i++) {
		struct port_conf *port = &new->ports[i];
		bool was = director_conf_port(old, port->name)->is_steered;

		(void)snprintf(place, sizeof(place), "steer of $.ports \"%s\"", port->name);
		warn_restart_only(place, names[was], names[port->is_steered]);
		port->is_steered = was;
	}
}

/* In the syntax of the file. Returns out. */
static const char *listen_text(char out[LISTEN_TEXT_LEN], const struct listen_conf *at)
{
	char addr[ADDR_TEXT_LEN];

	out[0] = '\0';
	if (at->addr.version)
		(void)snprintf(out, LISTEN_TEXT_LEN, at->addr.version == 6 ? "[%s]:%u" : "%s:%u",
			       addr_text(addr, &at->addr), at->port);
	return out;
}

void keep_restart_only(struct director_conf *new, const struct director_conf *old)
{
	char was_at[LISTEN_TEXT_LEN];
	char is_at[LISTEN_TEXT_LEN];
	char was[16];
	char is[16];

	warn_twins(old, new);
	keep_steered(new, old);
	warn_restart_only("$.unmatched", old->punt_unmatched ? "punt" : "drop",
			  new->punt_unmatched ? "punt" : "drop");
	(void)snprintf(was, sizeof(was), "%u", old->idle_sleep_us);
	(void)snprintf(is, sizeof(is), "%u", new->idle_sleep_us);
	warn_restart_only("$.idle_sleep_us", was, is);
	warn_restart_only_bool("$.rx_drop_en", old->rx_drop_en, new->rx_drop_en);
	warn_restart_only_bool("$.backend_counters", old->backend_counters, new->backend_counters);
	warn_restart_only("$.live_device", old->live_device, new->live_device);
	memcpy(new->live_device, old->live_device, sizeof(new->live_device));
	warn_restart_only("$.control_socket",
			  old->has_control_socket ? old->control_socket : "the default",
			  new->has_control_socket ? new->control_socket : "the default");
	warn_restart_only("$.http_listen", listen_text(was_at, &old->http_listen),
			  listen_text(is_at, &new->http_listen));
	memcpy(new->punt_port, old->punt_port, sizeof(new->punt_port));
	for (unsigned int i = 0; i < new->port_count; i++) {
		struct port_conf *port = &new->ports[i];

		memcpy(port->punt_port, director_conf_port(old, port->name)->punt_port,
		       sizeof(port->punt_port));
	}
	keep_bifurcation(new, old);
	new->punt_unmatched = old->punt_unmatched;
	new->idle_sleep_us = old->idle_sleep_us;
	new->rx_drop_en = old->rx_drop_en;
	new->backend_counters = old->backend_counters;
	new->has_control_socket = old->has_control_socket;
	new->has_http_listen = old->has_http_listen;
	new->http_listen = old->http_listen;
	memcpy(new->control_socket, old->control_socket, sizeof(new->control_socket));
}
