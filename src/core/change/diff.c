/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/diff.h>

/* Two tables, with their backends numbered alike, by index in the caller's list. */
struct pair {
	const struct glb_table *old;
	const struct glb_table *new;
	struct glb_diff_backend *backends;
	uint16_t *new_place; /* by backend of the new table; for the old one it is the same as the
				index */
	unsigned int count;
	bool settled;
	bool zoned;	 /* zones affect the ranking of the old table */
	bool rebalanced; /* its rows had other primaries before some backends began to fill or drain
			  */
};

/* The index of an address, usually the one after the last that was found. */
static unsigned int place_of(const struct pair *pair, const struct glb_addr *addr,
			     unsigned int hint)
{
	unsigned int old_count = pair->old->spec.backend_count;

	for (unsigned int i = 0; i < old_count; i++) {
		unsigned int place = (hint + i) % old_count;

		if (glb_addr_equal(&pair->backends[place].addr, addr))
			return place;
	}
	return pair->count;
}

static void number_backends(struct pair *pair)
{
	const struct glb_table_spec *old = &pair->old->spec;
	const struct glb_table_spec *new = &pair->new->spec;
	unsigned int hint = 0;

	for (unsigned int b = 0; b < old->backend_count; b++)
		pair->backends[b] = (struct glb_diff_backend){.addr = old->backends[b].addr};
	pair->count = old->backend_count;
	for (unsigned int b = 0; b < new->backend_count; b++) {
		unsigned int place = place_of(pair, &new->backends[b].addr, hint);

		if (place == pair->count)
			pair->backends[pair->count++] = (struct glb_diff_backend){
				.addr = new->backends[b].addr,
			};
		else
			hint = place + 1;
		pair->new_place[b] = (uint16_t)place;
	}
}

/* The hop lists of a row, as these indexes. */
struct lists {
	uint16_t old[GLB_HOPS_MAX];
	uint16_t new[GLB_HOPS_MAX];
};

static struct lists lists_of(const struct pair *pair, uint32_t row)
{
	struct lists lists = {{0}, {0}};

	for (unsigned int hop = 0; hop < pair->old->hop_count; hop++)
		lists.old[hop] = pair->old->rows[row].hops[hop];
	for (unsigned int hop = 0; hop < pair->new->hop_count; hop++)
		lists.new[hop] = pair->new_place[pair->new->rows[row].hops[hop]];
	return lists;
}

/* Position on the new list, or GLB_HOPS_MAX. */
static unsigned int position_of(const struct pair *pair, const struct lists *lists, uint16_t place)
{
	for (unsigned int hop = 0; hop < pair->new->hop_count; hop++)
		if (lists->new[hop] == place)
			return hop;
	return GLB_HOPS_MAX;
}

/* The hops of an old row that may own flows: a bit per position in the ranking. See diff.h. */
static unsigned int owners_of(const struct pair *pair, uint32_t row)
{
	const struct glb_table *table = pair->old;
	const struct glb_row *ranking = &table->ranking[row];
	uint16_t primary = table->rows[row].hops[0];
	unsigned int owners = 0;
	unsigned int lasting = 0; /* hops so far that also served before */
	bool behind_filling = true;

	for (unsigned int hop = 0; hop < table->hop_count; hop++) {
		const struct glb_backend *backend = &table->spec.backends[ranking->hops[hop]];

		if (hop > 0 && ranking->hops[hop] == ranking->hops[0])
			break; /* a single backend, repeated */

		bool owns = ranking->hops[hop] == primary ||
			    (!pair->settled && (backend->state == GLB_DRAINING || behind_filling ||
						(pair->rebalanced && lasting < 2)));

		owners |= (unsigned int)(owns && backend->healthy) << hop;
		/* with zones, the one that had the flows may be anywhere after it */
		behind_filling = behind_filling &&
				 (backend->state == GLB_FILLING || (hop > 0 && pair->zoned));
		lasting += glb_backend_steady(backend);
	}
	return owners;
}

static void count_owner(struct glb_diff *diff, const struct pair *pair, const struct lists *lists,
			uint16_t place)
{
	unsigned int position = position_of(pair, lists, place);
	unsigned int before = 0;

	while (lists->old[before] != place)
		before++;
	diff->owned++;
	diff->kept += position <= before;
	diff->moved += position > before && position < GLB_HOPS_MAX;
	diff->lost += position == GLB_HOPS_MAX;
	pair->backends[place].lost += position == GLB_HOPS_MAX;
}

static void compare_row(struct glb_diff *diff, const struct pair *pair, uint32_t row)
{
	struct lists lists = lists_of(pair, row);
	unsigned int owners = owners_of(pair, row);

	diff->changed_rows += pair->old->hop_count != pair->new->hop_count ||
			      memcmp(lists.old, lists.new, sizeof(lists.old)) != 0;
	diff->changed_primary += lists.old[0] != lists.new[0];
	for (unsigned int hop = 0; hop < pair->old->hop_count; hop++) {
		pair->backends[lists.old[hop]].old_rows[hop]++;
		if (owners >> hop & 1)
			count_owner(diff, pair, &lists, pair->old->ranking[row].hops[hop]);
	}
	for (unsigned int hop = 0; hop < pair->new->hop_count; hop++)
		pair->backends[lists.new[hop]].new_rows[hop]++;
}

/* Have backends begun to fill or drain since the rows were balanced differently? */
static bool was_rebalanced(const struct glb_table_spec *spec)
{
	bool changing = false;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		changing |= glb_backend_changing(&spec->backends[i]);
	return spec->max_load && changing;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned int count)
{
	unsigned int bytes = count / 8;
	unsigned int mask = 0xff00u >> count % 8 & 0xff;

	return !memcmp(a, b, bytes) && (!mask || !((a[bytes] ^ b[bytes]) & mask));
}

/* Does `outer` match everything that `inner` matches? */
static bool covers(const struct glb_bind *outer, const struct glb_bind *inner)
{
	return outer->addr.version == inner->addr.version &&
	       outer->prefix_len <= inner->prefix_len && outer->proto == inner->proto &&
	       outer->port_first <= inner->port_first && outer->port_last >= inner->port_last &&
	       (outer->quic || !inner->quic) &&
	       same_bits(outer->addr.bytes, inner->addr.bytes, outer->prefix_len);
}

/* Does one bind of a table cover another bind? `hint` is where to look first. */
static bool keeps_bind(const struct glb_table_spec *table, const struct glb_bind *bind,
		       unsigned int hint)
{
	for (unsigned int i = 0; i < table->bind_count; i++)
		if (covers(&table->binds[(hint + i) % table->bind_count], bind))
			return true;
	return false;
}

/* A backend that is down, or at the end of a drain, has no connections left. */
static bool has_connections(const struct glb_backend *backend, bool settled)
{
	return backend->healthy && !(settled && backend->state == GLB_DRAINING);
}

static void report_servers(const struct glb_transition *change, glb_loss_fn *report, void *arg)
{
	const struct glb_table_spec *old = change->old;
	uint16_t now[GLB_SERVER_IDS];
	bool any = glb_uses_server_ids(old) && glb_server_ids(now, change->new);

	for (unsigned int i = 0; i < old->backend_count && glb_uses_server_ids(old); i++) {
		const struct glb_backend *backend = &old->backends[i];

		if (!glb_backend_named(backend) || !has_connections(backend, change->settled))
			continue;

		uint16_t to = any ? now[backend->server_id] : GLB_NO_BACKEND;

		if (to == GLB_NO_BACKEND ||
		    !glb_addr_equal(&change->new->backends[to].addr, &backend->addr))
			report(arg, &(struct glb_loss){GLB_LOSS_SERVER_ID, i});
	}
}

void glb_losses(const struct glb_transition *change, glb_loss_fn *report, void *arg)
{
	const struct glb_table_spec *old = change->old;

	if (memcmp(old->hash_key, change->new->hash_key, sizeof(old->hash_key)) != 0)
		report(arg, &(struct glb_loss){GLB_LOSS_HASH_KEY, 0});
	for (unsigned int i = 0; i < old->bind_count; i++)
		if (!keeps_bind(change->new, &old->binds[i], i))
			report(arg, &(struct glb_loss){GLB_LOSS_BIND, i});
	report_servers(change, report, arg);
}

static void count_loss(void *arg, const struct glb_loss *loss)
{
	struct glb_diff *diff = arg;

	diff->same_hash_key &= loss->kind != GLB_LOSS_HASH_KEY;
	diff->binds_gone += loss->kind == GLB_LOSS_BIND;
	diff->servers_lost += loss->kind == GLB_LOSS_SERVER_ID;
}

uint32_t glb_primary_rows(const struct glb_table *table, const struct glb_addr *addr)
{
	const struct glb_backend *backend = glb_backend_find(&table->spec, addr);
	uint32_t rows = 0;

	for (uint32_t row = 0; row < GLB_ROWS && backend; row++)
		rows += &table->spec.backends[table->rows[row].hops[0]] == backend;
	return rows;
}

int glb_diff(struct glb_diff *out, struct glb_diff_backend *backends, unsigned int *backend_count,
	     const struct glb_table *old, const struct glb_table *new, bool settled)
{
	struct pair pair = {
		.old = old,
		.new = new,
		.backends = backends,
		.settled = settled,
		.zoned = glb_zones_differ(&old->spec),
		.rebalanced = was_rebalanced(&old->spec),
		.new_place = calloc(new->spec.backend_count, sizeof(*pair.new_place)),
	};

	if (!pair.new_place)
		return -ENOMEM;
	*out = (struct glb_diff){.same_hash_key = true};
	glb_losses(&(struct glb_transition){&old->spec, &new->spec, settled}, count_loss, out);
	number_backends(&pair);
	for (uint32_t row = 0; row < GLB_ROWS; row++)
		compare_row(out, &pair, row);
	*backend_count = pair.count;
	free(pair.new_place);
	return 0;
}

int glb_diff_totals(struct glb_diff *out, const struct glb_table *old, const struct glb_table *new,
		    bool settled)
{
	size_t room = old->spec.backend_count + new->spec.backend_count;
	struct glb_diff_backend *backends = calloc(room, sizeof(*backends));
	unsigned int count;
	int err = backends ? glb_diff(out, backends, &count, old, new, settled) : -ENOMEM;

	free(backends);
	return err;
}
