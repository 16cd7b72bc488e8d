/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "healthcheck/state_parts.h"

/* --- Order --- */

static int order_of_addrs(const struct glb_addr *a, const struct glb_addr *b)
{
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int kept_backend_order(const void *left, const void *right)
{
	const struct kept_backend *a = left;
	const struct kept_backend *b = right;

	return order_of_addrs(&a->addr, &b->addr);
}

static int order_of_names(const void *left, const void *right)
{
	const struct kept_table *a = left;
	const struct kept_table *b = right;

	return strcmp(a->name, b->name);
}

int kept_table_order(const void *left, const void *right)
{
	const struct kept_table *a = left;
	const struct kept_table *b = right;
	int order = order_of_names(a, b);

	return order ? order : (a->place > b->place) - (a->place < b->place);
}

int kept_check_order(const void *left, const void *right)
{
	const struct kept_check *a = left;
	const struct kept_check *b = right;

	return strcmp(a->name, b->name);
}

/* --- Applying --- */

/* The table of a name, or NULL. Of several, the one at the same index, or any. */
static const struct kept_table *kept_find_table(const struct kept *kept, const char *name,
						uint32_t place)
{
	const struct kept_table key = {.name = name, .place = place};
	const struct kept_table *same =
		bsearch(&key, kept->tables, kept->table_count, sizeof(key), kept_table_order);

	if (same || !*name)
		return same;
	return bsearch(&key, kept->tables, kept->table_count, sizeof(key), order_of_names);
}

static void use_table(const struct kept *kept, const struct state_view *view, uint32_t place)
{
	const struct health_table *table = &view->plan->tables[place];
	const struct kept_table *found = kept_find_table(kept, table->name, place);

	if (!found)
		return;
	for (uint32_t i = table->first_backend; i < table->first_backend + table->backend_count;
	     i++) {
		const struct kept_backend key = {.addr = view->plan->backends[i].addr};
		const struct kept_backend *backend =
			bsearch(&key, found->backends, found->backend_count, sizeof(key),
				kept_backend_order);

		if (backend)
			view->backends[i] = backend->judged;
	}
}

void kept_use(const struct kept *kept, const struct state_view *view)
{
	for (uint32_t i = 0; i < view->plan->table_count; i++)
		use_table(kept, view, i);
	for (uint32_t i = 0; i < view->plan->check_count; i++) {
		const struct kept_check key = {.name = view->plan->checks[i].name};
		const struct kept_check *found = bsearch(&key, kept->checks, kept->check_count,
							 sizeof(key), kept_check_order);

		if (!found)
			continue;

		struct state_check check = view->check(view->arg, i);

		*check.judged = found->judged;
		*check.is_degraded = found->is_degraded;
	}
}

void kept_release(struct kept *kept)
{
	for (uint32_t i = 0; i < kept->table_count; i++)
		free(kept->tables[i].backends);
	free(kept->tables);
	free(kept->checks);
}
