/* SPDX-License-Identifier: BSD-3-Clause */
#include <glb/digest.h>

#include "conf/addr.h"
#include "conf/title.h"
#include "director/metrics/parts.h"

void metric_table_info(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;
	const struct glb_tables *tables =
		&publish_in_force(&metrics->control->workers.publish)->tables;

	for (unsigned int t = 0; t < tables->count; t++) {
		char name[16];
		char digest[GLB_DIGEST_TEXT_LEN];

		openmetrics_count(&exposition->text,
				  LABELS({"table", table_name(name, tables->tables[t], t)},
					 {"digest", glb_digest(digest, tables->tables[t])}),
				  1);
	}
}

void metric_table_backends(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;
	const struct glb_tables *tables =
		&publish_in_force(&metrics->control->workers.publish)->tables;

	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;
		unsigned int counts[GLB_STATE_COUNT][2] = {{0}};
		char name[16];

		for (unsigned int b = 0; b < spec->backend_count; b++)
			counts[spec->backends[b].state][spec->backends[b].healthy]++;
		for (unsigned int i = 0; i < 2 * GLB_STATE_COUNT; i++)
			openmetrics_count(&exposition->text,
					  LABELS({"table", table_name(name, tables->tables[t], t)},
						 {"state", glb_state_name(i / 2)},
						 {"healthy", i % 2 ? "true" : "false"}),
					  counts[i / 2][i % 2]);
	}
}

static const struct glb_deny *deny_in_force(const struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	return publish_in_force(&metrics->control->workers.publish)->settings.deny;
}

void metric_deny_info(struct exposition *exposition)
{
	const struct glb_deny *deny = deny_in_force(exposition);

	if (deny)
		openmetrics_count(&exposition->text, LABELS({"digest", deny->digest}), 1);
}

void metric_deny_prefixes(struct exposition *exposition)
{
	const struct glb_deny *deny = deny_in_force(exposition);

	openmetrics_count(&exposition->text, NULL, deny ? deny->prefix_count : 0);
}

static const struct glb_meters *meters_in_force(const struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	return publish_in_force(&metrics->control->workers.publish)->settings.meters;
}

void metric_meter_packets(struct exposition *exposition)
{
	const struct glb_meters *meters = meters_in_force(exposition);

	for (uint32_t i = 0; meters && i < meters->count; i++) {
		const struct glb_meter *meter = &meters->meters[i];
		char text[PREFIX_TEXT_LEN];
		const char *vip = prefix_text(text, &meter->rule.vip, meter->rule.prefix_len);

		openmetrics_count(&exposition->text, LABELS({"vip", vip}, {"result", "passed"}),
				  glb_meter_passed(meter));
		openmetrics_count(&exposition->text, LABELS({"vip", vip}, {"result", "dropped"}),
				  glb_meter_dropped(meter));
	}
}

void metric_meter_limits(struct exposition *exposition)
{
	const struct glb_meters *meters = meters_in_force(exposition);

	for (uint32_t i = 0; meters && i < meters->count; i++) {
		const struct glb_meter_rule *rule = &meters->meters[i].rule;
		char text[PREFIX_TEXT_LEN];

		openmetrics_count(&exposition->text,
				  LABELS({"vip", prefix_text(text, &rule->vip, rule->prefix_len)}),
				  rule->packets_per_second);
	}
}

void metric_unlisted(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	if (metrics->sums)
		openmetrics_count(&exposition->text, NULL, metrics->sums->unlisted.packets);
}

/* --- Tables and backends, in slices --- */

static bool put_items(struct exposition *exposition, bool backends, bool bytes)
{
	const struct metrics *metrics = exposition->source;
	struct backend_stats_item item;

	for (unsigned int n = 0; metrics->sums && n < EXPOSITION_SLICE; n++) {
		char addr[ADDR_TEXT_LEN];

		if (!backend_stats_next(&item, metrics->sums, &exposition->at))
			return false;
		if (!item.backend == backends)
			continue;
		openmetrics_count(&exposition->text,
				  LABELS({"table", item.table},
					 {item.backend ? "backend" : NULL,
					  item.backend ? addr_text(addr, item.backend) : NULL}),
				  bytes ? item.count.bytes : item.count.packets);
	}
	return metrics->sums;
}

bool metric_table_packets(struct exposition *exposition)
{
	return put_items(exposition, false, false);
}

bool metric_table_bytes(struct exposition *exposition)
{
	return put_items(exposition, false, true);
}

bool metric_backend_packets(struct exposition *exposition)
{
	return put_items(exposition, true, false);
}

bool metric_backend_bytes(struct exposition *exposition)
{
	return put_items(exposition, true, true);
}

bool metric_healthy(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;
	const struct glb_tables *tables =
		&publish_in_force(&metrics->control->workers.publish)->tables;
	unsigned int n = 0;

	for (; exposition->at < tables->count; exposition->at++, exposition->within = 0) {
		const struct glb_table *table = tables->tables[exposition->at];
		char name[16];

		for (; exposition->within < table->spec.backend_count; exposition->within++) {
			const struct glb_backend *backend =
				&table->spec.backends[exposition->within];
			char addr[ADDR_TEXT_LEN];

			if (n++ == EXPOSITION_SLICE)
				return true;
			openmetrics_count(&exposition->text,
					  LABELS({"table", table_name(name, table, exposition->at)},
						 {"backend", addr_text(addr, &backend->addr)},
						 {"state", glb_state_name(backend->state)}),
					  backend->healthy);
		}
	}
	return false;
}
