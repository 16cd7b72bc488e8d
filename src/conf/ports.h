/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are ports to be used according to a director.json?
 *
 * The top level applies to every port; an object in `ports` overrides it for one.
 */
#ifndef CONF_PORTS_H
#define CONF_PORTS_H

#include "conf/director.h"
#include "conf/json.h"

/* Keys of both the top level and an object of `ports`. */
#define PORT_KEYS                                                                                  \
	"mtu", "vlan", "macs", "bifurcate", "steer", "outbound_gateway_mac",                       \
		"outbound_gateway_ip", "outbound_gateway_interface"

/*
 * Reads them into a configuration whose settings have been read; problems go into the report, and
 * the ports must not be used then.
 */
void ports_read(struct director_conf *conf, const struct conf_value *root);

#endif
