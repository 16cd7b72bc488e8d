/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/backends.h"
#include "conf/findings.h"

static void backends_read_addr(struct glb_backend *out, const struct conf_value *backend)
{
	struct conf_value value;

	if (!conf_member(&value, backend, "ip") && !conf_addr(&out->addr, &value) &&
	    !glb_is_host(out->addr.bytes, out->addr.version))
		conf_warn(&value, "is not the address of a single host");
}

static int read_state(struct glb_backend *out, const struct conf_value *backend)
{
	const char *names[GLB_INACTIVE + 2] = {NULL};
	struct conf_value value;
	uint32_t state;

	for (uint32_t i = 0; i <= GLB_INACTIVE; i++)
		names[i] = glb_state_name((enum glb_state)i);

	int err = conf_member(&value, backend, "state");

	if (!err)
		err = conf_choice(&state, names, "filling, active, draining or inactive", &value);
	if (!err)
		out->state = (enum glb_state)state;
	return err;
}

static int read_healthy(struct glb_backend *out, const struct conf_value *backend)
{
	struct conf_value value;

	if (conf_find(&value, backend, "healthy"))
		return conf_bool(&out->healthy, &value);
	conf_warn(&value, "is missing: counts as false");
	return 0;
}

/* Finds a key of ours; without "hops" in its table it is ignored, as by the original. */
static bool find_option(struct conf_value *out, const struct conf_value *backend, const char *key,
			bool options)
{
	if (!conf_find(out, backend, key))
		return false;
	if (!options)
		conf_warn(out, "has no effect without \"hops\" in its table");
	return options;
}

static void read_weight(struct glb_backend *out, const struct conf_value *backend, bool options)
{
	struct conf_value value;
	uint32_t weight = GLB_WEIGHT_DEFAULT;

	if (find_option(&value, backend, "weight", options))
		(void)conf_uint(&weight, 1, GLB_WEIGHT_MAX, &value);
	out->weight = (uint16_t)weight;
}

static void backends_read_server_id(struct glb_backend *out, const struct conf_value *backend)
{
	struct conf_value value;
	uint32_t server_id;

	if (!conf_find(&value, backend, "server_id") ||
	    conf_uint(&server_id, 0, GLB_SERVER_IDS - 1, &value))
		return;
	out->has_server_id = true;
	out->server_id = (uint16_t)server_id;
}

/* The zone name of a backend; NULL if absent or invalid. */
static const char *read_zone(const struct conf_value *backend, bool options)
{
	struct conf_value value;
	const char *name = NULL;

	if (!find_option(&value, backend, "zone", options) || conf_string(&name, &value))
		return NULL;
	if (*name)
		return name;
	(void)conf_refuse(&value, "is empty");
	return NULL;
}

/* False if the backend's state or health could not be read. */
static bool read_backend(struct glb_backend *out, const char **zone,
			 const struct conf_value *backend, bool options)
{
	static const char *const known[] = {
		"ip", "state", "healthy", "weight", "zone", "server_id", "healthchecks", NULL,
	};

	if (conf_object(backend))
		return false;
	conf_warn_unknown(backend, known);
	backends_read_addr(out, backend);

	int state = read_state(out, backend);
	int healthy = read_healthy(out, backend);

	read_weight(out, backend, options);
	backends_read_server_id(out, backend);
	*zone = read_zone(backend, options);
	return !state && !healthy;
}

/* --- Rules across backends --- */

static void warn_of_few(const struct glb_table_spec *table, const struct conf_value *list)
{
	unsigned int usable = glb_usable_count(table);
	unsigned int healthy = 0;

	for (unsigned int i = 0; i < table->backend_count; i++)
		healthy += glb_backend_usable(&table->backends[i]) && table->backends[i].healthy;
	if (usable == 1)
		conf_warn(list, "only one is usable: it is the only choice in every row");
	if (usable && !healthy)
		conf_warn(list, "none of the %u usable ones is healthy", usable);
}

/* The quic binds of a table and the server IDs of its backends are of no use without each other. */
static void warn_of_quic(const struct glb_table_spec *table, const struct conf_value *list)
{
	struct conf_value binds;
	struct conf_value value;
	bool quic = false;
	bool ids = false;

	for (unsigned int i = 0; i < table->bind_count; i++)
		quic |= table->binds[i].quic;
	for (unsigned int i = 0; i < table->backend_count; i++) {
		struct conf_value backend = conf_element(list, i);
		bool found = conf_find(&value, &backend, "server_id");

		ids |= found; /* even if invalid */
		if (found && !quic)
			conf_warn(&value,
				  "has no effect without a bind with \"quic\" in its table");
	}
	for (unsigned int i = 0; i < table->bind_count && !ids; i++) {
		(void)conf_find(&binds, list->parent, "binds");

		struct conf_value bind = conf_element(&binds, i);

		if (table->binds[i].quic && conf_find(&value, &bind, "quic"))
			conf_warn(&value, "has no effect: no backend of the table has a server_id");
	}
}

static int number_zones(struct glb_table_spec *table, const char *const zones[])
{
	int err = 0;

	for (unsigned int i = 0; i < table->backend_count && !err; i++)
		if (zones[i])
			err = glb_zone_number(&table->backends[i].zone, table, zones[i]);
	return err;
}

static int read_list(struct glb_table_spec *table, const char **zones,
		     const struct conf_value *list, const struct glb_check *check)
{
	struct conf_value hops;
	bool options = conf_find(&hops, list->parent, "hops");
	bool understood = true;

	for (unsigned int i = 0; i < table->backend_count; i++) {
		struct conf_value backend = conf_element(list, i);

		understood &= read_backend(&table->backends[i], &zones[i], &backend, options);
	}
	int err = number_zones(table, zones);

	if (err)
		return err;
	if (understood)
		warn_of_few(table, list);
	warn_of_quic(table, list);
	return glb_check_backends(check, table);
}

int backends_read(struct glb_table_spec *out, const struct conf_value *table)
{
	struct conf_value list;

	if (conf_member(&list, table, "backends") || conf_array(&list))
		return 0;

	struct findings findings = {.table = table, .spec = out};
	const struct glb_check check = findings_check(&findings);
	size_t count = conf_count(&list);

	if (!glb_check_backend_count(&check, count))
		return 0;

	const char **zones = calloc(count + 1, sizeof(*zones));
	int err = -ENOMEM;

	out->backends = calloc(count + 1, sizeof(*out->backends));
	if (out->backends && zones) {
		out->backend_count = (unsigned int)count;
		err = read_list(out, zones, &list, &check);
	}
	free(zones);
	return err;
}
