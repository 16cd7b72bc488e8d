/* SPDX-License-Identifier: BSD-3-Clause */
/* The input is a director.json. */
#include <errno.h>
#include <string.h>

#include <glb/hash.h>

#include "conf/director.h"
#include "fuzz.h"
#include "reported.h"

static void check_port(const struct port_conf *port)
{
	static const uint8_t no_mac[GLB_MAC_LEN];
	bool has_mac = memcmp(port->port.gateway_mac, no_mac, sizeof(no_mac)) != 0;

	PROMISE(memchr(port->name, 0, sizeof(port->name)));
	PROMISE(memchr(port->gateway_interface, 0, sizeof(port->gateway_interface)));
	PROMISE(port->port.mtu == 0 || port->port.mtu >= 576);
	PROMISE(port->port.vlan <= 4094 || port->port.vlan == GLB_VLAN_NONE);
	PROMISE(has_mac != port->gateway_auto);
	PROMISE(!port->gateway_auto || port->gateway_addr.version);
}

static void check_ports(const struct director_conf *conf)
{
	PROMISE(conf->defaults.name[0] == 0);
	check_port(&conf->defaults);
	PROMISE(conf->port_count <= GLB_PORTS_MAX);
	for (unsigned int i = 0; i < conf->port_count; i++) {
		PROMISE(conf->ports[i].name[0] != 0);
		PROMISE(director_conf_port(conf, conf->ports[i].name) == &conf->ports[i]);
		check_port(&conf->ports[i]);
	}
}

static void check_settings(const struct glb_settings *settings)
{
	const uint8_t ports = GLB_HASH_SRC_PORT | GLB_HASH_DST_PORT;

	PROMISE(settings->src_addr.version || settings->src_addr6.version);
	PROMISE(settings->src_addr.version != 6 && settings->src_addr6.version != 4);
	PROMISE(settings->hash_fields && settings->hash_fields <= GLB_HASH_FIELDS_ALL);
	PROMISE(settings->alt_hash_fields <= GLB_HASH_FIELDS_ALL);
	PROMISE(!settings->forward_fragments ||
		!((settings->hash_fields | settings->alt_hash_fields) & ports));
	PROMISE(settings->echo <= GLB_ECHO_DROP);
	PROMISE(settings->too_big <= GLB_TOO_BIG_DROP);
	PROMISE(settings->udp_checksum <= GLB_UDP_ZERO);
	PROMISE(settings->outer_dscp <= GLB_DSCP_COPY);
	PROMISE(settings->answers_per_second >= 1 && settings->answers_per_second <= 1000000);
	PROMISE(settings->errors_per_second >= 1 && settings->errors_per_second <= 1000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct director_conf conf = {.idle_sleep_us = 99999};
	static struct report report;

	report_init(&report);

	int err = director_conf_parse(&conf, "director.json", (const char *)input, len, &report);

	check_report(&report, "director.json:");

	if (err) {
		PROMISE(err == -EINVAL);
		PROMISE(conf.idle_sleep_us == 99999);
		PROMISE(report_has_errors(&report));
		return 0;
	}
	PROMISE(!report_has_errors(&report));
	PROMISE(conf.idle_sleep_us <= 10000);
	check_settings(&conf.settings);
	check_ports(&conf);
	PROMISE(memchr(conf.punt_port, 0, sizeof(conf.punt_port)));
	PROMISE(conf.stall_ms <= 60000);
	PROMISE(memchr(conf.state_directory, 0, sizeof(conf.state_directory)));
	PROMISE(memchr(conf.live_device, 0, sizeof(conf.live_device)));
	PROMISE(conf.live_stall_ms <= 60000 && conf.live_leave_ms <= 60000);
	return 0;
}
