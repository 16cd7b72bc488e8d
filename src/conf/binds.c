/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "conf/addr.h"
#include "conf/binds.h"
#include "conf/findings.h"

static int read_prefix(struct glb_bind *out, const struct conf_value *bind)
{
	struct conf_value value;
	int err = conf_member(&value, bind, "ip");

	return err ? err : conf_prefix(&out->addr, &out->prefix_len, &value);
}

static int binds_read_port(uint16_t *out, const struct conf_value *bind, const char *name)
{
	struct conf_value value;
	uint32_t port;
	int err = conf_member(&value, bind, name);

	if (!err)
		err = conf_uint(&port, 0, UINT16_MAX, &value);
	if (!err)
		*out = (uint16_t)port;
	return err;
}

/* If both spellings are given, the single port takes precedence, as in the original. */
static int read_single_port(struct glb_bind *out, const struct conf_value *bind)
{
	static const char *const overruled[] = {"port_start", "port_end"};
	int err = binds_read_port(&out->port_first, bind, "port");

	for (int i = 0; i < 2; i++) {
		struct conf_value value;

		if (conf_find(&value, bind, overruled[i]))
			conf_warn(&value, "is ignored, because there is a port");
	}
	out->port_last = out->port_first;
	return err;
}

static int read_ports(struct glb_bind *out, const struct conf_value *bind)
{
	struct conf_value value;

	if (conf_find(&value, bind, "port"))
		return read_single_port(out, bind);
	if (!conf_find(&value, bind, "port_start") && !conf_find(&value, bind, "port_end"))
		return conf_refuse(bind, "has neither port nor port_start and port_end");

	uint16_t ports[2] = {0};
	int first = binds_read_port(&ports[0], bind, "port_start");
	int last = binds_read_port(&ports[1], bind, "port_end");

	if (first || last)
		return -EINVAL;
	out->port_first = ports[0];
	out->port_last = ports[1];
	return 0;
}

static int read_proto(uint8_t *out, const struct conf_value *bind)
{
	static const char *const names[] = {"tcp", "udp", NULL};
	struct conf_value value;
	uint32_t proto;
	int err = conf_member(&value, bind, "proto");

	if (!err)
		err = conf_choice(&proto, names, "tcp or udp", &value);
	if (!err)
		*out = proto == 0 ? GLB_PROTO_TCP : GLB_PROTO_UDP;
	return err;
}

static void binds_read_quic(bool *out, const struct conf_value *bind)
{
	struct conf_value value;

	if (conf_find(&value, bind, "quic"))
		(void)conf_bool(out, &value);
}

static void read_bind(struct glb_bind *out, const struct conf_value *bind,
		      const struct glb_check *check)
{
	static const char *const known[] = {
		"ip", "proto", "port", "port_start", "port_end", "quic", NULL,
	};
	struct glb_bind read = {.proto = 0};

	if (conf_object(bind))
		return;
	conf_warn_unknown(bind, known);

	int prefix = read_prefix(&read, bind);
	int proto = read_proto(&read.proto, bind);
	int ports = read_ports(&read, bind);

	binds_read_quic(&read.quic, bind);
	out->quic = read.quic; /* whatever else is wrong: server IDs are checked against it */
	glb_check_bind(check, &read, (unsigned int)bind->index);
	if (!prefix && !proto && !ports && read.port_first <= read.port_last)
		*out = read;
}

int binds_read(struct glb_table_spec *out, const struct conf_value *table)
{
	struct conf_value list;

	if (conf_member(&list, table, "binds") || conf_array(&list))
		return 0;

	struct findings findings = {.table = table, .spec = out};
	const struct glb_check check = findings_check(&findings);
	size_t count = conf_count(&list);

	if (!glb_check_bind_count(&check, count))
		return 0;
	out->binds = calloc(count + 1, sizeof(*out->binds));
	if (!out->binds)
		return -ENOMEM;
	out->bind_count = (unsigned int)count;
	for (unsigned int i = 0; i < count; i++) {
		struct conf_value bind = conf_element(&list, i);

		read_bind(&out->binds[i], &bind, &check);
	}
	return 0;
}
