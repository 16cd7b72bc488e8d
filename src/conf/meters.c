/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "conf/addr.h"
#include "conf/meters.h"

enum {
	BURSTS_PER_SECOND = 10, /* a bucket has the packets of 100 ms, unless it is given */
	BURST_LEAST = 64,	/* or as many as that, or those of a second */
};

static uint32_t default_burst(uint32_t packets_per_second)
{
	const uint32_t least = packets_per_second < BURST_LEAST ? packets_per_second : BURST_LEAST;
	const uint32_t burst = packets_per_second / BURSTS_PER_SECOND;

	return burst > least ? burst : least;
}

/* Reads an object of the list. Returns 0 or -EINVAL. */
static int meter_read(struct glb_meter_rule *out, const struct conf_value *meter)
{
	static const char *const known[] = {"vip", "packets_per_second", "burst", NULL};
	struct glb_meter_rule rule = {.prefix_len = 0};
	struct conf_value value;
	int err = conf_object(meter);

	if (err)
		return err;
	err = conf_refuse_unknown(meter, known);
	if (conf_member(&value, meter, "vip") || conf_prefix(&rule.vip, &rule.prefix_len, &value))
		err = -EINVAL;
	if (conf_member(&value, meter, "packets_per_second") ||
	    conf_uint(&rule.packets_per_second, 1, GLB_METER_RATE_MAX, &value))
		err = -EINVAL;
	rule.burst = default_burst(rule.packets_per_second);
	if (conf_find(&value, meter, "burst") &&
	    conf_uint(&rule.burst, 1, GLB_METER_BURST_MAX, &value))
		err = -EINVAL;
	if (err)
		return err;
	rule.vip = addr_network(&rule.vip, rule.prefix_len);
	*out = rule;
	return 0;
}

/* Returns 0; or -EINVAL if a meter before it has the same VIP. */
static int refuse_second(const struct director_conf *conf, const struct glb_meter_rule *rule,
			 const struct conf_value *meter)
{
	char text[PREFIX_TEXT_LEN];

	for (uint32_t i = 0; i < conf->meter_count; i++)
		if (glb_meter_rules_equal(&conf->meters[i].rule, rule))
			return conf_refuse(meter, "%s has a meter already, in line %u",
					   prefix_text(text, &rule->vip, rule->prefix_len),
					   conf->meters[i].line);
	return 0;
}

void meters_read(struct director_conf *conf, const struct conf_value *root)
{
	struct conf_value list;

	if (!conf_find(&list, root, "meters") || conf_array(&list))
		return;
	if (conf_count(&list) > GLB_METERS_MAX) {
		(void)conf_refuse(&list, "has %zu meters, expected at most %d", conf_count(&list),
				  GLB_METERS_MAX);
		return;
	}
	for (size_t i = 0; i < conf_count(&list); i++) {
		struct conf_value value = conf_element(&list, i);
		struct meter_conf meter = {.line = conf_line(&value)};

		if (!meter_read(&meter.rule, &value) && !refuse_second(conf, &meter.rule, &value))
			conf->meters[conf->meter_count++] = meter;
	}
}

static bool has_bind(const struct glb_tables *tables, const struct glb_meter_rule *rule)
{
	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;

		for (unsigned int i = 0; i < spec->bind_count; i++) {
			const struct glb_bind *bind = &spec->binds[i];
			const unsigned int len = bind->prefix_len < rule->prefix_len
							 ? bind->prefix_len
							 : rule->prefix_len;
			const struct glb_addr one = addr_network(&bind->addr, len);
			const struct glb_addr other = addr_network(&rule->vip, len);

			if (glb_addr_equal(&one, &other))
				return true;
		}
	}
	return false;
}

void meters_warn_unbound(const struct director_conf *conf, const struct glb_tables *tables,
			 struct report *report)
{
	for (uint32_t i = 0; i < conf->meter_count; i++) {
		const struct glb_meter_rule *rule = &conf->meters[i].rule;
		const struct problem problem = {.severity = SEVERITY_WARNING};
		char text[PREFIX_TEXT_LEN];

		if (!has_bind(tables, rule))
			report_add(report, &problem,
				   "no bind has the VIP %s, which is metered (%s:%u)",
				   prefix_text(text, &rule->vip, rule->prefix_len), conf->own.path,
				   conf->meters[i].line);
	}
}

int meters_make(struct glb_meters **out, const struct director_conf *conf,
		const struct glb_meters *before)
{
	struct glb_meter_rule rules[GLB_METERS_MAX];

	*out = NULL;
	if (!conf->meter_count)
		return 0;
	for (uint32_t i = 0; i < conf->meter_count; i++)
		rules[i] = conf->meters[i].rule;
	return glb_meters_make(out, rules, conf->meter_count, before);
}
