/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/backends.h"

static void backends_read_addr(struct glb_backend *out, const struct conf_value *backend)
{
	struct conf_value value;

	if (!conf_member(&value, backend, "ip") && !conf_addr(&out->addr, &value) &&
	    !glb_is_host(out->addr.bytes, out->addr.version))
		conf_warn(&value, "is no single host's address");
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

/* A key of ours that is found in a table without "hops" is one that the original ignores. */
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

/* The name of a backend's zone; NULL if it has none, or none that is good. */
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

/* False when it is not known whether the backend is usable, or healthy. */
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

/* --- What holds between backends --- */

struct listed {
	const struct glb_backend *backend;
	unsigned int index;
};

static int backends_compare_listed(const void *left, const void *right)
{
	const struct listed *a = left;
	const struct listed *b = right;
	int addr = memcmp(&a->backend->addr, &b->backend->addr, sizeof(a->backend->addr));

	if (addr)
		return addr;
	return a->index < b->index ? -1 : 1;
}

/* Sorted, backends of one address stand together, the first listed first. */
static int backends_check_duplicates(const struct glb_table_spec *table,
				     const struct conf_value *list)
{
	struct listed *sorted = malloc((table->backend_count + 1) * sizeof(*sorted));
	const struct listed *first = sorted;
	char text[ADDR_TEXT_LEN];
	unsigned int count = 0;

	if (!sorted)
		return -ENOMEM;
	for (unsigned int i = 0; i < table->backend_count; i++)
		if (table->backends[i].addr.version) /* it could be read */
			sorted[count++] = (struct listed){&table->backends[i], i};
	qsort(sorted, count, sizeof(*sorted), backends_compare_listed);
	for (unsigned int i = 1; i < count; i++) {
		struct conf_value backend = conf_element(list, sorted[i].index);
		struct conf_value ip;

		if (!glb_addr_equal(&first->backend->addr, &sorted[i].backend->addr)) {
			first = &sorted[i];
			continue;
		}
		(void)conf_find(&ip, &backend, "ip");
		(void)conf_refuse(&ip, "duplicate backend %s, first listed as backends[%u]",
				  addr_text(text, &first->backend->addr), first->index);
	}
	free(sorted);
	return 0;
}

static void check_usable(const struct glb_table_spec *table, const struct conf_value *list)
{
	unsigned int usable = glb_usable_count(table);
	unsigned int healthy = 0;

	for (unsigned int i = 0; i < table->backend_count; i++)
		healthy += glb_backend_usable(&table->backends[i]) && table->backends[i].healthy;
	if (!usable)
		(void)conf_refuse(list, "not one usable (%u listed, all inactive)",
				  table->backend_count);
	if (usable == 1)
		conf_warn(list, "only one usable: it is both choices of every row");
	if (usable && !healthy)
		conf_warn(list, "not one of %u usable is healthy", usable);
}

/* A hop list is of one family. Tables that mix them can be compiled, but not served. */
static void check_families(const struct glb_table_spec *table, const struct conf_value *list)
{
	static const char reason[] =
		"an IPv%u backend in a table whose others are IPv%u: one hop list cannot have both";
	uint8_t version = 0;

	for (unsigned int i = 0; i < table->backend_count; i++) {
		const struct glb_addr *addr = &table->backends[i].addr;
		struct conf_value backend = conf_element(list, i);
		struct conf_value ip;

		if (!addr->version || !glb_backend_usable(&table->backends[i]))
			continue;
		if (!version)
			version = addr->version;
		if (addr->version == version)
			continue;
		(void)conf_find(&ip, &backend, "ip");
		if (list->file->report->serving)
			(void)conf_refuse(&ip, reason, addr->version, version);
		else
			conf_warn(&ip, reason, addr->version, version);
		return;
	}
}

/*
 * The second place goes to another zone than the first's, so a new backend may push the one that
 * has the flows to the third: there must be one. And a backend without a zone would be in one by
 * itself.
 */
static void check_zones(const struct glb_table_spec *table, const char *const zones[],
			const struct conf_value *list)
{
	bool zoned = false;

	for (unsigned int i = 0; i < table->backend_count; i++)
		zoned |= zones[i] != NULL;
	for (unsigned int i = 0; zoned && i < table->backend_count; i++) {
		struct conf_value backend = conf_element(list, i);
		struct conf_value zone;

		if (!conf_find(&zone, &backend, "zone"))
			(void)conf_refuse(&zone,
					  "is missing, but other backends of the table have one");
		else if (zones[i] && table->hops == 2)
			(void)conf_refuse(&zone, "needs \"hops\": 3 or 4 in its table");
	}
}

/* The first place by load and the second by zone would leave too few for who had the flows. */
static void check_max_load(const struct glb_table_spec *table, const char *const zones[],
			   const struct conf_value *list)
{
	struct conf_value max_load;
	bool zoned = false;

	for (unsigned int i = 0; i < table->backend_count; i++)
		zoned |= zones[i] != NULL;
	if (zoned && table->max_load && conf_find(&max_load, list->parent, "max_load"))
		(void)conf_refuse(&max_load, "cannot be had together with the zones of backends");
}

/* Refuses the second of two backends with one server ID; 0 or -ENOMEM. */
static int check_server_ids(const struct glb_table_spec *table, const struct conf_value *list)
{
	uint16_t *first = malloc(GLB_SERVER_IDS * sizeof(*first));

	if (!first)
		return -ENOMEM;
	memset(first, 0xff, GLB_SERVER_IDS * sizeof(*first)); /* GLB_NO_BACKEND */
	for (unsigned int i = 0; i < table->backend_count; i++) {
		const struct glb_backend *one = &table->backends[i];
		struct conf_value backend = conf_element(list, i);
		struct conf_value value;

		if (!one->has_server_id)
			continue;
		(void)conf_find(&value, &backend, "server_id");
		if (first[one->server_id] == GLB_NO_BACKEND)
			first[one->server_id] = (uint16_t)i;
		else
			(void)conf_refuse(&value,
					  "duplicate server_id %u, first given to backends[%u]",
					  one->server_id, first[one->server_id]);
	}
	free(first);
	return 0;
}

/* The quic binds of a table and the server IDs of its backends are of no use without each other. */
static void check_quic(const struct glb_table_spec *table, const struct conf_value *list)
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

		ids |= found; /* even if it could not be read */
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
		     const struct conf_value *list)
{
	struct conf_value hops;
	bool options = conf_find(&hops, list->parent, "hops");
	bool understood = true;

	for (unsigned int i = 0; i < table->backend_count; i++) {
		struct conf_value backend = conf_element(list, i);

		understood &= read_backend(&table->backends[i], &zones[i], &backend, options);
	}
	if (understood)
		check_usable(table, list);
	check_families(table, list);
	check_zones(table, zones, list);
	check_max_load(table, zones, list);
	check_quic(table, list);

	int err = backends_check_duplicates(table, list);

	if (!err)
		err = check_server_ids(table, list);
	return err ? err : number_zones(table, zones);
}

int backends_read(struct glb_table_spec *out, const struct conf_value *table)
{
	struct conf_value list;

	if (conf_member(&list, table, "backends") || conf_array(&list))
		return 0;

	size_t count = conf_count(&list);

	if (count > GLB_BACKENDS_MAX) {
		(void)conf_refuse(&list, "%zu backends, at most %d fit a table", count,
				  GLB_BACKENDS_MAX);
		return 0;
	}

	const char **zones = calloc(count + 1, sizeof(*zones));
	int err = -ENOMEM;

	out->backends = calloc(count + 1, sizeof(*out->backends));
	if (out->backends && zones) {
		out->backend_count = (unsigned int)count;
		err = read_list(out, zones, &list);
	}
	free(zones);
	return err;
}
