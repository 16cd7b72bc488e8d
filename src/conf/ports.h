/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a director.json want its ports to be used?
 *
 * What stands at the top level holds for every port; an object in `ports` overrides it for one.
 */
#ifndef CONF_PORTS_H
#define CONF_PORTS_H

#include "conf/director.h"
#include "conf/json.h"

/* The keys that stand at the top level as well as in an object of `ports`. */
#define PORT_KEYS                                                                                  \
	"mtu", "vlan", "macs", "outbound_gateway_mac", "outbound_gateway_ip",                      \
		"outbound_gateway_interface"

/*
 * Reads them into a configuration whose settings are read; what is wrong is in the report, and then
 * the ports are not to be used.
 */
void ports_read(struct director_conf *conf, const struct conf_value *root);

#endif
