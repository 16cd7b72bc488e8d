/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/ports.h"

enum {
	MTU_MIN = 576, /* RFC 1122, 3.3.3: every host accepts it */
	MTU_MAX = 65535,
	VLAN_MAX = 4094,
	MACS_MAX = GLB_PORT_MACS_MAX - 2, /* besides those that the director adds */
};

static const uint8_t no_mac[GLB_MAC_LEN];

/* Warns if the MTU leaves too little to clients, or is never enforced. */
static void judge_mtu(const struct glb_settings *settings, uint32_t mtu,
		      const struct conf_value *value)
{
	/* tables without `hops`; with more hops, less is left */
	uint32_t listed = settings->alt_hash_fields ? 3 : 1;
	bool v6 = settings->src_addr6.version && !settings->src_addr.version;
	uint32_t outer_len = glb_outer_len(v6 ? 6 : 4, listed);

	if (settings->too_big == GLB_TOO_BIG_FORWARD && !settings->clamp_mss)
		conf_warn(value, "has no effect: too_big is \"forward\" and clamp_mss false");
	if (mtu < GLB_IPV6_MTU_MIN + outer_len)
		conf_warn(value,
			  "leaves at most %u of %u bytes to clients: IPv6 must get %d through, "
			  "which takes %u (RFC 8200, 5)",
			  mtu - outer_len, mtu, GLB_IPV6_MTU_MIN, GLB_IPV6_MTU_MIN + outer_len);
}

static void read_mtu(struct port_conf *port, const struct glb_settings *settings,
		     const struct conf_value *object)
{
	struct conf_value value;
	uint32_t mtu;

	if (!conf_find(&value, object, "mtu") || conf_uint(&mtu, MTU_MIN, MTU_MAX, &value))
		return;
	port->port.mtu = (uint16_t)mtu;
	judge_mtu(settings, mtu, &value);
}

static void read_vlan(struct port_conf *port, const struct conf_value *object)
{
	static const char *const names[] = {"keep", "none", NULL};
	struct conf_value value;
	uint32_t vlan;

	if (!conf_find(&value, object, "vlan"))
		return;
	if (!conf_is_string(&value)) {
		if (!conf_uint(&vlan, 1, VLAN_MAX, &value))
			port->port.vlan = (uint16_t)vlan;
	} else if (!conf_choice(&vlan, names, "keep or none, nor an integer from 1 to 4094",
				&value)) {
		port->port.vlan = vlan ? GLB_VLAN_NONE : GLB_VLAN_KEEP;
	}
}

static void read_steer(struct port_conf *port, const struct conf_value *object)
{
	static const char *const names[] = {"none", "rte_flow", NULL};
	struct conf_value value;
	uint32_t way;

	if (conf_find(&value, object, "steer") &&
	    !conf_choice(&way, names, "none or rte_flow", &value))
		port->is_steered = way;
}

/* Reads a unicast address. Returns 0 or -EINVAL. */
static int read_station(uint8_t out[GLB_MAC_LEN], const struct conf_value *value)
{
	uint8_t mac[GLB_MAC_LEN];
	const char *text;
	int err = conf_string(&text, value);

	if (err)
		return err;
	if (!mac_parse(mac, text))
		return conf_refuse(value, "\"%s\" is not a MAC address", text);
	if (glb_is_group(mac))
		return conf_refuse(value, "\"%s\" is a multicast address", text);
	if (!memcmp(mac, no_mac, sizeof(mac)))
		return conf_refuse(value, "\"%s\" is all zeros", text);
	memcpy(out, mac, sizeof(mac));
	return 0;
}

/* A port's own list replaces the top-level one. */
static void read_macs(struct port_conf *port, const struct conf_value *object)
{
	struct conf_value list;

	if (!conf_find(&list, object, "macs") || conf_array(&list))
		return;
	if (conf_count(&list) > MACS_MAX)
		(void)conf_refuse(&list, "has %zu addresses, at most %d are possible",
				  conf_count(&list), MACS_MAX);
	memset(port->port.macs, 0, sizeof(port->port.macs));
	port->port.mac_count = 0;
	for (size_t i = 0; i < conf_count(&list) && i < MACS_MAX; i++) {
		struct conf_value value = conf_element(&list, i);

		if (!read_station(port->port.macs[port->port.mac_count], &value))
			port->port.mac_count++;
	}
}

/* As in the original: text after white space or "#" is a comment. */
static bool parse_commented(uint8_t mac[GLB_MAC_LEN], const char *text)
{
	char word[20]; /* longer than an address in either notation */

	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(text, " \t\n\v\f\r#"), text);
	return mac_parse(mac, word);
}

static void read_gateway_mac(struct port_conf *port, const struct conf_value *value)
{
	uint8_t mac[GLB_MAC_LEN] = {0};
	const char *text;

	if (conf_string(&text, value))
		return;

	bool is_auto = !strcmp(text, "auto");

	if (!is_auto && !parse_commented(mac, text)) {
		(void)conf_refuse(value, "\"%s\" is neither a MAC address nor auto", text);
	} else if (!is_auto && !memcmp(mac, no_mac, sizeof(mac))) {
		/* it stands for a gateway that is not resolved yet */
		(void)conf_refuse(value, "\"%s\" is all zeros", text);
	} else if (glb_is_group(mac)) {
		/* every proxy would receive packets for one of them */
		(void)conf_refuse(value, "\"%s\" is a multicast address", text);
	} else {
		memcpy(port->port.gateway_mac, mac, sizeof(mac));
		port->gateway_auto = is_auto;
	}
}

/* A link-local address is only unique on one link: the interface must be configured. */
static void check_link_local(const struct port_conf *port, const struct conf_value *object)
{
	const struct glb_addr *addr = &port->gateway_addr;
	struct conf_value value;

	if (!port->gateway_auto || port->gateway_interface[0] || addr->version != 6 ||
	    addr->bytes[0] != 0xfe || (addr->bytes[1] & 0xc0) != 0x80 ||
	    conf_find(&value, object, "outbound_gateway_interface"))
		return;
	/* top-level values are refused at the top level */
	if (conf_find(&value, object, "outbound_gateway_mac") |
	    conf_find(&value, object, "outbound_gateway_ip"))
		(void)conf_refuse(&value, "is link-local: outbound_gateway_interface is missing");
}

static void read_gateway_addr(struct port_conf *port, const struct conf_value *value)
{
	struct glb_addr addr;

	if (conf_addr(&addr, value))
		return;
	port->gateway_addr = addr;
	if (!glb_is_host(addr.bytes, addr.version))
		(void)conf_refuse(value, "is not the address of a single host");
}

static void read_gateway(struct port_conf *port, const struct conf_value *object)
{
	struct conf_value value;
	bool own = conf_find(&value, object, "outbound_gateway_mac");

	if (own)
		read_gateway_mac(port, &value);
	if (conf_find(&value, object, "outbound_gateway_ip"))
		read_gateway_addr(port, &value);
	else if (own && port->gateway_auto && !port->gateway_addr.version)
		(void)conf_refuse(&value, "is missing: outbound_gateway_mac is \"auto\"");
	if (conf_find(&value, object, "outbound_gateway_interface"))
		(void)conf_name(port->gateway_interface, sizeof(port->gateway_interface),
				"interface name", &value);
	check_link_local(port, object);
}

static void read_keys(struct port_conf *port, const struct glb_settings *settings,
		      const struct conf_value *object)
{
	struct conf_value value;

	read_mtu(port, settings, object);
	read_vlan(port, object);
	read_macs(port, object);
	if (conf_find(&value, object, "bifurcate"))
		(void)conf_bool(&port->bifurcate, &value);
	read_steer(port, object);
	read_gateway(port, object);
}

/* The gateway is looked up only if its MAC address is "auto". */
static void warn_unasked(const struct conf_value *object)
{
	static const char *const keys[] = {"outbound_gateway_ip", "outbound_gateway_interface"};
	struct conf_value value;

	for (unsigned int i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (conf_find(&value, object, keys[i]))
			conf_warn(&value, "has no effect: outbound_gateway_mac is not \"auto\"");
}

static void ports_read_name(struct director_conf *conf, struct port_conf *port,
			    const struct conf_value *object)
{
	struct conf_value value;

	if (conf_member(&value, object, "name") ||
	    conf_name(port->name, sizeof(port->name), "device name", &value))
		return;
	for (struct port_conf *other = conf->ports; other < port; other++)
		if (!strcmp(other->name, port->name)) {
			(void)conf_refuse(&value, "duplicate port %s, first listed as ports[%zu]",
					  port->name, other - conf->ports);
			return;
		}
}

static void read_port(struct director_conf *conf, struct port_conf *port,
		      const struct conf_value *object)
{
	static const char *const known[] = {"name", "punt_port", "send_through", PORT_KEYS, NULL};
	struct conf_value value;

	*port = conf->defaults;
	if (conf_object(object))
		return;
	conf_warn_unknown(object, known);
	ports_read_name(conf, port, object);
	read_keys(port, &conf->settings, object);
	if (conf_find(&value, object, "punt_port"))
		(void)conf_name(port->punt_port, sizeof(port->punt_port), "device name", &value);
	if (conf_find(&value, object, "send_through"))
		(void)conf_name(port->send_through, sizeof(port->send_through), "device name",
				&value);
	if (!port->gateway_auto)
		warn_unasked(object);
}

static void ports_read_list(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value list;

	if (!conf_find(&list, root, "ports") || conf_array(&list))
		return;
	if (conf_count(&list) > GLB_PORTS_MAX)
		(void)conf_refuse(&list, "has %zu ports, at most %d are possible",
				  conf_count(&list), GLB_PORTS_MAX);
	for (size_t i = 0; i < conf_count(&list) && i < GLB_PORTS_MAX; i++) {
		struct conf_value object = conf_element(&list, i);

		read_port(conf, &conf->ports[i], &object);
		conf->port_count++;
	}
}

/* Reads a number of a flow path; 0 if absent, as in the original. */
static int ports_read_number(uint32_t *out, uint32_t max, const char *key,
			     const struct conf_value *object)
{
	struct conf_value value;

	*out = 0;
	return conf_find(&value, object, key) ? conf_uint(out, 0, max, &value) : 0;
}

static void read_path(struct director_conf *conf, uint32_t at, const struct conf_value *object)
{
	static const char *const known[] = {"rx_port", "rx_queue", "tx_port", "tx_queue", NULL};
	uint32_t from, to, queue;
	int err;

	if (conf_object(object))
		return;
	conf_warn_unknown(object, known);
	err = ports_read_number(&from, GLB_PORTS_MAX - 1, "rx_port", object);
	err = ports_read_number(&to, GLB_PORTS_MAX - 1, "tx_port", object) ? -EINVAL : err;
	err = ports_read_number(&queue, UINT16_MAX, "rx_queue", object) ? -EINVAL : err;
	err = ports_read_number(&queue, UINT16_MAX, "tx_queue", object) ? -EINVAL : err;
	if (err)
		return;

	struct flow_path *path = &conf->paths[from];

	if (path->is_set && path->to != to)
		(void)conf_refuse(object,
				  "sends what port %u receives through port %u, flow_paths[%u] "
				  "through port %u",
				  from, to, path->at, path->to);
	else if (!path->is_set)
		*path = (struct flow_path){.is_set = true, .to = (uint8_t)to, .at = at};
}

static void read_paths(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value list;

	if (!conf_find(&list, root, "flow_paths") || conf_array(&list))
		return;
	conf_remark(&list, SEVERITY_WARNING,
		    "only the ports have an effect: queues are assigned automatically");
	for (size_t i = 0; i < conf_count(&list); i++) {
		struct conf_value object = conf_element(&list, i);

		read_path(conf, (uint32_t)i, &object);
	}
}

void ports_read(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value value;

	if (!conf_find(&value, root, "outbound_gateway_mac"))
		(void)conf_refuse(&value, "is missing");
	read_keys(&conf->defaults, &conf->settings, root);
	ports_read_list(conf, root);
	read_paths(conf, root);

	bool asks = conf->defaults.gateway_auto;

	for (unsigned int i = 0; i < conf->port_count; i++)
		asks |= conf->ports[i].gateway_auto;
	if (!asks)
		warn_unasked(root);
}
