/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/check.h>

/* Hops behind the primary that IPv6 outer headers have room for; those of IPv4 always fit. */
enum {
	LISTED6_MAX = (GLB_OUTER_LEN_MAX - GLB_IPV6_LEN - GLB_UDP_LEN - GLB_GUE_HOPS_AT) /
		      GLB_GUE_HOP6_LEN,
};
_Static_assert(LISTED6_MAX >= GLB_HOPS_MAX - 1, "those of one row fit");

static void found(const struct glb_check *check, struct glb_finding finding)
{
	finding.table = check->table;
	check->report(check->arg, &finding);
}

/* --- Lengths --- */

void glb_check_table_count(const struct glb_check *check, size_t count)
{
	if (!count)
		found(check, (struct glb_finding){.kind = GLB_FOUND_NO_TABLES});
	if (count > GLB_TABLES_MAX)
		found(check, (struct glb_finding){.kind = GLB_FOUND_MANY_TABLES,
						  .value = (uint32_t)count,
						  .other = GLB_TABLES_MAX});
}

void glb_check_all_binds(const struct glb_check *check, uint32_t count)
{
	if (count > GLB_ALL_BINDS_MAX)
		found(check, (struct glb_finding){.kind = GLB_FOUND_ALL_BINDS,
						  .value = count,
						  .other = GLB_ALL_BINDS_MAX});
}

static bool fits_table(const struct glb_check *check, enum glb_finding_kind kind, size_t count,
		       uint32_t most)
{
	if (count > most)
		found(check,
		      (struct glb_finding){.kind = kind, .value = (uint32_t)count, .other = most});
	return count <= most;
}

bool glb_check_bind_count(const struct glb_check *check, size_t count)
{
	if (!count)
		found(check, (struct glb_finding){.kind = GLB_FOUND_NO_BINDS});
	return fits_table(check, GLB_FOUND_MANY_BINDS, count, GLB_BINDS_MAX);
}

bool glb_check_backend_count(const struct glb_check *check, size_t count)
{
	return fits_table(check, GLB_FOUND_MANY_BACKENDS, count, GLB_BACKENDS_MAX);
}

/* --- Options --- */

void glb_check_options(const struct glb_check *check, const struct glb_table_spec *table)
{
	const uint8_t max_load = table->max_load;

	if (table->hops && (table->hops < 2 || table->hops > GLB_HOPS_MAX))
		found(check, (struct glb_finding){.kind = GLB_FOUND_HOPS, .value = table->hops});
	if (max_load && (max_load < GLB_MAX_LOAD_LEAST || max_load > GLB_MAX_LOAD_MOST))
		found(check, (struct glb_finding){.kind = GLB_FOUND_MAX_LOAD, .value = max_load});
	if (max_load && table->hops < 3)
		found(check, (struct glb_finding){.kind = GLB_FOUND_MAX_LOAD_HOPS});
}

/* --- Binds --- */

static bool has_version(const struct glb_addr *addr)
{
	return addr->version == 4 || addr->version == 6;
}

void glb_check_bind(const struct glb_check *check, const struct glb_bind *bind, unsigned int index)
{
	const uint8_t bits = bind->addr.version == 4 ? 32 : 128;
	const bool known = bind->proto == GLB_PROTO_TCP || bind->proto == GLB_PROTO_UDP;

	if (!has_version(&bind->addr))
		found(check, (struct glb_finding){.kind = GLB_FOUND_BIND_FAMILY,
						  .index = index,
						  .value = bind->addr.version});
	else if (bind->prefix_len > bits)
		found(check, (struct glb_finding){.kind = GLB_FOUND_BIND_PREFIX,
						  .index = index,
						  .value = bind->prefix_len,
						  .other = bits});
	if (!known)
		found(check, (struct glb_finding){.kind = GLB_FOUND_BIND_PROTO,
						  .index = index,
						  .value = bind->proto});
	if (bind->port_first > bind->port_last)
		found(check, (struct glb_finding){.kind = GLB_FOUND_BIND_PORTS,
						  .index = index,
						  .value = bind->port_first,
						  .other = bind->port_last});
	if (bind->quic && bind->proto == GLB_PROTO_TCP)
		found(check, (struct glb_finding){.kind = GLB_FOUND_BIND_QUIC, .index = index});
}

/* --- Backends --- */

static bool is_in_use(const struct glb_backend *backend, const bool *used)
{
	return used ? *used : glb_backend_usable(backend);
}

/* A hop list is of one version. Reports the first backend in use that is not; used may be NULL. */
static void check_versions(const struct glb_check *check, const struct glb_table_spec *table,
			   const bool *used)
{
	uint8_t version = 0;

	for (unsigned int i = 0; i < table->backend_count; i++) {
		const struct glb_backend *backend = &table->backends[i];

		if (!has_version(&backend->addr) || !is_in_use(backend, used ? &used[i] : NULL))
			continue;
		if (!version)
			version = backend->addr.version;
		if (backend->addr.version == version)
			continue;
		found(check, (struct glb_finding){.kind = GLB_FOUND_MIXED,
						  .index = i,
						  .value = backend->addr.version,
						  .other = version});
		return;
	}
}

/*
 * The second place goes to another zone than the first's, so a new backend may push the one that
 * has the flows to the third: there must be one. And a backend without a zone would be in one by
 * itself. With max_load, too, the first place by load and the second by zone would leave too few
 * for the one that had the flows.
 */
static void check_zones(const struct glb_check *check, const struct glb_table_spec *table)
{
	bool zoned = glb_has_zones(table);

	for (unsigned int i = 0; zoned && i < table->backend_count; i++) {
		if (!table->backends[i].zone)
			found(check,
			      (struct glb_finding){.kind = GLB_FOUND_ZONE_MISSING, .index = i});
		else if (table->hops < 3)
			found(check, (struct glb_finding){.kind = GLB_FOUND_ZONE_HOPS, .index = i});
	}
	if (zoned && table->max_load)
		found(check, (struct glb_finding){.kind = GLB_FOUND_MAX_LOAD_ZONES});
}

static int compare_by_address(const void *left, const void *right)
{
	const struct glb_backend *const *a = left;
	const struct glb_backend *const *b = right;
	int addr = memcmp(&(*a)->addr, &(*b)->addr, sizeof((*a)->addr));

	return addr ? addr : (*a > *b) - (*a < *b);
}

/* Sorted, backends of one address stand together, the first listed first. */
static int check_addresses(const struct glb_check *check, const struct glb_table_spec *table)
{
	const struct glb_backend **sorted = calloc(table->backend_count + 1, sizeof(*sorted));
	unsigned int first = 0;
	unsigned int count = 0;

	if (!sorted)
		return -ENOMEM;
	for (unsigned int i = 0; i < table->backend_count; i++)
		if (has_version(&table->backends[i].addr))
			sorted[count++] = &table->backends[i];
		else
			found(check,
			      (struct glb_finding){.kind = GLB_FOUND_FAMILY,
						   .index = i,
						   .value = table->backends[i].addr.version});
	qsort(sorted, count, sizeof(*sorted), compare_by_address);
	for (unsigned int i = 1; i < count; i++) {
		if (!glb_addr_equal(&sorted[first]->addr, &sorted[i]->addr)) {
			first = i;
			continue;
		}
		found(check,
		      (struct glb_finding){.kind = GLB_FOUND_SAME_ADDRESS,
					   .index = (unsigned int)(sorted[i] - table->backends),
					   .value = (uint32_t)(sorted[first] - table->backends)});
	}
	free(sorted);
	return 0;
}

static int check_server_ids(const struct glb_check *check, const struct glb_table_spec *table)
{
	uint16_t *first = malloc(GLB_SERVER_IDS * sizeof(*first));

	if (!first)
		return -ENOMEM;
	memset(first, 0xff, GLB_SERVER_IDS * sizeof(*first)); /* GLB_NO_BACKEND */
	for (unsigned int i = 0; i < table->backend_count; i++) {
		const struct glb_backend *backend = &table->backends[i];

		if (!backend->has_server_id)
			continue;
		if (first[backend->server_id] == GLB_NO_BACKEND)
			first[backend->server_id] = (uint16_t)i;
		else
			found(check, (struct glb_finding){.kind = GLB_FOUND_SAME_SERVER,
							  .index = i,
							  .value = first[backend->server_id],
							  .other = backend->server_id});
	}
	free(first);
	return 0;
}

int glb_check_backends(const struct glb_check *check, const struct glb_table_spec *table)
{
	bool ids = false;

	if (!glb_usable_count(table))
		found(check, (struct glb_finding){.kind = GLB_FOUND_NONE_USABLE,
						  .value = table->backend_count});
	check_versions(check, table, NULL);
	check_zones(check, table);
	for (unsigned int i = 0; i < table->backend_count; i++)
		ids |= table->backends[i].has_server_id;

	int err = check_addresses(check, table);

	return err || !ids ? err : check_server_ids(check, table);
}

int glb_check_table(const struct glb_check *check, const struct glb_table_spec *table)
{
	bool binds = glb_check_bind_count(check, table->bind_count);
	bool backends = glb_check_backend_count(check, table->backend_count);

	glb_check_options(check, table);
	for (unsigned int i = 0; binds && i < table->bind_count; i++)
		glb_check_bind(check, &table->binds[i], i);
	return backends ? glb_check_backends(check, table) : 0;
}

/* --- What rows need --- */

/* The version of the backends in use, which has a source. */
static uint8_t check_used(const struct glb_check *check, const struct glb_table_spec *table,
			  const struct glb_underlay *underlay)
{
	const struct glb_settings *settings = underlay->settings;
	unsigned int first = 0;

	while (!underlay->used[first])
		first++;

	const uint8_t version = table->backends[first].addr.version;
	const struct glb_addr *source = version == 4 ? &settings->src_addr : &settings->src_addr6;

	if (!source->version)
		found(check, (struct glb_finding){.kind = GLB_FOUND_NO_SOURCE,
						  .index = first,
						  .value = version});
	check_versions(check, table, underlay->used);
	return version;
}

uint8_t glb_check_underlay(const struct glb_check *check, const struct glb_table_spec *table,
			   const struct glb_underlay *underlay)
{
	const uint8_t listed = glb_listed_hops(underlay->settings, underlay->row_hops);
	const uint8_t version =
		underlay->used ? check_used(check, table, underlay) : underlay->version;

	if (glb_outer_len(version, listed) > GLB_OUTER_LEN_MAX)
		found(check, (struct glb_finding){.kind = GLB_FOUND_LONG_LIST,
						  .value = listed,
						  .other = LISTED6_MAX});
	return version;
}
