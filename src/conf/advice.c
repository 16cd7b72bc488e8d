/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/advice.h"

struct unhealthy_rows unhealthy_rows(const struct glb_table *table)
{
	const struct glb_backend *backends = table->spec.backends;
	struct unhealthy_rows count = {0, 0, 0};

	if (table->spec.hops || !table->ranked)
		return count;
	for (unsigned int r = 0; r < GLB_ROWS; r++) {
		const uint16_t *hops = table->rows[r].hops;

		if (backends[hops[0]].healthy)
			continue;
		if (!backends[hops[1]].healthy)
			count.both++;
		else if (hops[0] == table->ranking[r].hops[0])
			count.not_replaced++;
		else
			count.replaced++;
	}
	return count;
}

/* Would other places have something better to offer? */
static bool has_choice(const struct glb_table_spec *spec)
{
	unsigned int usable = 0;
	bool healthy = false;

	for (unsigned int i = 0; i < spec->backend_count; i++) {
		usable += glb_backend_usable(&spec->backends[i]);
		healthy |= glb_backend_usable(&spec->backends[i]) && spec->backends[i].healthy;
	}
	return usable > 1 && healthy;
}

static double percent(uint32_t rows)
{
	return 100.0 * rows / GLB_ROWS;
}

void advise(const struct conf_value *value, const struct glb_table *table)
{
	struct unhealthy_rows rows = unhealthy_rows(table);
	uint32_t all = rows.both + rows.not_replaced + rows.replaced;

	if (!all || !has_choice(&table->spec))
		return;
	conf_remark(
		value, SEVERITY_WARNING,
		"an unhealthy backend is first in %.2f %% of rows: in %.2f %% both choices are "
		"unhealthy, in %.2f %% a healthy second is filling or draining and stays behind, "
		"in %.2f %% it displaced a healthy draining one; \"hops\": 3 or 4 would avoid it",
		percent(all), percent(rows.both), percent(rows.not_replaced),
		percent(rows.replaced));
}
