/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/spec.h>

static void *copy_of(const void *bytes, size_t len)
{
	void *copy = malloc(len ? len : 1);

	if (copy && len)
		memcpy(copy, bytes, len);
	return copy;
}

int glb_table_spec_copy(struct glb_table_spec *out, const struct glb_table_spec *spec)
{
	struct glb_table_spec copy = *spec;

	copy.name = spec->name ? copy_of(spec->name, strlen(spec->name) + 1) : NULL;
	copy.zones = spec->zones ? copy_of(spec->zones, spec->zones_len) : NULL;
	copy.backends = copy_of(spec->backends, spec->backend_count * sizeof(*spec->backends));
	copy.binds = copy_of(spec->binds, spec->bind_count * sizeof(*spec->binds));
	if ((spec->name && !copy.name) || (spec->zones && !copy.zones) || !copy.backends ||
	    !copy.binds) {
		glb_table_spec_clear(&copy);
		return -ENOMEM;
	}
	*out = copy;
	return 0;
}

unsigned int glb_usable_count(const struct glb_table_spec *table)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < table->backend_count; i++)
		count += glb_backend_usable(&table->backends[i]);
	return count;
}

int glb_zone_number(uint16_t *out, struct glb_table_spec *table, const char *name)
{
	size_t len = strlen(name) + 1;
	uint16_t zone = 1;
	size_t at = 0;

	for (; at < table->zones_len; at += strlen(table->zones + at) + 1, zone++)
		if (!strcmp(table->zones + at, name))
			break;
	if (at == table->zones_len) {
		char *more = realloc(table->zones, at + len);

		if (!more)
			return -ENOMEM;
		memcpy(more + at, name, len);
		table->zones = more;
		table->zones_len = at + len;
	}
	*out = zone;
	return 0;
}

int glb_zones_renumber(struct glb_table_spec *spec, struct glb_table_spec *other)
{
	int err = 0;

	for (unsigned int i = 0; i < spec->backend_count && !err; i++) {
		struct glb_backend *backend = &spec->backends[i];

		if (backend->zone)
			err = glb_zone_number(&backend->zone, other,
					      glb_zone_name(spec, backend->zone));
	}
	if (err || !other->zones)
		return err;

	char *zones = malloc(other->zones_len);

	if (!zones)
		return -ENOMEM;
	memcpy(zones, other->zones, other->zones_len);
	free(spec->zones);
	spec->zones = zones;
	spec->zones_len = other->zones_len;
	return 0;
}

static bool same_backend(const struct glb_backend *a, const struct glb_backend *b)
{
	return glb_addr_equal(&a->addr, &b->addr) && a->state == b->state &&
	       a->healthy == b->healthy && a->weight == b->weight && a->zone == b->zone &&
	       a->has_server_id == b->has_server_id && a->server_id == b->server_id;
}

bool glb_table_spec_equal(const struct glb_table_spec *a, const struct glb_table_spec *b)
{
	if (a->hops != b->hops || a->max_load != b->max_load ||
	    a->backend_count != b->backend_count || a->bind_count != b->bind_count)
		return false;
	for (unsigned int i = 0; i < a->backend_count; i++)
		if (!same_backend(&a->backends[i], &b->backends[i]))
			return false;
	for (unsigned int i = 0; i < a->bind_count; i++)
		if (!glb_bind_equal(&a->binds[i], &b->binds[i]))
			return false;
	return true;
}

bool glb_has_zones(const struct glb_table_spec *table)
{
	for (unsigned int i = 0; i < table->backend_count; i++)
		if (table->backends[i].zone)
			return true;
	return false;
}

bool glb_zones_differ(const struct glb_table_spec *table)
{
	for (unsigned int i = 1; i < table->backend_count; i++)
		if (table->backends[i].zone != table->backends[0].zone)
			return true;
	return false;
}

bool glb_uses_server_ids(const struct glb_table_spec *table)
{
	bool quic = false;
	bool ids = false;

	for (unsigned int i = 0; i < table->bind_count; i++)
		quic |= table->binds[i].quic;
	for (unsigned int i = 0; i < table->backend_count && quic; i++)
		ids |= glb_backend_named(&table->backends[i]);
	return ids;
}

bool glb_server_ids(uint16_t *out, const struct glb_table_spec *table)
{
	if (!glb_uses_server_ids(table))
		return false;
	memset(out, 0xff, GLB_SERVER_IDS * sizeof(*out)); /* GLB_NO_BACKEND */
	for (unsigned int i = 0; i < table->backend_count; i++)
		if (glb_backend_named(&table->backends[i]))
			out[table->backends[i].server_id] = (uint16_t)i;
	return true;
}
